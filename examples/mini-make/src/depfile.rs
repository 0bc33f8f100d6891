//! The dependency files that compilers and linkers write, in the language of make.

/// The files that the first rule of `text` names: `target: file file \`, with a backslash before
/// each space in a name, and two dollars for one.
pub fn parse(text: &str) -> Vec<String> {
    let rule = text.replace("\\\n", " ");
    let files = rule.lines().next().and_then(|line| line.split_once(": ")).map_or("", |it| it.1);
    let mut read: Vec<String> = files
        .replace("\\ ", "\0")
        .split_ascii_whitespace()
        .map(|file| file.replace('\0', " ").replace("\\#", "#").replace("$$", "$"))
        .collect();
    // The linker names a library as often as it looks into it.
    read.sort();
    read.dedup();
    read
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_file_of_the_first_rule_is_found_once() {
        let text = "build/a.o: lib/a.c \\\n  include/my\\ a.h \\\n lib/a.c c$$\n\nlib/a.c:\n";
        assert_eq!(parse(text), ["c$", "include/my a.h", "lib/a.c"]);
    }

    #[test]
    fn a_rule_without_files_has_none() {
        assert_eq!(parse("build/a.o: \n"), [""; 0]);
        assert_eq!(parse(""), [""; 0]);
    }
}
