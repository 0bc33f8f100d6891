//! What the page draws: each chart with its numbers, and with these in words for its table.

use serde::Serialize;

use super::gather::Stats;
use crate::counters::{Day, Kind};
use crate::report::histogram::{Bucket, Histogram};
use crate::report::{self, duration};

/// A chart of bars; one of several series stacks them.
#[derive(Serialize)]
pub(super) struct Chart {
    pub(super) id: &'static str,
    shape: Shape,
    /// Whether the values have an axis.
    axis: bool,
    /// One for each bar.
    pub(super) labels: Vec<String>,
    pub(super) series: Vec<Series>,
    /// What a bar shows, in words, for its end.
    totals: Vec<String>,
    /// The largest value.
    most: f64,
    #[serde(skip)]
    pub(super) words: Words,
    /// Whether it takes a line of its own on a wide page.
    #[serde(skip)]
    pub(super) wide: bool,
}

/// What stands around a chart.
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) note: &'static str,
    /// What the labels are.
    pub(super) of: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    /// Bars that stand.
    Columns,
    /// Bars that lie.
    Rows,
}

#[derive(Serialize)]
pub(super) struct Series {
    pub(super) name: &'static str,
    values: Vec<f64>,
    /// The values in words.
    #[serde(skip)]
    pub(super) texts: Vec<String>,
}

impl Series {
    fn counts(name: &'static str, counts: Vec<u64>) -> Self {
        Self {
            name,
            values: counts.iter().map(|count| *count as f64).collect(),
            texts: counts.iter().map(u64::to_string).collect(),
        }
    }
}

/// The charts for which there is something to draw.
pub(super) fn charts(stats: &Stats) -> Vec<Chart> {
    let mut charts = Vec::new();
    if stats.since().is_some() {
        charts.extend([by_day(stats), by_kind(stats)]);
    }
    charts.extend(saved(stats));
    if stats.totals.outputs > 0 {
        charts.extend([
            sizes(stats, "sizes-count", false),
            sizes(stats, "sizes-bytes", true),
            ages(stats, "ages-count", false),
            ages(stats, "ages-bytes", true),
        ]);
    }
    charts
}

fn by_day(stats: &Stats) -> Chart {
    let days: Vec<(u64, u64)> = stats.shown_days().map(|day| stats.lookups(day)).collect();
    let words = Words {
        title: "Lookups by day",
        note: "The last two weeks, by the day in UTC, through get, run and serve.",
        of: "day",
    };
    Chart {
        shape: Shape::Columns,
        axis: true,
        ..lookups("days", words, stats.shown_days().map(day_label).collect(), &days)
    }
}

fn by_kind(stats: &Stats) -> Chart {
    let kinds = Kind::ALL.map(|kind| stats.of_kind(kind));
    lookups(
        "kinds",
        Words { title: "Lookups by kind", note: "Since the counting began.", of: "kind" },
        kinds.iter().map(|used| used.kind.name().to_owned()).collect(),
        &kinds.map(|used| (used.hits, used.misses)),
    )
}

/// A chart of hits and misses.
fn lookups(id: &'static str, words: Words, labels: Vec<String>, lookups: &[(u64, u64)]) -> Chart {
    let totals = || lookups.iter().map(|(hits, misses)| hits.saturating_add(*misses));
    Chart {
        id,
        shape: Shape::Rows,
        axis: false,
        labels,
        series: vec![
            Series::counts("hits", lookups.iter().map(|of| of.0).collect()),
            Series::counts("misses", lookups.iter().map(|of| of.1).collect()),
        ],
        totals: totals().map(|total| total.to_string()).collect(),
        most: totals().max().unwrap_or(0) as f64,
        words,
        wide: true,
    }
}

/// `None`: on none of the days that are shown was any time saved.
fn saved(stats: &Stats) -> Option<Chart> {
    let days: Vec<_> = stats.shown_days().map(|day| stats.on(day, Kind::Run).saved).collect();
    let texts: Vec<String> = days.iter().map(|saved| duration(*saved)).collect();
    let values: Vec<f64> = days.iter().map(|saved| saved.as_secs_f64()).collect();
    let chart = Chart {
        id: "saved",
        shape: Shape::Columns,
        axis: false,
        labels: stats.shown_days().map(day_label).collect(),
        totals: texts.clone(),
        most: values.iter().copied().fold(0.0, f64::max),
        series: vec![Series { name: "time saved", values, texts }],
        words: Words {
            title: "Time saved by run",
            note: "What the replayed commands took when they ran, less the replaying.",
            of: "day",
        },
        wide: true,
    };
    (chart.most > 0.0).then_some(chart)
}

fn sizes(stats: &Stats, id: &'static str, bytes: bool) -> Chart {
    let note = if bytes { "Where the space goes." } else { "How many there are of each size." };
    let title = if bytes { "Bytes, by size of output" } else { "Outputs, by size" };
    let words = Words { title, note, of: "size" };
    histogram(id, words, &stats.sizes, report::size_limit, bytes)
}

fn ages(stats: &Stats, id: &'static str, bytes: bool) -> Chart {
    let note = "A trim removes what was not used for five days, unless told otherwise.";
    let title = if bytes { "Bytes, by last use" } else { "Outputs, by last use" };
    let words = Words { title, note, of: "last use" };
    histogram(id, words, &stats.ages, report::span, bytes)
}

fn histogram(
    id: &'static str,
    words: Words,
    histogram: &Histogram,
    shown: fn(u64) -> String,
    bytes: bool,
) -> Chart {
    let value = |bucket: &Bucket| if bytes { bucket.bytes } else { bucket.count };
    let buckets = histogram.filled();
    let counts: Vec<u64> = buckets.iter().map(value).collect();
    let most = counts.iter().max().copied().unwrap_or(0) as f64;
    let mut series = Series::counts(if bytes { "bytes" } else { "outputs" }, counts);
    if bytes {
        series.texts = buckets.iter().map(|bucket| report::size(bucket.bytes)).collect();
    }
    Chart {
        id,
        shape: Shape::Rows,
        axis: false,
        labels: buckets.iter().map(|bucket| bucket.label(shown)).collect(),
        totals: series.texts.clone(),
        most,
        series: vec![series],
        words,
        wide: false,
    }
}

/// A day in two lines: `Fri` and `11-20`.
fn day_label(day: Day) -> String {
    let date = report::date(day);
    let (_, month_and_day) = date.split_once('-').unwrap_or_default();
    format!("{}\n{month_and_day}", report::weekday(day))
}
