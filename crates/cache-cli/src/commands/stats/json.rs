//! The answer in JSON.

use serde::Serialize;

use super::gather::Stats;
use crate::counters::{Day, Kind, Used};
use crate::report::histogram::{Bucket, Histogram};
use crate::report::{self, PathJson};

#[derive(Serialize)]
pub(super) struct Answer {
    dir: PathJson,
    entries: u64,
    outputs: u64,
    executables: u64,
    leftovers: u64,
    output_bytes: u64,
    disk_bytes: u64,
    logical_bytes: u64,
    shared_bytes: u64,
    oldest_use: Option<String>,
    newest_use: Option<String>,
    sizes: Vec<BucketJson>,
    ages: Vec<BucketJson>,
    r#use: UseJson,
}

#[derive(Serialize)]
struct BucketJson {
    from: u64,
    below: Option<u64>,
    outputs: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct UseJson {
    since: Option<String>,
    damaged: u64,
    #[serde(flatten)]
    kinds: KindsJson,
    days: Vec<DayJson>,
}

#[derive(Serialize)]
struct KindsJson {
    get: UsedJson,
    run: UsedJson,
    serve: UsedJson,
}

#[derive(Serialize)]
struct DayJson {
    day: String,
    #[serde(flatten)]
    kinds: KindsJson,
}

#[derive(Serialize)]
struct UsedJson {
    hits: u64,
    misses: u64,
    puts: u64,
    saved_seconds: f64,
}

pub(super) fn answer(stats: &Stats) -> Answer {
    Answer {
        dir: PathJson(stats.dir.clone()),
        entries: stats.totals.entries,
        outputs: stats.totals.outputs,
        executables: stats.totals.executables,
        leftovers: stats.totals.leftovers,
        output_bytes: stats.totals.output_bytes,
        disk_bytes: stats.totals.disk_bytes,
        logical_bytes: stats.logical_bytes,
        shared_bytes: stats.shared_bytes,
        oldest_use: stats.totals.oldest_use.map(report::time),
        newest_use: stats.totals.newest_use.map(report::time),
        sizes: buckets(&stats.sizes),
        ages: buckets(&stats.ages),
        r#use: UseJson {
            since: stats.since().map(report::date),
            damaged: stats.counted.damaged,
            kinds: KindsJson::of(|kind| stats.of_kind(kind)),
            days: days(stats),
        },
    }
}

fn buckets(histogram: &Histogram) -> Vec<BucketJson> {
    let bucket = |&Bucket { from, below, count, bytes }: &Bucket| BucketJson {
        from,
        below,
        outputs: count,
        bytes,
    };
    histogram.buckets.iter().map(bucket).collect()
}

fn days(stats: &Stats) -> Vec<DayJson> {
    let json = |day: Day| DayJson {
        day: report::date(day),
        kinds: KindsJson::of(|kind| stats.on(day, kind)),
    };
    stats.counted.days().into_iter().map(json).collect()
}

impl KindsJson {
    fn of(used: impl Fn(Kind) -> Used) -> Self {
        let json = |kind: Kind| {
            let Used { hits, misses, puts, saved, .. } = used(kind);
            UsedJson { hits, misses, puts, saved_seconds: saved.as_secs_f64() }
        };
        Self { get: json(Kind::Get), run: json(Kind::Run), serve: json(Kind::Serve) }
    }
}
