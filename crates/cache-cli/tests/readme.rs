//! The README's first commands, as a newcomer runs them.

mod support;

use std::path::Path;
use std::process::Command;

use support::Larder;

const README: &str = include_str!("../../../README.md");

/// The texts of the README's blocks in that language.
fn blocks(language: &str) -> impl Iterator<Item = &'static str> {
    let begin = format!("```{language}\n");
    let rests = README.split(&begin).skip(1).collect::<Vec<_>>().into_iter();
    rests.map(|rest| rest.split_once("```").expect("the end of a block").0)
}

/// `text` without how long something took and how long ago it was, which differ from run to run.
fn without_times(text: &str) -> String {
    let numbers = text.replace(|c: char| c.is_ascii_digit() || c == '.', "");
    let lines = numbers.lines().map(|line| match line.rsplit_once("\", ") {
        Some((miss, "just now")) => miss.to_owned(),
        Some((miss, age)) if age.ends_with(" ago") => miss.to_owned(),
        _ => line.replace(" ms", " s"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_first_commands_run_replay_and_explain_as_the_readme_says() {
    let larder = Larder::new();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mini-make/project");
    // A copy in a place with the same name, so that nothing is written into the sources.
    let copy = larder.path("examples/mini-make");
    std::fs::create_dir_all(&copy).expect("a folder");
    let copied = Command::new("cp").arg("-R").args([&project, &copy]).status();
    assert!(copied.expect("cp").success());
    let program = Path::new(env!("CARGO_BIN_EXE_larder")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").expect("PATH"));
    let says = |script: &str| {
        let ran = Command::new("sh")
            .args(["-e", "-c", script])
            .current_dir(larder.path("."))
            .env("PATH", &path)
            .env("LARDER_DIR", larder.dir())
            .env("XDG_CONFIG_HOME", larder.path("config"))
            .output()
            .expect("sh");
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success(), "{said}");
        said
    };
    let script = blocks("sh").next().expect("a block of commands");
    let mut expected = blocks("text");
    assert_eq!(without_times(&says(script)), without_times(expected.next().expect("a text")));
    assert!(copy.join("project/tally").is_file());

    let run =
        script.lines().last().expect("a command").replace("larder run", "larder run --explain");
    let change = "cd examples/mini-make/project; echo '/* changed */' >> include/words.h";
    let explained = says(&format!("{change}\n{run}"));
    assert_eq!(without_times(&explained), without_times(expected.next().expect("a second text")));
}
