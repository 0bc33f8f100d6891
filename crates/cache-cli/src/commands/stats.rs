//! `larder stats`: what is in the cache, and how it has been used.

mod charts;
mod gather;
mod json;
mod page;
mod sharing;
mod text;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;

use crate::args::without_json;
use crate::failure::Exit;
use crate::report::{self, Answers};
use crate::session::{Existing, Session, no_cache_yet};
use crate::target::Target;

/// Show what is in the cache, how large and how old it is, and how it has been used
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What `larder get`, `put`, `run` and `serve` did is counted when they end, by the day in UTC, and kept \
for 400 days of use. What `go` does without `larder serve` is not counted.

With --json: {dir, entries, outputs, executables, leftovers, output_bytes, disk_bytes, \
logical_bytes, shared_bytes, oldest_use, newest_use, sizes, ages, use}. executables are among the \
outputs, leftovers are temporary files, output_bytes is the outputs' sizes added up, disk_bytes what \
entries and outputs take on disk; logical_bytes is what it would be if every entry had an output of \
its own, shared_bytes what sharing equal outputs saves of that. sizes and ages are arrays of {from, \
below, outputs, bytes}: the outputs by their size in bytes, and by the seconds since their last use; \
below is null in the last. use is {since, damaged, get, run, serve, days}: get (which counts `larder \
put` too), run and serve are {hits, misses, puts, saved_seconds} each, days is an array of {day, get, run, serve}, the oldest \
first, without the days on which nothing was counted; damaged is how many records could not be \
read and were left out.

Example:
  larder stats --html cache.html
  larder stats --json | jq .disk_bytes")]
pub(crate) struct Args {
    /// Write one web page with all of it as charts, which needs no network; - is stdout
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    without_json(session.json, args.html.is_some(), "--html")?;
    let now = SystemTime::now();
    let stats = match session.open()? {
        Existing::Cache(cache) => gather::gather(&cache, now)?,
        Existing::NotYet(dir) => {
            session.note(&no_cache_yet(&dir));
            gather::nothing(dir, now)
        }
    };
    match &args.html {
        _ if session.json => report::json(&json::answer(&stats))?,
        Some(file) => write_page(&page::page(&stats)?, file, session)?,
        None => {
            let mut answers = Answers::new();
            answers.bytes(text::text(&stats).as_bytes())?;
            answers.finish()?;
        }
    }
    Ok(Exit::Done)
}

fn write_page(page: &str, file: &Path, session: &Session) -> Result<()> {
    if file.as_os_str() == "-" {
        let mut answers = Answers::new();
        answers.bytes(page.as_bytes())?;
        return answers.finish();
    }
    let mut target = Target::create(file)?;
    target.write(page.as_bytes())?;
    target.publish()?;
    session.note(&format!("wrote {}; open it in a browser", report::path(file)));
    Ok(())
}
