//! The answer as text.

use std::fmt::Write;
use std::time::SystemTime;

use super::gather::Stats;
use crate::counters::{Kind, Used};
use crate::report::histogram::{Histogram, bar, two_part_bar};
use crate::report::{self, count};

pub(super) fn text(stats: &Stats) -> String {
    let mut text = String::new();
    totals(&mut text, stats);
    histogram(&mut text, "size", &stats.sizes, report::size_limit);
    histogram(&mut text, "last use", &stats.ages, report::span);
    used(&mut text, stats);
    days(&mut text, stats);
    text
}

fn totals(text: &mut String, stats: &Stats) {
    let ago = |time: Option<SystemTime>| {
        time.map_or("never".to_owned(), |time| format!("{} ago", report::age(time, stats.now)))
    };
    let mut row = |name: &str, value: String| line(text, format_args!("{name:<12} {value}"));
    row("directory", report::path(&stats.dir));
    row("entries", stats.totals.entries.to_string());
    row(
        "outputs",
        format!("{}, {}", stats.totals.outputs, report::size(stats.totals.output_bytes)),
    );
    row("executables", format!("{} of the outputs", stats.totals.executables));
    row("on disk", report::size(stats.totals.disk_bytes));
    row(
        "sharing",
        match stats.shared_bytes {
            0 => "saves nothing yet: no two entries have the same output".to_owned(),
            saved => format!(
                "saves {} of {}: equal outputs are stored once",
                report::size(saved),
                report::size(stats.logical_bytes)
            ),
        },
    );
    row("oldest use", ago(stats.totals.oldest_use));
    row("newest use", ago(stats.totals.newest_use));
    if stats.totals.leftovers > 0 {
        row("leftovers", count(stats.totals.leftovers, "temporary file", "temporary files"));
    }
}

fn histogram(text: &mut String, of: &str, histogram: &Histogram, shown: fn(u64) -> String) {
    let buckets = histogram.filled();
    if buckets.is_empty() {
        return;
    }
    line(text, format_args!("\n{of:<20} {:>8} {:>10}", "outputs", "bytes"));
    let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0);
    for bucket in buckets {
        let label = bucket.label(shown);
        let bytes = report::size(bucket.bytes);
        let bar = bar(bucket.count, most);
        let row = format!("  {label:<18} {:>8} {bytes:>10}  {bar}", bucket.count);
        line(text, format_args!("{}", row.trim_end()));
    }
}

fn used(text: &mut String, stats: &Stats) {
    let Some(since) = stats.since() else {
        text.push_str("\nused         not yet by `larder get`, `put`, `run` or `serve`\n");
        return;
    };
    let since = format!("used since {}", report::date(since));
    line(
        text,
        format_args!(
            "\n{since:<22} {:>8} {:>8} {:>8} {:>8}  time saved",
            "hits", "misses", "puts", "hit rate"
        ),
    );
    for kind in Kind::ALL {
        let used = stats.of_kind(kind);
        let Used { hits, misses, puts, saved, .. } = used;
        let rate = hit_rate(hits, misses);
        let saved = match kind {
            Kind::Run => report::duration(saved),
            Kind::Get | Kind::Serve => "-".to_owned(),
        };
        let name = kind.name();
        line(text, format_args!("  {name:<20} {hits:>8} {misses:>8} {puts:>8} {rate:>8}  {saved}"));
    }
    if stats.counted.damaged > 0 {
        let records = count(stats.counted.damaged, "damaged record", "damaged records");
        line(text, format_args!("  {records} left out"));
    }
}

/// The last two weeks, in which `█` is hits and `░` misses.
fn days(text: &mut String, stats: &Stats) {
    if stats.since().is_none() {
        return;
    }
    line(
        text,
        format_args!("\n{:<22} {:>8} {:>8}  █ hits ░ misses", "day (UTC)", "hits", "misses"),
    );
    let lookups = |day| {
        let (hits, misses): (u64, u64) = stats.lookups(day);
        hits.saturating_add(misses)
    };
    let most = stats.shown_days().map(lookups).max().unwrap_or(0);
    for day in stats.shown_days() {
        let (hits, misses) = stats.lookups(day);
        let label = format!("{} {}", report::date(day), report::weekday(day));
        let row =
            format!("  {label:<20} {hits:>8} {misses:>8}  {}", two_part_bar(hits, misses, most));
        line(text, format_args!("{}", row.trim_end()));
    }
}

/// Hits of all lookups, for people.
pub(super) fn hit_rate(hits: u64, misses: u64) -> String {
    match hits.saturating_add(misses) {
        0 => "-".to_owned(),
        lookups => format!("{:.0}%", (100.0 * hits as f64 / lookups as f64).floor()),
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
