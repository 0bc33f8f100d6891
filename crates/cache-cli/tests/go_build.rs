//! `larder` on a directory that the real `go` command fills and uses.

mod support;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use cache_core::OutputId;
use serde_json::{Value, json};
use support::{Larder, Ran, bare, files, unused_for_days};

/// The `go` to test with.
fn go() -> PathBuf {
    match std::env::var_os("GO") {
        Some(go) => go.into(),
        None => panic!("GO does not name a go binary: run `cargo xtask e2e`, which does"),
    }
}

/// `go build std` with this directory as its cache; returns the commands that it ran.
fn build_std(larder: &Larder, cache: &Path) -> String {
    let mut build = bare(go());
    build.args(["build", "-x", "std"]).current_dir(larder.path(""));
    build.env("GOCACHE", cache).env("HOME", larder.path("home"));
    build.env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GOPROXY", "off").env("GOENV", "off");
    let ran = Ran::of(&mut build);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.stderr
}

/// The commands among those that compile something.
fn compiling(commands: &str) -> Vec<&str> {
    let tools = ["/compile ", "/compile\" ", "/asm ", "/asm\" ", "/cgo ", "/cgo\" "];
    commands.lines().filter(|line| tools.iter().any(|tool| line.contains(tool))).collect()
}

/// The entries, `larder ls` line by line.
fn entries(larder: &Larder) -> Vec<Value> {
    let lines = larder.run(["ls", "--json"]).ok();
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().expect("a string")
}

#[test]
fn larder_and_go_share_a_directory() {
    let larder = Larder::new();
    fs::create_dir(larder.dir()).expect("a folder");
    let first = build_std(&larder, &larder.dir());
    assert!(!compiling(&first).is_empty(), "{first}");

    nothing_is_bad_and_the_counts_match(&larder);
    every_output_is_what_its_entry_says(&larder);
    trim_and_repair_take_nothing_from_a_fresh_cache(&larder);
    go_builds_from_what_larder_stored(&larder);
    what_was_damaged_is_named_removed_and_built_again(&larder);
}

fn nothing_is_bad_and_the_counts_match(larder: &Larder) {
    let count = |suffix: &str| {
        let files = files(&larder.dir());
        files.iter().filter(|(path, _)| path.to_string_lossy().ends_with(suffix)).count()
    };
    let checked = larder.run(["verify", "--json"]).json();
    assert_eq!(checked["bad"], json!([]));
    assert_eq!(checked["without_output"], json!(0));
    assert_eq!(checked["foreign"], json!(0));
    let stats = larder.run(["stats", "--json"]).json();
    for counted in [checked, stats] {
        assert_eq!(counted["entries"], json!(count("-a")));
        assert_eq!(counted["outputs"], json!(count("-d")));
    }
    assert_eq!(entries(larder).len(), count("-a"));
    assert!(count("-a") > 500, "{}", count("-a"));
}

fn every_output_is_what_its_entry_says(larder: &Larder) {
    for entry in entries(larder).iter().step_by(10) {
        let got = larder.run(["get", text(entry, "action")]);
        assert_eq!(got.code, Some(0), "{}", got.stderr);
        assert_eq!(OutputId::of(&got.stdout).to_string(), text(entry, "output"));
        assert_eq!(entry["size"], json!(got.stdout.len()));
    }
}

fn trim_and_repair_take_nothing_from_a_fresh_cache(larder: &Larder) {
    let trimmed = larder.run(["trim", "--force", "--max-age", "5d", "--json"]).json();
    assert_eq!(trimmed["by_age"]["outcome"], json!("done"));
    assert_eq!(trimmed["removed"]["entries"], json!(0));
    assert_eq!(trimmed["removed"]["outputs"], json!(0));
    larder.run(["verify", "--repair"]).ok();
    let again = build_std(larder, &larder.dir());
    assert!(compiling(&again).is_empty(), "{again}");
}

/// Carries the whole cache to another directory, output by output, through `larder` alone.
fn go_builds_from_what_larder_stored(larder: &Larder) {
    let copy = larder.path("carried");
    let file = larder.path("output");
    for entry in entries(larder) {
        let action = text(&entry, "action");
        larder.run(["get", action, "-o", file.to_str().expect("UTF-8")]).ok();
        let mut put = bare(env!("CARGO_BIN_EXE_larder"));
        put.arg("--dir").arg(&copy).args(["put", action]).arg(&file);
        let stored = Ran::of(&mut put).ok();
        assert!(stored.starts_with(text(&entry, "output")), "{stored}");
    }
    let built = build_std(larder, &copy);
    assert!(compiling(&built).is_empty(), "{built}");
    fs::remove_dir_all(copy).expect("the copy");
}

fn what_was_damaged_is_named_removed_and_built_again(larder: &Larder) {
    let mut all = entries(larder);
    all.sort_by_key(|entry| entry["size"].as_u64());
    let largest = all.pop().expect("an entry");
    let output = output_file(larder, text(&largest, "output"));
    let size = largest["size"].as_u64().expect("a size");
    let opened = fs::File::options().write(true).open(&output).expect("the output");
    opened.set_len(size / 2).expect("a shorter output");
    let other = all.iter().rfind(|entry| entry["output"] != largest["output"]).expect("an entry");
    let entry = larder.entry_file(text(other, "action"));
    fs::write(&entry, [b'x'; 175]).expect("noise in an entry");
    // A day old is older than what go may be writing at this moment.
    unused_for_days(&output, 1);
    unused_for_days(&entry, 1);

    let bad = HashMap::from([("output", output.clone()), ("entry", entry.clone())]);
    let found = larder.run(["verify"]);
    assert_eq!(found.code, Some(1), "{}{}", found.text(), found.stderr);
    for (kind, path) in &bad {
        let line = format!("bad {kind}: {}: ", path.display());
        assert!(found.text().contains(&line), "{line} is not in {}", found.text());
    }
    assert!(found.text().contains(": 2 bad"), "{}", found.text());

    let repaired = larder.run(["verify", "--repair", "--json"]).json();
    assert_eq!(repaired["bad"].as_array().map(Vec::len), Some(2), "{repaired}");
    assert!(!output.exists() && !entry.exists());
    let rebuilt = build_std(larder, &larder.dir());
    assert!(!compiling(&rebuilt).is_empty(), "{rebuilt}");
    assert!(output.exists() && entry.exists());
    larder.run(["verify"]).ok();
}

fn output_file(larder: &Larder, output: &str) -> PathBuf {
    larder.dir().join(&output[..2]).join(format!("{output}-d"))
}
