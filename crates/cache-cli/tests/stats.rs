//! `larder stats`: what is there, how it has been used, and the page.

mod support;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use cache_core::{ActionId, Cache, OutputId};
use cache_prog_client::ProgCache;
use serde_json::{Value, json};
use support::{Larder, is_time, names, unused_for_days};

/// A right record of the counters as the format gives it, made without Larder.
fn record(day: u64, rest: &str) -> String {
    let text = format!("v1 {day} {rest} ");
    let checksum = OutputId::of(text.as_bytes()).to_string();
    format!("{text}{}\n", &checksum[..16])
}

/// Days since 1970.
fn today() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() / 86_400
}

fn counters(larder: &Larder) -> PathBuf {
    larder.dir().join("larder/counters")
}

/// Writes the counters of a cache directory, which it makes if need be.
fn set_counters(larder: &Larder, text: impl AsRef<[u8]>) {
    fs::create_dir_all(larder.dir().join("larder")).expect("a folder");
    fs::write(counters(larder), text).expect("the counters");
}

fn stats(larder: &Larder) -> Value {
    larder.run(["stats", "--json"]).json()
}

fn used(hits: u64, misses: u64, puts: u64, saved_seconds: f64) -> Value {
    json!({ "hits": hits, "misses": misses, "puts": puts, "saved_seconds": saved_seconds })
}

#[test]
fn the_names_in_json_are_the_documented_ones() {
    let larder = Larder::new();
    larder.put("a", [1; 1000]);
    let stats = stats(&larder);
    let documented = [
        "ages",
        "dir",
        "disk_bytes",
        "entries",
        "executables",
        "leftovers",
        "logical_bytes",
        "newest_use",
        "oldest_use",
        "output_bytes",
        "outputs",
        "shared_bytes",
        "sizes",
        "use",
    ];
    assert_eq!(names(&stats), documented);
    for histogram in ["sizes", "ages"] {
        for bucket in stats[histogram].as_array().expect("an array") {
            assert_eq!(names(bucket), ["below", "bytes", "from", "outputs"]);
        }
    }
    assert_eq!(names(&stats["use"]), ["damaged", "days", "get", "run", "serve", "since"]);
    assert_eq!(names(&stats["use"]["days"][0]), ["day", "get", "run", "serve"]);
    assert_eq!(names(&stats["use"]["run"]), ["hits", "misses", "puts", "saved_seconds"]);
    assert!(is_time(&stats["oldest_use"]) && is_time(&stats["newest_use"]), "{stats}");
    let help = larder.run(["stats", "--help"]).ok();
    for name in documented.iter().chain(&["from", "below", "since", "damaged", "saved_seconds"]) {
        assert!(help.contains(name), "{name}: {help}");
    }
}

#[test]
fn equal_outputs_are_stored_once_and_what_that_saves_is_told() {
    let larder = Larder::new();
    for name in ["a", "b", "c"] {
        larder.put(name, [1; 10_000]);
    }
    let only = larder.put("d", [2; 500]);
    let found = stats(&larder);
    assert_eq!((&found["entries"], &found["outputs"]), (&json!(4), &json!(2)));
    assert_eq!(found["output_bytes"], json!(10_500));
    assert_eq!(found["shared_bytes"], json!(20_000));
    assert_eq!(found["logical_bytes"], json!(30_500));
    let text = larder.run(["stats"]).ok();
    assert!(text.contains("sharing      saves 19.5 KiB of 29.8 KiB"), "{text}");

    // An output that is gone takes nothing and saves nothing.
    fs::remove_file(larder.output_file([1; 10_000])).expect("an output");
    let found = stats(&larder);
    assert_eq!((&found["shared_bytes"], &found["logical_bytes"]), (&json!(0), &json!(500)));
    let text = larder.run(["stats"]).ok();
    assert!(text.contains("sharing      saves nothing yet"), "{text}");

    // Nor does one to which no entry leads any more.
    fs::remove_file(larder.entry_file(&only)).expect("an entry");
    let found = stats(&larder);
    assert_eq!((&found["shared_bytes"], &found["logical_bytes"]), (&json!(0), &json!(500)));
}

