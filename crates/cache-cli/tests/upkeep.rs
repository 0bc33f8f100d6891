//! Looking at a cache and keeping it in order: `ls`, `stats`, `verify`, `trim`, `clean`, `env`.

mod support;

use std::fs;

use cache_core::OutputId;
use serde_json::{Value, json};
use support::{Larder, Ran, is_time, names, unused_for_days};

#[test]
fn ls_sorts_and_limits() {
    let larder = Larder::new();
    let actions: Vec<String> =
        (1..=5).map(|i| larder.put(&i.to_string(), vec![i as u8; 100 * i])).collect();
    for (days, i) in [(0, 2), (1, 0), (2, 4), (3, 1), (4, 3)] {
        unused_for_days(&larder.entry_file(&actions[i]), days);
    }
    let listed = |args: &[&str]| -> Vec<usize> {
        let text = larder.run(args).ok();
        let place = |line: &str| actions.iter().position(|action| line.starts_with(&**action));
        text.lines().map(|line| place(line).expect("an action that was put")).collect()
    };
    assert_eq!(listed(&["ls", "--sort", "size"]), [4, 3, 2, 1, 0]);
    assert_eq!(listed(&["ls", "--sort", "size", "--limit", "2"]), [4, 3]);
    assert_eq!(listed(&["ls", "--sort", "age"]), [3, 1, 4, 0, 2]);
    assert_eq!(listed(&["ls", "--sort", "age", "--limit", "1"]), [3]);
    assert!(listed(&["ls", "--sort", "age", "--limit", "0"]).is_empty());
    assert_eq!(listed(&["ls", "--limit", "3"]).len(), 3);
    let mut all = listed(&["ls"]);
    all.sort();
    assert_eq!(all, [0, 1, 2, 3, 4]);

    let text = larder.run(["ls", "--sort", "age", "--limit", "1"]).ok();
    let columns: Vec<&str> = text.split_whitespace().collect();
    let output = OutputId::of(&[4; 400]).to_string();
    assert_eq!(columns, [&actions[3], &output, "400B", "4d"]);
}

#[test]
fn ls_in_json_is_one_object_a_line() {
    let larder = Larder::new();
    for i in 0..3 {
        larder.put(&i.to_string(), [i]);
    }
    let text = larder.run(["ls", "--json"]).ok();
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 3);
    for line in lines {
        assert_eq!(names(&line), ["action", "output", "size", "time", "used"]);
        assert!(is_time(&line["time"]) && is_time(&line["used"]), "{line}");
    }
}

#[test]
fn stats_counts_what_is_there() {
    let larder = Larder::new();
    larder.put("a", [1; 1000]);
    larder.put("b", [1; 1000]);
    larder.put("c", [2; 5000]);
    let stats = larder.run(["stats", "--json"]).json();
    assert_eq!(stats["dir"], json!(larder.dir()));
    assert_eq!((&stats["entries"], &stats["outputs"]), (&json!(3), &json!(2)));
    assert_eq!(stats["output_bytes"], json!(6000));
    assert!(is_time(&stats["oldest_use"]) && is_time(&stats["newest_use"]), "{stats}");
    let text = larder.run(["stats"]).ok();
    assert!(text.contains("entries      3\n"), "{text}");
}

#[test]
fn verify_names_what_is_bad_and_repair_removes_it() {
    let larder = Larder::new();
    larder.put("good", "good");
    assert_eq!(larder.run(["verify"]).ok(), "1 entry and 1 output checked, 4 B: 0 bad\n");

    larder.put("a", "the whole output");
    let output = larder.output_file("the whole output");
    fs::write(&output, "the who").expect("an output");
    let entry = larder.entry_file(&larder.put("b", "other"));
    fs::write(&entry, [0xff; 175]).expect("an entry");

    let found = larder.run(["verify"]);
    assert_eq!((found.code, found.stderr.as_str()), (Some(1), ""));
    let text = found.text();
    let line = format!("bad output: {}: its bytes have another SHA-256: ", output.display());
    assert!(text.contains(&line), "{text}");
    assert!(text.contains(&format!("bad entry: {}: ", entry.display())), "{text}");
    let last = text.lines().last().expect("a summary");
    assert!(last.contains(": 2 bad; "), "{text}");
    assert!(last.ends_with("; larder verify --repair removes what is bad"), "{text}");

    let repaired = larder.run(["verify", "--repair", "--json"]).json();
    let documented =
        ["bad", "entries", "foreign", "output_bytes", "outputs", "unsettled", "without_output"];
    assert_eq!(names(&repaired), documented);
    let mut bad = repaired["bad"].as_array().expect("an array").clone();
    bad.sort_by_key(|bad| bad["kind"].to_string());
    assert_eq!(bad.len(), 2);
    for (bad, (kind, path)) in bad.iter().zip([("entry", &entry), ("output", &output)]) {
        assert_eq!(names(bad), ["kind", "path", "reason", "removed"]);
        assert_eq!((&bad["kind"], &bad["path"]), (&json!(kind), &json!(path)));
        assert_eq!(bad["removed"], json!(true));
        assert!(!path.exists());
    }
    let after = larder.run(["verify"]).ok();
    assert!(
        after.contains("0 bad; 1 entry whose output is gone or bad (it counts as a miss)"),
        "{after}"
    );
}

