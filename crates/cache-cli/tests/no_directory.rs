//! Where there is no cache directory: not yet, nowhere, or turned off.

mod support;

use serde_json::json;
use support::Ran;
use support::user::{ACTION, User};

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn a_default_directory_that_is_not_there_yet_is_an_empty_cache() {
    let user = User::new("");
    let dir = user.larder.path(".cache/larder");
    let note = format!("larder: there is no cache yet at {}\n", dir.display());
    for (args, answer) in [
        (&["ls"][..], ""),
        (&["ls", "--json"], ""),
        (&["verify"], "0 entries and 0 outputs checked, 0 B: 0 bad\n"),
        (&["trim"], "removed 0 entries and 0 outputs, 0 B on disk\n"),
        (&["trim", "--dry-run"], "would remove 0 entries and 0 outputs, 0 B on disk\n"),
        (&["clean"], "removed 0 entries and 0 outputs, 0 B on disk\n"),
    ] {
        let ran = user.run(args);
        let found = (ran.code, ran.text(), ran.stderr);
        assert_eq!(found, (Some(0), answer.to_owned(), note.clone()), "{args:?}");
    }
    for command in ["stats", "verify", "trim", "clean"] {
        let numbers = user.run(&[command, "-q", "--json"]).json();
        assert!(numbers.is_object(), "{numbers}");
    }
    let stats = user.run(&["stats", "-q", "--json"]).json();
    assert_eq!((&stats["dir"], &stats["entries"]), (&json!(dir), &json!(0)));
    user.run(&["get", ACTION])
        .says(1, ["miss", ACTION, "there is no cache yet", dir.to_str().expect("UTF-8")]);
    assert!(!dir.exists());
}

#[test]
fn a_directory_that_somebody_named_and_that_is_not_there_is_a_mistake() {
    let user = User::at_home("");
    let dir = user.dir().display().to_string();
    let says = ["there is no cache yet at", &dir, "larder run and larder put", "--dir"];
    user.run(&["ls"]).says(3, says);
    user.run_with(&[("LARDER_DIR", &dir)], &["get", ACTION]).says(3, says);
    user.run(&["--dir", &dir, "stats"]).says(3, says);
}

#[test]
fn off_is_no_directory_for_the_flag() {
    let user = User::new("");
    user.run(&["--dir", "off", "ls"]).says(2, ["./off", "LARDER_DIR=off"]);
    user.run(&["--dir", "off", "run", "--", "true"]).says(125, ["./off", "LARDER_DIR=off"]);
    assert!(!user.larder.path("off").exists());
    user.run(&["--dir", "./off", "run", "--", "true"]);
    assert!(user.larder.path("off").exists());
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn why_there_is_no_place_for_the_cache_or_the_settings() {
    let user = User::new("");
    let relative = "is \"rel\", which is not an absolute path";
    for (variable, says) in [
        ("LARDER_DIR", "make it one, or name a directory with --dir"),
        ("XDG_CACHE_HOME", "set LARDER_DIR, or name a directory with --dir"),
        ("XDG_CONFIG_HOME", "the settings file larder/config.toml"),
    ] {
        let told = user.run_with(&[(variable, "rel")], &["env"]);
        told.says(2, [&format!("{variable} {relative}"), says]);
    }
    let mut home = user.command(&["env"]);
    home.env_remove("XDG_CONFIG_HOME").env("HOME", "rel");
    Ran::of(&mut home).says(2, [format!("HOME {relative}")]);
    let mut nowhere = user.command(&["env"]);
    nowhere.env_remove("XDG_CONFIG_HOME").env_remove("HOME");
    let neither = "there is no place for the cache: neither XDG_CACHE_HOME nor HOME is set";
    Ran::of(&mut nowhere).says(2, [neither, "set LARDER_DIR"]);
}

/// The go command's users know its texts.
#[test]
fn under_go_s_names_the_errors_are_go_s() {
    let user = User::new("");
    let go = |dir| [("GOCACHE", dir), ("GOCACHEPROG", "larder serve")];
    let serve = |dir| user.run_with(&go(dir), &["serve"]);
    serve("rel").says(
        2,
        ["build cache is required, but could not be located: GOCACHE is not an absolute path\n"],
    );
    serve("off").says(2, ["build cache is disabled by GOCACHE=off, but required as of Go 1.12\n"]);
}
