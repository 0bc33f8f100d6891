//! `larder doctor` finds what is really wrong, says what to do, and leaves nothing behind.

#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod contents;
mod directory;
mod examined;
mod helper;
mod store;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use examined::Examined;
use support::{Larder, names};

/// In the order in which they are told. The last two are left out where there is nothing to say.
const CHECKS: [&str; 12] = [
    "directory",
    "permissions",
    "file system",
    "free space",
    "clock",
    "contents",
    "leftovers",
    "locks",
    "last trim",
    "uploads",
    "helper",
    "store",
];

/// A cache with something in it.
fn cache() -> Larder {
    let larder = Larder::new();
    larder.put("a", "bytes");
    larder
}

/// Everything in a folder, with when it was last changed.
fn everything(folder: &Path) -> Vec<(PathBuf, Option<SystemTime>)> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).expect("a folder") {
        let path = item.expect("an item").path();
        let metadata = fs::symlink_metadata(&path).expect("an item");
        match metadata.is_dir() {
            true => {
                found.push((path.clone(), None));
                found.extend(everything(&path));
            }
            false => found.push((path, metadata.modified().ok())),
        }
    }
    found.sort();
    found
}

#[test]
fn nothing_is_wrong_with_a_fresh_cache() {
    let larder = cache();
    let examined = Examined::of(larder.command().arg("doctor"));
    assert_eq!(examined.names(), CHECKS);
    assert_eq!(examined.code, Some(0), "{examined:?}");
    // What the disk and its free space are like is this machine's affair.
    for name in CHECKS.iter().filter(|name| !["file system", "free space"].contains(name)) {
        examined.fine(name, [""]);
    }
    examined.fine("directory", [larder.dir().to_str().expect("UTF-8"), "--dir"]);
    examined.fine("contents", ["1 entry and 1 output"]);
    examined.fine("last trim", [" ago, at "]);
}

#[test]
fn a_look_leaves_everything_as_it_was() {
    let larder = cache();
    let before = everything(&larder.dir());
    let examined = Examined::of(larder.command().arg("doctor"));
    assert_eq!(examined.code, Some(0), "{examined:?}");
    assert_eq!(everything(&larder.dir()), before);
}

#[test]
fn the_lines_say_what_the_json_says() {
    let larder = cache();
    fs::write(larder.dir().join("trim.txt"), "soon").expect("a stamp");
    let ran = larder.run(["doctor"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let text = ran.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), CHECKS.len(), "{text}");
    for (line, name) in lines.iter().zip(CHECKS) {
        assert_eq!(&line[9..9 + name.len()], name, "{line}");
        assert!(["fine   ", "warning", "wrong  "].contains(&&line[..7]), "{line}");
    }
    let examined = Examined::of(larder.command().arg("doctor"));
    let (text, advice) = examined.warning("last trim", ["trim.txt"]);
    assert!(lines.contains(&&*format!("warning  last trim    {text}: {advice}")), "{text}");
}

#[test]
fn the_help_documents_every_check_and_every_name() {
    let larder = cache();
    let help = larder.run(["doctor", "--help"]).ok();
    let mut doctor = larder.command();
    doctor.env("LARDER_REMOTE", "nonsense://").env("GOCACHEPROG", "larder serve").arg("doctor");
    let examined = Examined::of(&mut doctor);
    for name in examined.names() {
        assert!(help.contains(&format!("\n  {name} ")), "{name}: {help}");
    }
    assert_eq!(names(&examined.answer), ["checks"]);
    for check in examined.answer["checks"].as_array().expect("an array") {
        assert_eq!(names(check), ["advice", "name", "state", "text"]);
        for name in names(check) {
            assert!(help.contains(name), "{name}: {help}");
        }
    }
}

#[test]
fn what_a_name_may_hold_breaks_no_line() {
    let larder = Larder::new();
    let mut doctor = support::bare(env!("CARGO_BIN_EXE_larder"));
    doctor.arg("--dir").arg(larder.path("two\nlines\x1b[31m")).arg("doctor");
    let ran = support::Ran::of(&mut doctor);
    let text = ran.text();
    assert!(
        text.starts_with("fine     directory ") && text.contains("two\\nlines\\u{1b}"),
        "{text}"
    );
}
