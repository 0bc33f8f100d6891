//! mini-make on its project, with the real gcc behind a script that writes down each call.

#![cfg(unix)]

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// A folder with a cache, a gcc that is counted, and any number of checkouts.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(bench.path("tools")).unwrap();
        bench.put_before("gcc", "counted");
        bench.put_before("ar", "counted");
        bench
    }

    /// Puts one of the scripts beside this file before a tool on PATH.
    fn put_before(&self, tool: &str, script: &str) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools").join(script);
        let link = self.path("tools").join(tool);
        fs::remove_file(&link).ok();
        symlink(script, link).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn checkout(&self, name: &str) -> Checkout<'_> {
        let dir = self.path(name);
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("project"), &dir);
        Checkout { bench: self, dir }
    }
}

/// The project without what a build left in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let to = to.join(item.file_name());
        match item.path() {
            path if item.file_name() == "build" => assert!(path.is_dir()),
            path if path.is_dir() => copy(&path, &to),
            path => drop(fs::copy(path, to).unwrap()),
        }
    }
}

struct Checkout<'a> {
    bench: &'a Bench,
    dir: PathBuf,
}

impl Checkout<'_> {
    fn mini_make(&self) -> Output {
        let rest = std::env::var("PATH").unwrap();
        Command::new(env!("CARGO_BIN_EXE_mini-make"))
            .arg(&self.dir)
            .arg(self.bench.path("cache"))
            .env("PATH", format!("{}:{rest}", self.bench.path("tools").display()))
            .output()
            .unwrap()
    }

    /// Builds; returns the lines that say how, and how often a tool was started.
    fn build(&self) -> (Vec<String>, usize) {
        let calls = self.bench.path("calls");
        fs::write(&calls, "").unwrap();
        let built = self.mini_make();
        let said = String::from_utf8(built.stdout).unwrap();
        let complaints = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success() && complaints.is_empty(), "{said}{complaints}");
        let mut lines: Vec<_> = said.lines().map(str::to_owned).collect();
        lines.sort();
        (lines, fs::read_to_string(calls).unwrap().lines().count())
    }

    /// Builds, and expects of every step what is said here of some and `otherwise` of the rest.
    #[track_caller]
    fn builds(&self, otherwise: &str, done: &[(&str, &str)]) {
        let (lines, calls) = self.build();
        let mut expected = OUTPUTS.map(|output| {
            let how = done.iter().find(|(name, _)| name == &output).map_or(otherwise, |it| it.1);
            format!("{how:<10} build/{output}")
        });
        expected.sort();
        assert_eq!(lines, expected);
        let run = |line: &&String| !line.starts_with("up to") && !line.starts_with("from");
        assert_eq!(calls, lines.iter().filter(run).count(), "tools started");
    }

    /// What the program says of a text.
    fn tally(&self) -> String {
        let text = self.bench.path("text");
        fs::write(&text, "the cat saw the dog, and the dog saw it; a cat ran").unwrap();
        let ran = Command::new(self.dir.join("build/bin/tally")).arg(text).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.dir.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }
}

const OUTPUTS: [&str; 6] =
    ["bin/tally.o", "lib/report.o", "lib/table.o", "lib/words.o", "library.a", "bin/tally"];

/// Every step done.
const ALL: [(&str, &str); 6] = [
    ("bin/tally.o", "compiled"),
    ("lib/report.o", "compiled"),
    ("lib/table.o", "compiled"),
    ("lib/words.o", "compiled"),
    ("library.a", "archived"),
    ("bin/tally", "linked"),
];

#[test]
fn it_builds_and_the_program_runs() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.builds("", &ALL);
    assert_eq!(checkout.tally(), "     3 the\n     2 cat\n     2 dog\n     2 saw\n     1 a\n");
}

#[test]
fn nothing_changed_and_no_tool_is_started() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.build();
    checkout.builds("up to date", &[]);
}

#[test]
fn a_touched_file_is_not_compiled_again() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.build();
    let later = SystemTime::now() + Duration::from_secs(60);
    for file in ["include/table.h", "lib/table.c"] {
        let file = File::options().write(true).open(checkout.dir.join(file)).unwrap();
        file.set_modified(later).unwrap();
    }
    checkout.builds("up to date", &[]);
}

#[test]
fn a_changed_header_compiles_what_includes_it_and_nothing_else() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.build();
    checkout.edit("include/words.h", "#define WORD_MAX 63", "#define WORD_MAX 2");
    let done = [ALL[0], ALL[3], ALL[4], ALL[5]];
    // The program does not use the number, so its object is the same; it was compiled to see that.
    checkout.builds("up to date", &done);
    assert_eq!(checkout.tally(), "     3 th\n     2 ca\n     2 do\n     2 sa\n     1 a\n");
}