#[test]
fn trim_removes_what_was_not_used_and_says_when_it_is_not_due() {
    let larder = Larder::new();
    larder.put("new", "new");
    let old = larder.entry_file(&larder.put("old", "old"));
    let old_output = larder.output_file("old");
    unused_for_days(&old, 6);
    unused_for_days(&old_output, 6);

    let would = larder.run(["trim", "--force", "--dry-run"]).ok();
    assert!(would.starts_with("would remove 1 entry and 1 output"), "{would}");
    assert!(old.exists() && old_output.exists());
    let not_yet = larder.run(["trim", "--force", "--max-age", "7d"]).ok();
    assert!(not_yet.starts_with("removed 0 entries and 0 outputs"), "{not_yet}");

    let not_due = larder.run(["trim"]).ok();
    assert!(not_due.contains("not due") && not_due.contains("--force"), "{not_due}");
    assert!(old.exists());
    let json = larder.run(["trim", "--json"]).json();
    assert_eq!(json["by_age"]["outcome"], json!("not_due"));
    assert!(is_time(&json["by_age"]["last"]), "{json}");

    let forced = larder.run(["trim", "--force", "--json"]).json();
    let documented =
        ["by_age", "by_size", "dry_run", "failures", "in_use", "over_limit", "removed"];
    assert_eq!(names(&forced), documented);
    assert_eq!(forced["by_age"], json!({ "outcome": "done" }));
    assert_eq!(names(&forced["removed"]), ["bytes", "entries", "leftovers", "outputs"]);
    assert_eq!(forced["removed"]["entries"], json!(1));
    assert!(!old.exists() && !old_output.exists());
    assert_eq!(larder.run(["stats", "--json"]).json()["entries"], json!(1));
}

#[test]
fn a_trim_with_a_limit_of_its_own_or_a_dry_run_is_done_at_once() {
    let larder = Larder::new();
    larder.put("new", "new");
    let old = larder.entry_file(&larder.put("old", vec![1; 100_000]));
    for path in [&old, &larder.output_file(vec![1; 100_000])] {
        unused_for_days(path, 1);
    }
    let all_of_it = |verb| format!("{verb} 1 entry and 1 output");
    let outcome = || larder.run(["trim", "--json"]).json()["by_age"]["outcome"].clone();
    assert_eq!(outcome(), json!("not_due"), "the put has trimmed");
    let would = larder.run(["trim", "--dry-run", "--max-age", "3h"]).ok();
    assert!(would.starts_with(&all_of_it("would remove")), "{would}");
    let would = larder.run(["trim", "--dry-run"]).ok();
    assert!(would.starts_with("would remove 0 entries"), "{would}");
    for limit in [&["--max-size", "1KiB"], &["--max-age", "3h"]] {
        let would = larder.run(["trim", "--dry-run"].iter().chain(limit)).ok();
        assert!(would.starts_with(&all_of_it("would remove")), "{limit:?}: {would}");
    }
    assert_eq!(outcome(), json!("not_due"));
    let removed = larder.run(["trim", "--max-size", "1KiB"]).ok();
    assert!(removed.starts_with(&all_of_it("removed")), "{removed}");
    assert!(removed.contains("over the limit") && removed.contains("larder clean"), "{removed}");
    assert!(!old.exists());
}

#[test]
fn off_takes_a_size_limit_of_the_environment_away() {
    let larder = Larder::new();
    larder.put("a", "bytes");
    let mut trim = larder.command();
    trim.args(["trim", "--max-size", "off", "--json"]).env("LARDER_MAX_SIZE", "1");
    let answer = Ran::of(&mut trim).json();
    assert_eq!((&answer["by_size"], &answer["by_age"]["outcome"]), (&Value::Null, &json!("done")));
}

#[test]
fn the_size_limit_comes_from_the_flag_or_the_environment() {
    let larder = Larder::new();
    larder.put("new", "new");
    let old = larder.entry_file(&larder.put("old", vec![1; 100_000]));
    for path in [&old, &larder.output_file(vec![1; 100_000])] {
        unused_for_days(path, 1);
    }
    let by_size = |args: &[&str], limit: Option<&str>| {
        let mut trim = larder.command();
        trim.args(["trim", "--json", "--dry-run", "--force"]).args(args);
        trim.envs(limit.map(|limit| ("LARDER_MAX_SIZE", limit)));
        let json = Ran::of(&mut trim).json();
        (json["by_size"].clone(), json["removed"]["outputs"].clone())
    };
    let done = json!({ "outcome": "done" });
    assert_eq!(by_size(&[], None), (Value::Null, json!(0)));
    assert_eq!(by_size(&["--max-size", "50KiB"], None), (done.clone(), json!(1)));
    assert_eq!(by_size(&[], Some("50KiB")), (done.clone(), json!(1)));
    assert_eq!(by_size(&["--max-size", "1GiB"], Some("50KiB")), (done, json!(0)));
}

#[test]
fn clean_removes_every_entry_and_fuzz_only_when_asked() {
    let larder = Larder::new();
    let action = larder.put("a", "bytes");
    let corpus = larder.dir().join("fuzz/corpus");
    fs::create_dir_all(corpus.parent().expect("a parent")).expect("a folder");
    fs::write(&corpus, "seed").expect("a file");
    let removed = larder.run(["clean"]).ok();
    assert!(removed.starts_with("removed 1 entry and 1 output"), "{removed}");
    larder.run(["get", &action]).says(1, ["no entry"]);
    assert!(corpus.exists());
    let removed = larder.run(["clean", "--fuzz", "--json"]).json();
    assert_eq!(names(&removed), ["removed"]);
    assert!(!corpus.exists());
}
