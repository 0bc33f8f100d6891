//! What the environment tells the go command about its cache.

use std::path::Path;

use cache_default::{Directory, Env, Flags, Names, Origin, Settings};

use super::check::Check;

const ADVICE: &str = "GOCACHEPROG=\"larder serve\"";

/// Looks at what the go command is told; `None`: nothing, so it goes by itself. `dir` is the
/// directory in question.
pub(super) fn go(dir: Option<&Path>, env: Env<'_>) -> Option<Check> {
    let check = Check::of("go");
    let told = match Settings::resolve(&Names::GO, Flags::default(), env) {
        Ok(told) => told,
        Err(error) => return Some(check.warning(error.to_string(), "correct it, or unset it")),
    };
    let prog = told.prog.value.as_deref();
    if prog.is_none() && told.dir.origin == Origin::Default {
        return None;
    }
    let words: Vec<_> = prog.unwrap_or_default().split_whitespace().map(unquoted).collect();
    let program = words.first().map(|program| Path::new(program).file_stem());
    let is_larder = program.flatten().is_some_and(|name| name == "larder");
    let check = match prog {
        None => check.fine("GOCACHEPROG is not set, and go uses its directory by itself"),
        Some(prog) if !is_larder => check.fine(format!("GOCACHEPROG is {prog:?}, not larder")),
        Some(prog) if !words.contains(&"serve") => check.wrong(
            format!("GOCACHEPROG is {prog:?}, which does not serve go"),
            format!("set {ADVICE}"),
        ),
        Some(prog) => check.fine(format!("GOCACHEPROG is {prog:?}")),
    };
    let (Directory::At(go), Some(dir)) = (&told.dir.value, dir) else { return Some(check) };
    let shown = format!("{} ({})", go.display(), go_origin(&told.dir.origin));
    Some(match (go == dir, is_larder) {
        (true, _) => check.fine("its directory is this one"),
        (false, true) => check.warning(
            format!("its directory is {shown}, not this one"),
            "larder --dir \"$(go env GOCACHE)\" doctor looks at that one",
        ),
        (false, false) => check.fine(format!("its directory is {shown}")),
    })
}

/// A word of a command without its quotes.
fn unquoted(word: &str) -> &str {
    word.trim_matches(['\'', '"'])
}

fn go_origin(origin: &Origin) -> String {
    match origin {
        Origin::Default => "go's default".to_owned(),
        origin => origin.to_string(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::check::State;
    use super::*;

    fn told(prog: &str, cache: &str, dir: &str) -> Option<Check> {
        let env = |name: &str| match name {
            "GOCACHEPROG" => Some(prog.into()),
            "GOCACHE" => Some(cache.into()),
            "HOME" => Some("/home/user".into()),
            _ => None,
        };
        go(Some(Path::new(dir)), &env)
    }

    #[test]
    fn where_nothing_is_told_to_go_there_is_nothing_to_look_at() {
        assert_eq!(told("", "", "/cache"), None);
    }

    #[test]
    fn a_helper_of_larders_and_its_directory_are_held_against_this_one() {
        let state = |prog, cache, dir| told(prog, cache, dir).map(|check| check.state);
        assert_eq!(state("larder serve", "/cache", "/cache"), Some(State::Fine));
        assert_eq!(state("'/opt/bin/larder' -v serve", "/cache", "/cache"), Some(State::Fine));
        assert_eq!(state("larder serve", "/go", "/cache"), Some(State::Warning));
        assert_eq!(state("larder serve", "", "/cache"), Some(State::Warning));
        assert_eq!(state("larder", "/cache", "/cache"), Some(State::Wrong));
        assert_eq!(state("another-helper", "/go", "/cache"), Some(State::Fine));
        assert_eq!(state("", "/go", "/cache"), Some(State::Fine));
        assert_eq!(state("larder serve", "relative", "/cache"), Some(State::Warning));
    }
}