#[test]
fn a_changed_comment_links_nothing() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.build();
    checkout.edit("lib/words.c", "#include", "/* Taking a text apart. */\n#include");
    checkout.builds("up to date", &[("lib/words.o", "compiled")]);
}

#[test]
fn what_is_changed_back_comes_from_the_cache() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.build();
    checkout.edit("include/report.h", "LINES 5", "LINES 3");
    checkout.build();
    checkout.edit("include/report.h", "LINES 3", "LINES 5");
    checkout.builds("up to date", &[("bin/tally.o", "from cache"), ("bin/tally", "from cache")]);
    assert_eq!(checkout.tally().lines().count(), 5);
}

#[test]
fn a_removed_build_folder_comes_back_from_the_cache() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.build();
    let said = checkout.tally();
    fs::remove_dir_all(checkout.dir.join("build")).unwrap();
    checkout.builds("from cache", &[]);
    assert_eq!(checkout.tally(), said);
    checkout.builds("up to date", &[]);
}

#[test]
fn two_checkouts_at_different_paths_share() {
    let bench = Bench::new();
    bench.checkout("here").build();
    let other = bench.checkout("some/where/else");
    other.builds("from cache", &[]);
    assert_eq!(other.tally().lines().count(), 5);
}

#[test]
fn a_new_header_that_comes_first_is_seen() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.build();
    // The compiler looks beside the source before it looks where it is told to.
    let shadow = checkout.dir.join("bin/report.h");
    fs::copy(checkout.dir.join("include/report.h"), &shadow).unwrap();
    checkout.edit("bin/report.h", "LINES 5", "LINES 1");
    // `lib/report.c` includes a header of that name too, and finds the same one as before.
    let done = [ALL[0], ALL[1], ALL[5]];
    checkout.builds("up to date", &done);
    assert_eq!(checkout.tally(), "     3 the\n");
    fs::remove_file(shadow).unwrap();
    // Of the lists of what a source includes only the last is kept, and that named the new header.
    let done = [("bin/tally.o", "compiled"), ("bin/tally", "from cache")];
    checkout.builds("up to date", &done);
    assert_eq!(checkout.tally().lines().count(), 5);
}

#[test]
fn a_new_header_of_another_name_compiles_nothing() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.build();
    fs::write(checkout.dir.join("include/unused.h"), "").unwrap();
    checkout.builds("up to date", &[]);
}

#[test]
fn a_damaged_output_is_put_right() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.build();
    fs::write(checkout.dir.join("build/lib/words.o"), "half of it").unwrap();
    checkout.builds("up to date", &[("lib/words.o", "from cache")]);
}

#[test]
fn what_is_done_to_an_output_does_not_reach_the_cache() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.build();
    fs::remove_dir_all(checkout.dir.join("build")).unwrap();
    checkout.build();
    fs::write(checkout.dir.join("build/bin/tally.o"), "overwritten in place").unwrap();
    bench.checkout("there").builds("from cache", &[]);
}

#[test]
fn warnings_come_back_with_what_they_are_about() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.edit("lib/words.c", "size_t length = 0;", "size_t length = 0;\n    int unused;");
    let warned = |built: Output| {
        assert!(built.status.success(), "{built:?}");
        String::from_utf8(built.stderr).unwrap()
    };
    let first = warned(checkout.mini_make());
    assert!(first.contains("unused variable"), "{first}");
    fs::remove_dir_all(checkout.dir.join("build")).unwrap();
    assert_eq!(warned(checkout.mini_make()), first);
}

#[test]
fn an_error_in_a_source_is_said_and_is_not_stored() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    checkout.edit("lib/words.c", "#include \"words.h\"", "#include \"wrods.h\"");
    for _ in 0..2 {
        let built = checkout.mini_make();
        let said = String::from_utf8(built.stderr).unwrap();
        assert!(!built.status.success());
        assert!(said.contains("wrods.h: No such file"), "{said}");
        assert!(said.contains("build/lib/words.o: gcc failed"), "{said}");
    }
    checkout.edit("lib/words.c", "wrods.h", "words.h");
    checkout.build();
    checkout.tally();
}

#[test]
fn a_source_that_changes_while_it_is_compiled_is_not_stored() {
    let bench = Bench::new();
    let checkout = bench.checkout("here");
    bench.put_before("gcc", "edited");
    let built = checkout.mini_make();
    let said = String::from_utf8(built.stderr).unwrap();
    assert!(!built.status.success());
    assert!(said.contains("include/table.h changed while it was read; build again"), "{said}");
    bench.put_before("gcc", "counted");
    checkout.build();
    checkout.tally();
}