#[test]
fn sizes_and_ages_are_counted_in_buckets() {
    let larder = Larder::new();
    larder.put("a", [1; 100]);
    larder.put("b", [2; 1023]);
    larder.put("c", [3; 1024]);
    larder.put("d", [4; 100_000]);
    unused_for_days(&larder.output_file([3; 1024]), 3);
    unused_for_days(&larder.output_file([4; 100_000]), 400);
    let found = stats(&larder);
    assert_eq!(
        found["sizes"].as_array().expect("an array")[..4],
        [
            json!({ "from": 0, "below": 1024, "outputs": 2, "bytes": 1123 }),
            json!({ "from": 1024, "below": 8192, "outputs": 1, "bytes": 1024 }),
            json!({ "from": 8192, "below": 65536, "outputs": 0, "bytes": 0 }),
            json!({ "from": 65536, "below": 524288, "outputs": 1, "bytes": 100_000 }),
        ]
    );
    let ages = found["ages"].as_array().expect("an array");
    let last = ages.last().expect("a bucket");
    assert_eq!(*last, json!({ "from": 2_592_000, "below": null, "outputs": 1, "bytes": 100_000 }));
    assert_eq!(ages[0], json!({ "from": 0, "below": 3600, "outputs": 2, "bytes": 1123 }));
    assert_eq!(ages[4]["outputs"], json!(1), "from 2 to 5 days");
    let text = larder.run(["stats"]).ok();
    for line in [
        "  under 1 KiB               2    1.1 KiB  ████████████████████████\n",
        "  8 KiB to 64 KiB           0        0 B\n",
        "  64 KiB to 512 KiB         1   97.7 KiB  ████████████\n",
        "  30 d and over             1   97.7 KiB  ████████████\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("4 MiB"), "buckets after the last one are left out: {text}");
}

#[test]
fn get_put_and_serve_are_counted() {
    let larder = Larder::new();
    let action = larder.put("a", "bytes");
    larder.run(["get", &action]).ok();
    larder.run(["get", &action, "-o", "/dev/null"]).ok();
    assert_eq!(larder.run(["get", "-q", &larder.key("b")]).code, Some(1));
    let found = stats(&larder);
    assert_eq!(found["use"]["get"], used(2, 1, 1, 0.0));
    assert_eq!(found["use"]["serve"], used(0, 0, 0, 0.0));

    let command =
        format!("'{}' --dir '{}' serve", env!("CARGO_BIN_EXE_larder"), larder.dir().display());
    let helper = ProgCache::builder(command, larder.path("fuzz")).start().expect("a helper");
    for name in ["a", "b", "a"] {
        let action: ActionId = larder.key(name).parse().expect("an ID");
        helper.get(&action).expect("an answer");
    }
    helper.close().expect("an end");
    let found = stats(&larder);
    assert_eq!(found["use"]["serve"], used(2, 1, 0, 0.0));
    assert_eq!(found["use"]["get"], used(2, 1, 1, 0.0), "serve is counted apart");
}

#[test]
fn what_processes_did_at_the_same_time_is_counted_exactly() {
    let larder = Larder::new();
    let action = larder.put("a", "bytes");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..12).for_each(|_| _ = larder.run(["get", &action]).ok()));
        }
    });
    let found = stats(&larder);
    assert_eq!(found["use"]["get"], used(96, 0, 1, 0.0));
    assert_eq!(found["use"]["damaged"], json!(0));
}

#[test]
fn days_and_kinds_are_added_up_from_the_file() {
    let larder = Larder::new();
    let today = today();
    set_counters(
        &larder,
        [
            record(today, "run 10 2 2 1500000000"),
            record(today, "run 1 0 0 500000000"),
            record(today - 1, "serve 700 5 5 0"),
            record(today - 30, "run 1 1 1 7200000000000"),
        ]
        .concat(),
    );
    let found = &stats(&larder)["use"];
    assert_eq!(found["run"], used(12, 3, 3, 7202.0));
    let days = found["days"].as_array().expect("an array");
    assert_eq!(days.len(), 3);
    assert_eq!(days[0]["day"], found["since"]);
    assert_eq!(days[2]["run"], used(11, 2, 2, 2.0));
    assert_eq!(days[1]["serve"], used(700, 5, 5, 0.0));
    let text = larder.run(["stats"]).ok();
    for part in
        ["used since ", "  run                        12        3        3      80%  2h 2s\n"]
    {
        assert!(text.contains(part), "{part}{text}");
    }
    let shown = text.lines().skip_while(|line| !line.starts_with("day (UTC)")).skip(1);
    // Midnight may pass between the two looks at the clock.
    assert!((14..=15).contains(&shown.count()), "two weeks: {text}");
}

#[test]
fn damaged_counters_are_dropped_and_the_others_stand() {
    let larder = Larder::new();
    let action = larder.put("a", "bytes");
    let good = record(today(), "run 5 5 5 0");
    let lying = good.replace("run 5", "run 9");
    let garbage = [&[0xff; 300][..], b"\n", lying.as_bytes(), good.as_bytes(), b"v1 20"].concat();
    set_counters(&larder, garbage);
    // Both what was there before the torn line and what comes after it count.
    larder.run(["get", &action]).ok();
    let found = &stats(&larder)["use"];
    assert_eq!((&found["run"], &found["get"]), (&used(5, 5, 5, 0.0), &used(1, 0, 0, 0.0)));
    assert_eq!(found["damaged"], json!(3));
    let text = larder.run(["stats"]).ok();
    assert!(text.contains("3 damaged records left out"), "{text}");
}

#[test]
fn days_that_are_yet_to_come_are_no_trouble() {
    let larder = Larder::new();
    set_counters(&larder, record(2_932_896, "get 1 0 0 0") + &record(u64::MAX, "get 1 0 0 0"));
    let found = &stats(&larder)["use"];
    assert_eq!((&found["since"], &found["damaged"]), (&json!("9999-12-31"), &json!(1)));
    let text = larder.run(["stats"]).ok();
    assert!(text.contains("used since 9999-12-31"), "{text}");
    assert!(larder.run(["stats", "--html", "-"]).ok().contains("Lookups by day"));
}

