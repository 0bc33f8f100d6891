//! The page of `larder stats --html` in a browser: that it draws what the numbers say, can be read in
//! light and in dark and on a small screen, and needs neither a mouse nor a network.

mod browser;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use browser::{Look, look_at};
use cache_core::OutputId;
use serde_json::{Value, json};
use support::{Larder, unused_for_days};

const LIGHT: Look = Look { width: 1280, dark: false };
const DARK: Look = Look { width: 1280, dark: true };
const SMALL: Look = Look { width: 500, dark: false };

/// A cache with outputs of many sizes and ages, used every day for three weeks.
fn busy_cache() -> Larder {
    let larder = Larder::new();
    for (n, size) in [10, 900, 2_000, 2_100, 9_000, 70_000, 600_000].into_iter().enumerate() {
        let bytes = vec![n as u8; size];
        larder.put(&format!("a{n}"), &bytes);
        larder.put(&format!("b{n}"), &bytes);
        unused_for_days(&larder.output_file(&bytes), n as u64);
    }
    let today = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() / 86_400;
    let mut counters = String::new();
    for back in 0..21 {
        for (kind, hits, misses) in [("get", 3 * back, 1), ("run", 40, back), ("serve", 1135, 92)] {
            let saved = if kind == "run" { 61_500_000_000 * back } else { 0 };
            let text = format!("v1 {} {kind} {hits} {misses} {misses} {saved} ", today - back);
            let checksum = OutputId::of(text.as_bytes()).to_string();
            counters += &format!("{text}{}\n", &checksum[..16]);
        }
    }
    fs::write(larder.dir().join("larder/counters"), counters).expect("the counters");
    larder
}

