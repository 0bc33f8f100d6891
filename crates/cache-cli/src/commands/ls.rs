//! `larder ls`: the entries.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ffi::OsString;
use std::time::SystemTime;

use anyhow::Result;
use cache_core::{ActionId, OutputId};
use cache_disk::{DiskCache, Listed};
use clap::ValueEnum;
use serde::Serialize;

use crate::args::{LineEnd, number, without_json};
use crate::failure::{self, Exit};
use crate::report::{self, Answers};
use crate::session::Session;

/// List the entries: action ID, output ID, size, age since the last use
///
/// Without --sort they come in no particular order and are shown as they are found. Looking does not
/// count as use.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --only path, entries whose output is gone are left out.

With --json: one object a line, {action, output, size, time, used}; time is when the entry was \
added, used when it was last used, give or take an hour.

Example:
  larder ls --sort size --limit 10
  larder ls --sort age --only path -0 | xargs -0 ls -l")]
pub(crate) struct Args {
    /// age: the least recently used first; size: the largest first
    #[arg(long)]
    sort: Option<Sort>,
    /// Show at most this many
    #[arg(long, value_name = "N", value_parser = number)]
    limit: Option<usize>,
    /// Show nothing else of each entry than this
    #[arg(long, value_name = "WHAT")]
    only: Option<Only>,
    #[command(flatten)]
    end: LineEnd,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sort {
    Age,
    Size,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Only {
    /// The action ID
    Action,
    /// The output ID
    Output,
    /// The path of the output's file
    Path,
}

#[derive(Serialize)]
struct Line {
    action: ActionId,
    output: OutputId,
    size: u64,
    time: String,
    used: String,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    without_json(session.json, args.only.is_some(), "--only")?;
    let end = args.end.byte(session.json)?;
    let Some(cache) = session.open()?.or_tell(session) else { return Ok(Exit::Done) };
    let mut exit = Exit::Done;
    let mut readable = cache.entries().filter_map(|listed| match listed {
        Ok(listed) => Some(listed),
        Err(error) => {
            exit = failure::tell(&error);
            None
        }
    });
    let limit = args.limit.unwrap_or(usize::MAX);
    let mut answers = Answers::new();
    let now = SystemTime::now();
    let mut show = |listed: &Listed| match args.only {
        _ if session.json => answers.json(&line(listed)),
        Some(only) => match field(&cache, listed, only) {
            Some(field) => answers.ended(field.as_encoded_bytes(), end),
            None => Ok(()),
        },
        None => answers.ended(columns(listed, now).as_bytes(), end),
    };
    match args.sort {
        None => readable.by_ref().take(limit).try_for_each(|listed| show(&listed))?,
        Some(Sort::Age) => {
            first(&mut readable, limit, |listed| listed.used).iter().try_for_each(&mut show)?;
        }
        Some(Sort::Size) => {
            let largest_first = |listed: &Listed| Reverse(listed.entry.size);
            first(&mut readable, limit, largest_first).iter().try_for_each(&mut show)?;
        }
    }
    drop(readable);
    answers.finish()?;
    Ok(exit)
}

fn line(listed: &Listed) -> Line {
    let Listed { action, entry, used, .. } = listed;
    Line {
        action: *action,
        output: entry.output,
        size: entry.size,
        time: report::time(entry.time),
        used: report::time(*used),
    }
}

/// `None`: there is none, for the output is gone.
fn field(cache: &DiskCache, listed: &Listed, only: Only) -> Option<OsString> {
    match only {
        Only::Action => Some(listed.action.to_string().into()),
        Only::Output => Some(listed.entry.output.to_string().into()),
        Only::Path => cache.peek_path(&listed.entry.output).map(Into::into),
    }
}

fn columns(listed: &Listed, now: SystemTime) -> String {
    let Listed { action, entry, used, .. } = listed;
    let size = report::short_size(entry.size);
    let age = report::age(*used, now);
    format!("{action}  {}  {size:>7}  {age:>4}", entry.output)
}

/// The first `limit` by `key`, in order. No more than these are held at a time, for a cache may
/// have millions.
fn first<K: Ord>(
    listed: &mut dyn Iterator<Item = Listed>,
    limit: usize,
    key: impl Fn(&Listed) -> K,
) -> Vec<Listed> {
    let mut heap = BinaryHeap::new();
    for listed in listed {
        heap.push(Ranked { key: (key(&listed), listed.action), listed });
        if heap.len() > limit {
            heap.pop();
        }
    }
    heap.into_sorted_vec().into_iter().map(|ranked| ranked.listed).collect()
}

struct Ranked<K> {
    key: K,
    listed: Listed,
}

impl<K: Ord> Ord for Ranked<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl<K: Ord> PartialOrd for Ranked<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Ord> PartialEq for Ranked<K> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<K: Ord> Eq for Ranked<K> {}