#[test]
fn counters_that_cannot_be_written_stop_nothing() {
    let larder = Larder::new();
    let action = larder.put("a", "bytes");
    fs::remove_dir_all(larder.dir().join("larder")).expect("the folder");
    fs::write(larder.dir().join("larder"), "in the way").expect("a file");
    assert_eq!(larder.run(["get", &action]).ok(), "bytes");
    let logged = larder.run(["-v", "get", &action]);
    assert!(logged.stderr.contains("not counted"), "{}", logged.stderr);
    assert_eq!(larder.run(["stats", "--json"]).json()["entries"], json!(1));
}

#[test]
fn cleaning_keeps_the_counters() {
    let larder = Larder::new();
    larder.put("a", "bytes");
    larder.run(["clean"]).ok();
    let found = stats(&larder);
    assert_eq!((&found["entries"], &found["use"]["get"]["puts"]), (&json!(0), &json!(1)));
}

#[test]
fn looking_at_the_use_is_no_use() {
    let larder = Larder::new();
    larder.put("a", "bytes");
    let before = fs::read(counters(&larder)).expect("counters");
    larder.run(["stats"]).ok();
    larder.run(["ls", "--only", "path"]).ok();
    assert_eq!(fs::read(counters(&larder)).expect("counters"), before);
}

#[test]
fn the_page_is_one_file_that_names_no_other() {
    let larder = Larder::new();
    larder.put("a", [1; 2000]);
    let page = larder.path("page.html");
    let ran = larder.run(["stats", "--html", page.to_str().expect("UTF-8")]);
    assert_eq!((ran.code, ran.text()), (Some(0), String::new()));
    assert!(ran.stderr.contains("page.html; open it in a browser"), "{}", ran.stderr);
    let html = fs::read_to_string(&page).expect("the page");
    for attribute in [" src=", " href=", "@import", "url(", "sourceMappingURL"] {
        assert!(!html.contains(attribute), "{attribute}");
    }
    assert!(html.contains("default-src 'none'"));
    assert!(html.contains("Permission is hereby granted"), "the library's licence");
    for part in ["<td>2.0 KiB</td>", "1 KiB to 8 KiB", "Outputs, by size"] {
        assert!(html.contains(part), "{part}: every number stands in a table too");
    }
    let out = larder.run(["stats", "--html", "-"]).ok();
    assert!(out.starts_with("<!doctype html>") && out.ends_with("</html>\n"));
    assert_eq!(larder.run(["stats", "--json", "--html", "-"]).code, Some(2));
}

#[test]
fn a_directory_with_an_odd_name_is_shown_and_nothing_else() {
    let larder = Larder::new();
    let dir = larder.path("a <script>alert('1') & \"b\"");
    fs::create_dir(&dir).expect("a folder");
    let mut stats = support::bare(env!("CARGO_BIN_EXE_larder"));
    stats.arg("--dir").arg(&dir).args(["stats", "--html", "-"]);
    let page = support::Ran::of(&mut stats).ok();
    assert!(page.contains("a &lt;script&gt;alert('1') &amp; &quot;b&quot;"));
    assert!(!page.contains("<script>alert"));
    assert!(page.contains("Nothing is in this cache yet"));
}

#[test]
fn a_page_that_cannot_be_written_leaves_the_old_one() {
    let larder = Larder::new();
    larder.put("a", "bytes");
    let nowhere = larder.path("nowhere/page.html");
    let nowhere = nowhere.to_str().expect("UTF-8");
    larder.run(["stats", "--html", nowhere]).says(3, [nowhere, "make its folder first"]);
    let folder = larder.path("folder");
    fs::create_dir(&folder).expect("a folder");
    let folder = folder.to_str().expect("UTF-8");
    larder.run(["stats", "--html", folder]).says(3, [folder, "name a file in it"]);
}

#[test]
fn a_file_of_counters_that_is_far_too_large_is_cut_to_size() {
    let larder = Larder::new();
    let action = larder.put("a", "bytes");
    let today = today();
    let lines: String = (0..20_000).map(|n| record(today - n % 500, "serve 1 0 0 0")).collect();
    set_counters(&larder, &lines);
    let mut torn = OpenOptions::new().append(true).open(counters(&larder)).expect("counters");
    torn.write_all(b"v1 torn").expect("a torn line");
    larder.run(["get", &action]).ok();
    let size = fs::metadata(counters(&larder)).expect("counters").len();
    assert!(size < 100_000, "{size} of {}", lines.len());
    // The newest 400 of the 500 days, 40 records each.
    assert_eq!(stats(&larder)["use"]["serve"]["hits"], json!(16_000));
    assert_eq!(stats(&larder)["use"]["get"]["hits"], json!(1));
}
