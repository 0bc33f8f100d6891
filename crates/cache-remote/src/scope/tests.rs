mod checkouts;
mod names;

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;

/// Variables as a function. `GOVERSION` and the platform are always the same.
fn env(variables: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
    const ALWAYS: [(&str, &str); 3] = [("GOOS", "os"), ("GOARCH", "arch"), ("GOVERSION", "go1")];
    move |name| {
        let found = variables.iter().chain(&ALWAYS).find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).into())
    }
}

fn nothing(_: &str) -> Option<OsString> {
    None
}

fn template(text: &str) -> Template {
    text.parse().unwrap()
}

/// A folder that the real `git` works in, with a folder for other repositories beside it.
struct Checkout {
    _scratch: tempfile::TempDir,
    dir: PathBuf,
}

impl Checkout {
    /// A folder named `work`, in no repository.
    fn outside() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path().join("work");
        fs::create_dir(&dir).unwrap();
        Self { _scratch: scratch, dir }
    }

    /// A new repository on the branch `main`, with one commit.
    fn new() -> Self {
        let checkout = Self::outside();
        checkout.git(&["init", "-q", "-b", "main"]);
        checkout.git(&["commit", "-q", "--allow-empty", "-m", "first"]);
        checkout
    }

    /// One that was cloned from a remote whose default branch is `trunk`.
    fn cloned() -> Self {
        let checkout = Self::new();
        checkout.git(&["remote", "add", "origin", "https://example.org/team/project.git"]);
        checkout.git(&["update-ref", "refs/remotes/origin/trunk", "HEAD"]);
        checkout.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]);
        checkout
    }

    /// Runs `git` with nobody's settings.
    fn git(&self, args: &[&str]) {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]);
        command.args(args).current_dir(&self.dir).stdin(Stdio::null());
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE"] {
            command.env_remove(variable);
        }
        assert!(command.status().unwrap().success(), "git {args:?}");
    }

    fn scope(&self, variables: &'static [(&str, &str)]) -> Scope {
        scope_in(&self.dir, variables)
    }
}

/// The default scope of a folder, by a `git` that has all the time of a busy machine.
fn scope_in(dir: &Path, variables: &'static [(&str, &str)]) -> Scope {
    Template::default().scope_by(&patient(OsStr::new("git")), dir, &env(variables))
}

fn patient(name: &OsStr) -> git::Program<'_> {
    git::Program { name, limit: Duration::from_secs(300) }
}

#[test]
fn a_template_is_read_and_written_as_the_same_text() {
    for text in ["{repository}/{branch}/{os}/{arch}/{go}", "nightly", "{env:TEAM}-{os}x", "ä{go}ö"]
    {
        assert_eq!(template(text).to_string(), text);
    }
    assert_eq!(template("{repository}/{branch}/{os}/{arch}/{go}"), Template::default());
}

#[test]
fn a_template_that_makes_no_sense_says_why() {
    let says = |text: &str| text.parse::<Template>().unwrap_err().to_string();
    assert_eq!(
        says("{repository}/{brunch}"),
        "the scope has no field {brunch}; \
         the fields are {repository}, {branch}, {os}, {arch}, {go} and {env:NAME}"
    );
    assert_eq!(says("a/{go"), "the scope's field \"{go\" has no closing brace");
    assert_eq!(says("{go{os}"), "the scope's field \"{go{os}\" has no closing brace");
    assert_eq!(says("a}b"), "the scope has a closing brace that closes nothing, at \"}b\"");
    assert_eq!(says("{env:}"), "the scope's field {env:} names no variable");
    assert_eq!(says("{env:A=B}"), "the scope's field {env:A=B} names no variable");
    assert_eq!(
        says(""),
        "the scope is empty; leave it out for {repository}/{branch}/{os}/{arch}/{go}"
    );
    assert!(says("{}").starts_with("the scope has no field {};"));
}

#[test]
fn platform_and_go_are_what_the_go_command_says() {
    let dir = Path::new("/");
    let by_go = template("{os} {arch} {go}").scope(dir, &env(&[]));
    assert_eq!(by_go, Scope::new("os arch go1"));
    let without = template("{os} {arch} {go}").scope(dir, &nothing).text;
    let parts: Vec<&str> = without.split(' ').collect();
    assert_eq!(parts[2], "-");
    assert!(!["macos", "-", ""].contains(&parts[0]), "{without}");
    assert!(!["x86_64", "aarch64", "-", ""].contains(&parts[1]), "{without}");
}

#[test]
fn a_variable_is_a_field_and_an_empty_one_is_not_set() {
    let filled = |variables| template("x/{env:TEAM}").scope(Path::new("/"), &env(variables)).text;
    assert_eq!(filled(&[("TEAM", "compilers")]), "x/compilers");
    assert_eq!(filled(&[("TEAM", "")]), "x/-");
    assert_eq!(filled(&[]), "x/-");
}

#[test]
fn git_is_not_run_for_a_template_without_its_fields() {
    let checkout = Checkout::outside();
    let program = script(&checkout, "touch ran");
    let scope = template("{os}").scope_by(&patient(program.as_os_str()), &checkout.dir, &nothing);
    assert_eq!(scope.fallback, None);
    assert!(!checkout.dir.join("ran").exists());
}

/// A program that takes the place of `git`.
fn script(checkout: &Checkout, lines: &str) -> PathBuf {
    let path = checkout.dir.join("program");
    // Written by another process: a file that this one has open for writing cannot be started by
    // it, and a test on another thread may be forking just now.
    let written = Command::new("sh")
        .args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod 755 \"$0\""])
        .args([path.as_os_str(), OsStr::new(lines)])
        .status();
    assert!(written.unwrap().success());
    path
}