fn page(larder: &Larder) -> String {
    larder.run(["stats", "--html", "-"]).ok()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// What has to hold however the page is looked at.
fn assert_fine(found: &Value) {
    assert_eq!(found["problems"], json!([]));
    assert_eq!(found["fetched"], json!([]), "the page fetched something");
    assert!(number(&found["wide"]) <= number(&found["width"]), "wider than the window: {found}");
    // What WCAG 2 asks for: AA for text, and for what a chart is made of.
    assert!(number(&found["text_contrast"]) >= 4.5, "text: {}", found["text_contrast"]);
    if !found["bar_contrast"].is_null() {
        assert!(number(&found["bar_contrast"]) >= 3.0, "bars: {}", found["bar_contrast"]);
    }
    for chart in array(&found["charts"]) {
        let id = &chart["id"];
        assert_eq!(chart["crossed"], json!(0), "{id}: one value is written over another");
        assert_eq!(chart["outside"], json!(0), "{id}: a value is written outside of its figure");
        assert!(chart["name"].as_str().is_some_and(|name| name.starts_with("Chart: ")), "{id}");
    }
    for table in array(&found["tables"]) {
        assert_eq!(
            (&table["focused"], &table["toggled"], &table["shown"]),
            (&json!(true), &json!(true), &json!(true)),
            "a table that a keyboard does not open: {table}"
        );
    }
}

/// Asserts that every bar is as long as its value says, and returns how many there are.
fn assert_to_scale(chart: &Value) -> usize {
    let bars: Vec<&Value> = array(&chart["series"]).iter().flat_map(array).collect();
    let longest = bars
        .iter()
        .max_by(|a, b| number(&a["value"]).total_cmp(&number(&b["value"])))
        .expect("a chart with bars");
    let scale = number(&longest["length"]) / number(&longest["value"]);
    assert!(number(&longest["length"]) > 50.0, "{}: {longest}", chart["id"]);
    for bar in &bars {
        let expected = scale * number(&bar["value"]);
        assert!((number(&bar["length"]) - expected).abs() < 1.0, "{}: {bar}", chart["id"]);
        assert!(number(&bar["width"]) >= 8.0, "{}: {bar}", chart["id"]);
    }
    bars.len()
}

#[test]
fn every_chart_is_drawn_to_scale_and_has_its_numbers_in_a_table() {
    let found = look_at(&page(&busy_cache()), &LIGHT);
    assert_fine(&found);
    let charts = array(&found["charts"]);
    let ids: Vec<&str> = charts.iter().filter_map(|chart| chart["id"].as_str()).collect();
    let expected =
        ["days", "kinds", "saved", "sizes-count", "sizes-bytes", "ages-count", "ages-bytes"];
    assert_eq!(ids, expected);
    let bars: Vec<usize> = charts.iter().map(assert_to_scale).collect();
    // Two weeks of hits and misses, three kinds, two weeks, five sizes; a day more when midnight
    // has just passed.
    assert!(bars[..5] == [28, 6, 14, 5, 5], "{bars:?}");
    for (chart, table) in charts.iter().zip(array(&found["tables"])) {
        let id = &chart["id"];
        assert_eq!(table["open"], json!(false), "{id}: the chart stands for its table");
        let series = array(&chart["series"]);
        let rows = array(&table["rows"]);
        assert!(series.iter().all(|series| array(series).len() == rows.len()), "{id}");
    }
    let kinds = &array(&found["tables"])[1]["rows"];
    assert_eq!(
        *kinds,
        json!([["get", "630", "21"], ["run", "840", "210"], ["serve", "23835", "1932"]])
    );
    assert_eq!(charts[1]["labels"].as_array().map(Vec::len), Some(3));
    assert!(array(&charts[1]["labels"]).contains(&json!("25767")), "{}", charts[1]["labels"]);
    let sizes = array(&found["tables"])[3]["rows"].clone();
    assert_eq!(sizes[0], json!(["under 1 KiB", "2"]));
    assert_eq!(array(&found["tiles"])[..2], [json!("14"), json!("7")]);
}

#[test]
fn it_is_readable_in_the_dark() {
    let page = page(&busy_cache());
    let (light, dark) = (look_at(&page, &LIGHT), look_at(&page, &DARK));
    assert_fine(&dark);
    assert_eq!((&light["dark"], &dark["dark"]), (&json!(false), &json!(true)));
    assert_ne!(light["page"], dark["page"]);
}

#[test]
fn it_fits_on_a_small_screen() {
    let found = look_at(&page(&busy_cache()), &SMALL);
    assert_fine(&found);
    assert_eq!(found["width"], json!(SMALL.width));
    for chart in array(&found["charts"]) {
        assert_to_scale(chart);
        assert!(!array(&chart["labels"]).is_empty(), "{}: a chart without a value", chart["id"]);
    }
}

#[test]
fn a_cache_that_was_never_used_has_a_page() {
    let larder = Larder::new();
    fs::create_dir(larder.dir()).expect("a folder");
    let found = look_at(&page(&larder), &LIGHT);
    assert_fine(&found);
    assert_eq!(found["charts"], json!([]));
    assert_eq!(array(&found["tiles"])[0], json!("0"));
}

#[test]
fn a_cache_that_was_used_once_has_its_one_day() {
    let larder = Larder::new();
    larder.put("a", "bytes");
    let found = look_at(&page(&larder), &LIGHT);
    // A put is no lookup: everything in the charts of lookups is zero.
    assert_fine(&found);
    let charts = array(&found["charts"]);
    assert_eq!(charts[0]["labels"], json!(["0"]));
    assert_to_scale(&charts[2]);
}

#[test]
fn without_the_drawing_the_tables_are_there() {
    let page = page(&busy_cache()).replace("new Chartist.BarChart", "new Chartist.Gone");
    let found = look_at(&page, &LIGHT);
    assert_ne!(found["problems"], json!([]));
    let tables = array(&found["tables"]);
    assert_eq!(tables.len(), 7);
    assert!(tables.iter().all(|table| table["open"] == json!(true)), "{tables:?}");
}
