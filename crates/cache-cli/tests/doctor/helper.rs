//! The helper that is named, and the go command that is told to start one.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::cache;
use crate::examined::Examined;
use crate::support::Larder;

/// What no test takes that does not hang.
const BOUNDED: Duration = Duration::from_secs(60);

const DECLARES: &str = r#"echo '{"ID":0,"KnownCommands":["get","put","close"]}'"#;

/// A helper that does what a shell script says.
fn script(larder: &Larder, text: &str) -> String {
    format!("sh '{}'", larder.file("helper.sh", text).display())
}

fn with_helper(larder: &Larder, prog: &str, flags: &[&str]) -> Examined {
    Examined::of(larder.command().env("LARDER_PROG", prog).arg("doctor").args(flags))
}

#[test]
fn larder_serves_itself() {
    let larder = cache();
    Examined::of(larder.command().arg("doctor")).fine("helper", ["none"]);
    let prog =
        format!("'{}' --dir '{}' serve", env!("CARGO_BIN_EXE_larder"), larder.dir().display());
    let found = with_helper(&larder, &prog, &[]);
    found.fine("helper", ["(LARDER_PROG) started in", "can get, put, close", "ended in"]);
}

#[test]
fn one_that_does_not_start_exits_or_talks_nonsense_is_wrong() {
    let larder = cache();
    for (prog, says) in [
        ("/no/such/helper --flag", "cannot start the cache helper \"/no/such/helper\""),
        ("'unterminated", "unterminated ' string"),
        ("false", "exit status: 1"),
        (&script(&larder, "echo nonsense; cat > /dev/null"), "'n'"),
    ] {
        let found = with_helper(&larder, prog, &[]);
        found.wrong("helper", [says, "(LARDER_PROG)", "correct LARDER_PROG, or set it to off"]);
    }
}

#[test]
fn one_that_hangs_is_waited_for_as_long_as_was_said() {
    let larder = cache();
    let begun = Instant::now();
    let found = with_helper(&larder, "sleep 600", &["--wait", "300ms"]);
    found.wrong("helper", ["did not say within 300ms what it can do"]);
    let prog = script(&larder, &format!("{DECLARES}; trap '' TERM; exec sleep 600"));
    let found = with_helper(&larder, &prog, &["--wait", "300ms"]);
    found.warning("helper", ["did not exit within 300ms after it was closed", "every build waits"]);
    assert!(begun.elapsed() < BOUNDED, "{:?}", begun.elapsed());
}

#[test]
fn one_that_a_build_can_do_without_is_a_warning() {
    let user = crate::support::user::User::at_home("on-helper-failure = 'continue'\n");
    let mut doctor = user.command(&["doctor"]);
    let found = Examined::of(doctor.env("LARDER_PROG", "false"));
    found.warning("helper", ["the directory is used alone (on-helper-failure)"]);
}

#[test]
fn one_that_cannot_do_everything_is_a_warning() {
    let larder = cache();
    for (commands, says) in
        [(r#"["put","close"]"#, "answers no lookups"), (r#"["get","close"]"#, "takes no puts")]
    {
        let text = format!("echo '{{\"ID\":0,\"KnownCommands\":{commands}}}'; read line");
        let found = with_helper(&larder, &script(&larder, &text), &[]);
        found.warning("helper", [says, "see what LARDER_PROG should be"]);
    }
}

#[test]
fn what_the_go_command_is_told_is_held_against_the_directory() {
    let larder = cache();
    let with = |prog: &str, dir: &Path| {
        let mut doctor = larder.command();
        Examined::of(doctor.arg("doctor").env("GOCACHEPROG", prog).env("GOCACHE", dir))
    };
    let dir = larder.dir();
    with("larder serve", &dir).fine("go", ["its directory is this one"]);
    let other = larder.path("other");
    let says = [other.to_str().expect("UTF-8"), "not this one", "go env GOCACHE"];
    with("larder serve", &other).warning("go", says);
    with("larder", &dir).wrong("go", ["does not serve go", "GOCACHEPROG=\"larder serve\""]);
    with("", &dir).fine("go", ["GOCACHEPROG is not set", "its directory is this one"]);
    assert!(!Examined::of(larder.command().arg("doctor")).names().contains(&"go"));
}
