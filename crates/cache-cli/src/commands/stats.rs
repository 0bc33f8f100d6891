//! `larder stats`: what is in the cache.

use std::time::SystemTime;

use anyhow::Result;
use serde::Serialize;

use crate::failure::Exit;
use crate::report::{self, Answers, PathJson};
use crate::session::Session;

/// Show what is in the cache, how large and how old it is
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --json: {dir, entries, outputs, executables, leftovers, output_bytes, disk_bytes, oldest_use,
newest_use}; executables are among the outputs, leftovers are temporary files, output_bytes is
the outputs' sizes added up, disk_bytes what entries and outputs take on disk.

Example:
  larder stats --json | jq .disk_bytes")]
pub(crate) struct Args {}

#[derive(Serialize)]
struct Answer {
    dir: PathJson,
    entries: u64,
    outputs: u64,
    executables: u64,
    leftovers: u64,
    output_bytes: u64,
    disk_bytes: u64,
    oldest_use: Option<String>,
    newest_use: Option<String>,
}

pub(crate) fn run(_: &Args, session: &Session) -> Result<Exit> {
    let cache = session.open()?;
    let usage = cache.totals()?;
    if session.json {
        report::json(&Answer {
            dir: PathJson(cache.dir().to_owned()),
            entries: usage.entries,
            outputs: usage.outputs,
            executables: usage.executables,
            leftovers: usage.leftovers,
            output_bytes: usage.output_bytes,
            disk_bytes: usage.disk_bytes,
            oldest_use: usage.oldest_use.map(report::time),
            newest_use: usage.newest_use.map(report::time),
        })?;
        return Ok(Exit::Done);
    }
    let now = SystemTime::now();
    let ago = |time: Option<SystemTime>| {
        time.map_or("never".to_owned(), |time| format!("{} ago", report::age(time, now)))
    };
    let mut answers = Answers::new();
    let mut row = |name: &str, value: String| answers.line(format_args!("{name:<12} {value}"));
    row("directory", report::path(cache.dir()))?;
    row("entries", usage.entries.to_string())?;
    row("outputs", format!("{}, {}", usage.outputs, report::size(usage.output_bytes)))?;
    row("executables", format!("{} of the outputs", usage.executables))?;
    row("on disk", report::size(usage.disk_bytes))?;
    row("oldest use", ago(usage.oldest_use))?;
    row("newest use", ago(usage.newest_use))?;
    if usage.leftovers > 0 {
        row("leftovers", report::count(usage.leftovers, "temporary file", "temporary files"))?;
    }
    answers.finish()?;
    Ok(Exit::Done)
}
