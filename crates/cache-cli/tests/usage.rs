//! A command line that is not understood is told in one line: what is wrong with it, and what to do.

mod support;

use support::{Larder, Ran, bare};

const ACTION: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// What `larder` says to these arguments, without its name.
#[track_caller]
fn told(code: i32, args: &[&str]) -> String {
    let ran = Ran::of(bare(env!("CARGO_BIN_EXE_larder")).args(args));
    ran.says(code, [""; 0]);
    ran.stderr.trim_end().strip_prefix("larder: ").expect("the name").to_owned()
}

#[test]
fn an_option_or_a_command_that_there_is_none_of() {
    for (code, args, says) in [
        (
            125,
            &["run", "--inptu", "x", "--", "true"][..],
            r#"there is no option --inptu; did you mean --input? see "larder run --help""#,
        ),
        (2, &["--nothing"], r#"there is no option --nothing; see "larder --help""#),
        (2, &["ls", "-x"], r#"there is no option -x; see "larder ls --help""#),
        (2, &["sttas"], r#"there is no command sttas; did you mean stats? see "larder --help""#),
        (2, &["nothing"], r#"there is no command nothing; see "larder --help""#),
        (2, &["-q"], r#"no command is named; see "larder --help""#),
    ] {
        assert_eq!(told(code, args), says);
    }
}

#[test]
fn too_few_and_too_many_arguments() {
    for (code, args, says) in [
        (2, &["get"][..], r#"ID is missing; see "larder get --help""#),
        (2, &["put"], r#"ID and FILE are missing; see "larder put --help""#),
        (125, &["run"], r#"COMMAND is missing; see "larder run --help""#),
        (2, &["ls", "all"], r#""all" is one argument too many; see "larder ls --help""#),
        (2, &["stats", "--dir"], "--dir needs a value: --dir <DIR>"),
        (
            2,
            &["ls", "--limit", "1", "--limit", "2"],
            r#"--limit is given twice; leave one out; see "larder ls --help""#,
        ),
        (
            2,
            &["key", "--subkey", ACTION, "--salt", "s", "part"],
            "--subkey and --salt exclude each other; leave one out; see \"larder key --help\"",
        ),
    ] {
        assert_eq!(told(code, args), says);
    }
}

/// A tip for what is similar would be wrong more often than right.
#[test]
fn a_wrong_value_is_told_with_all_that_are_right() {
    for (args, says) in [
        (&["ls", "--sort", "name"][..], r#"--sort is "name"; it must be age or size"#),
        (
            &["completions", "tcsh"],
            r#"SHELL is "tcsh"; it must be bash, elvish, fish, powershell or zsh"#,
        ),
        (&["ls", "--limit", "x"], r#"--limit is "x"; it must be a whole number, such as 10"#),
        (
            &["trim", "--max-size", "10XB"],
            "--max-size is \"10XB\"; it must be a size such as \"10GiB\", a number of bytes, \
             or \"off\"",
        ),
        (
            &["serve", "--max-age", "5"],
            r#"--max-age is "5"; it must be a time with a unit, such as "5d" or "12h""#,
        ),
        (
            &["put", "--executable", "../name", ACTION, "file"],
            "--executable is \"../name\"; it must be a file's name: one path component of 1 to \
             255 bytes",
        ),
        (
            &["get", "abc"],
            "ID is \"abc\"; it must be an action ID, and has 3 hexadecimal digits where 64 are \
             needed; derive one with `larder key`, or take one from `larder ls`",
        ),
    ] {
        assert_eq!(told(2, args), says);
    }
}

#[test]
fn a_command_without_an_answer_refuses_json() {
    for (code, args) in [
        (125, &["--json", "run", "--", "true"][..]),
        (125, &["run", "--json", "--", "true"]),
        (2, &["--json", "serve"]),
        (2, &["completions", "--json", "bash"]),
        (2, &["man", "--json"]),
    ] {
        let says = told(code, args);
        assert!(says.ends_with(" has no answer to give in JSON; leave --json out"), "{says}");
    }
    // A command's own flag is not meant.
    let larder = Larder::new();
    let ran = larder.run(["run", "--", "echo", "--json"]);
    assert_eq!((ran.code, ran.text().as_str()), (Some(0), "--json\n"), "{}", ran.stderr);
}

#[test]
fn without_arguments_the_help_is_shown() {
    let ran = Ran::of(&mut bare(env!("CARGO_BIN_EXE_larder")));
    assert_eq!((ran.code, ran.text().as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("Usage: larder"), "{}", ran.stderr);
}
