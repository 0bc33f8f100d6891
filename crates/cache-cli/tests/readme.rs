//! The README's first commands, as a newcomer runs them.

mod support;

use std::path::Path;
use std::process::Command;

use support::Larder;

const README: &str = include_str!("../../../README.md");

/// The text of the first block of the README in that language.
fn first(language: &str) -> &'static str {
    let begin = format!("```{language}\n");
    let (_, rest) = README.split_once(&begin).expect("a block");
    rest.split_once("```").expect("its end").0
}

#[test]
fn the_first_commands_run_and_then_replay_as_the_readme_says() {
    let larder = Larder::new();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mini-make/project");
    // A copy in a place with the same name, so that nothing is written into the sources.
    let copy = larder.path("examples/mini-make");
    std::fs::create_dir_all(&copy).expect("a folder");
    let copied = Command::new("cp").arg("-R").args([&project, &copy]).status();
    assert!(copied.expect("cp").success());
    let program = Path::new(env!("CARGO_BIN_EXE_larder")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").expect("PATH"));
    let ran = Command::new("sh")
        .args(["-e", "-c", first("sh")])
        .current_dir(larder.path("."))
        .env("PATH", path)
        .env("LARDER_DIR", larder.dir())
        .env("XDG_CONFIG_HOME", larder.path("config"))
        .output()
        .expect("sh");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    // Times differ from run to run.
    let without_digits = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    assert_eq!(without_digits(&said), without_digits(first("text")));
    assert!(copy.join("project/tally").is_file());
}
