//! `ls`, `get`, `put`, `key`, `hash` and `stats` in the pipelines of a shell.

#![cfg(unix)]

mod support;

use std::fs;
use std::process::Command;

use cache_core::OutputId;
use support::{Larder, Ran, bare};

/// What a script gives in which `larder` works on the cache directory, in the scratch folder.
fn sh(larder: &Larder, script: &str) -> Ran {
    Ran::of(shell(larder).arg("-euc").arg(script))
}

fn shell(larder: &Larder) -> Command {
    let mut shell = bare("sh");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_larder"));
    let folder = program.parent().expect("a folder").display();
    let path = std::env::var("PATH").unwrap_or_default();
    shell
        .env("PATH", format!("{folder}:{path}"))
        .env("LARDER_DIR", larder.dir())
        .current_dir(larder.path(""));
    shell
}

#[test]
fn a_result_is_computed_once() {
    let larder = Larder::new();
    larder.file("words", "b\na\n");
    larder.put("something else", "which makes the cache directory");
    let script = r#"
        id=$(larder key sort "$(larder hash words)")
        larder get -q "$id" || { echo computed >&2; sort words | tee sorted | larder put "$id" - >/dev/null; cat sorted; }
    "#;
    let first = sh(&larder, script);
    assert_eq!((first.text().as_str(), first.stderr.as_str()), ("a\nb\n", "computed\n"));
    assert_eq!(sh(&larder, script).ok(), "a\nb\n");
}

#[test]
fn what_is_printed_on_one_side_is_read_on_the_other() {
    let larder = Larder::new();
    larder.file("bytes", "some bytes");
    let copied = sh(
        &larder,
        r#"
        id=$(larder key a)
        larder put "$id" - < bytes > stored
        larder get "$id" -o - | larder --dir "$PWD/other" put "$id" - | cmp - stored
        larder --dir "$PWD/other" get "$id"
        "#,
    );
    assert_eq!(copied.ok(), "some bytes");
}

#[test]
fn every_entry_goes_through_xargs() {
    let larder = Larder::new();
    for name in ["a", "b", "c"] {
        larder.put(name, name.repeat(3));
    }
    let all = sh(&larder, "larder ls --only action -0 | sort -z | xargs -0 -n 1 larder get");
    let mut by_action =
        [("a", "aaa"), ("b", "bbb"), ("c", "ccc")].map(|(name, bytes)| (larder.key(name), bytes));
    by_action.sort();
    assert_eq!(all.ok(), by_action.map(|(_, bytes)| bytes).concat());
    let sums = sh(
        &larder,
        "larder ls --only path --sort size -0 | xargs -0 sha256sum | cut -c 1-64 | sort",
    );
    let outputs = sh(&larder, "larder ls --only output | sort");
    assert_eq!(sums.ok(), outputs.ok());
    // Every field of a line stands in its column.
    let first = sh(&larder, "larder ls --sort size --limit 1 | cut -d ' ' -f 1");
    assert_eq!(first.ok().trim().len(), 64);
}

#[test]
fn names_with_line_feeds_are_one_argument() {
    let larder = Larder::new();
    fs::create_dir(larder.path("in")).expect("a folder");
    for name in ["plain", "two\nlines", "back\\slash", " spaced "] {
        larder.file(&format!("in/{name}"), name);
    }
    let find = "find in -type f -print0 | sort -z | xargs -0";
    let ours = sh(&larder, &format!("{find} larder hash -0"));
    let theirs = sh(&larder, &format!("{find} sha256sum -z"));
    assert_eq!(ours.ok(), theirs.ok());
    let checked = sh(&larder, &format!("{find} larder hash | sha256sum --check --quiet"));
    assert_eq!(checked.ok(), "");
    assert_eq!(sh(&larder, "echo words | larder hash -0 - | tr '\\0' '!'").ok(), {
        format!("{}  -!", OutputId::of(b"words\n"))
    });

    // An executable keeps its name, which may be any.
    let stored = sh(
        &larder,
        "larder put --executable \"$(printf 'a\\nb')\" \"$(larder key x)\" in/plain >/dev/null
         larder ls --only path -0 | xargs -0 -n 1 basename -z | tr '\\0' '!'",
    );
    assert_eq!(stored.ok(), "a\nb!");
}

#[test]
fn an_id_ends_as_it_is_asked_for() {
    let larder = Larder::new();
    larder.file("bytes", "bytes");
    let id = larder.key("a");
    assert_eq!(sh(&larder, "larder key -0 a | tr '\\0' '!'").ok(), format!("{id}!"));
    let put = sh(&larder, "larder put -0 \"$(larder key a)\" bytes | tr '\\0' '!'");
    assert_eq!(put.ok(), format!("{} 5!", OutputId::of(b"bytes")));
    // After the first part it is a part.
    assert_ne!(sh(&larder, "larder key a -0").ok().trim(), id);
    // JSON has no lines to end.
    let id = larder.key("a");
    for command in ["ls -0", "ls --only path", "hash -0 bytes", "put -0 ID bytes", "key -0 a"] {
        let command = command.replace("ID", &id);
        sh(&larder, &format!("larder --json {command}")).says(2, ["--json", "leave one out"]);
    }
}

#[test]
fn exit_codes_tell_a_miss_from_a_mistake_and_a_failure() {
    let larder = Larder::new();
    larder.put("a", "bytes");
    let codes = sh(
        &larder,
        r#"
        id=$(larder key a)
        larder get "$id" >/dev/null && echo $?
        larder get "$(larder key b)" 2>/dev/null || echo $?
        larder get nonsense 2>/dev/null || echo $?
        larder get --json "$id" -o - 2>/dev/null || echo $?
        larder get "$id" -o nowhere/file 2>/dev/null || echo $?
        "#,
    );
    assert_eq!(codes.ok(), "0\n1\n2\n2\n3\n");
}

#[test]
fn a_reader_that_has_enough_ends_a_pipeline_in_peace() {
    let larder = Larder::new();
    for n in 0..20 {
        larder.put(&n.to_string(), n.to_string());
    }
    larder.put("large", vec![b'x'; 3_000_000]);
    let script = r#"
        for command in "ls" "ls -0" "stats --html -" "get $(larder key large)" "man"; do
            { larder $command; echo $? >code; } | head -c 1 >/dev/null
            test "$(cat code)" = 0
        done
    "#;
    assert_eq!(sh(&larder, script).ok(), "");
}
