//! `larder verify`: checks every entry and rehashes every output.

use anyhow::Result;
use cache_disk::{Bad, BadKind, CheckUpOptions, CheckUpReport, DiskCache};
use serde::Serialize;

use crate::failure::{self, Exit};
use crate::progress::Bar;
use crate::report::{self, Answers, PathJson, count};
use crate::session::Session;

/// Check every entry and rehash every output
///
/// Each bad file is named with its reason. The exit code is 1 when something bad is there at the
/// end: without --repair when anything was found, with it when something could not be removed.
/// What another program is writing at this moment is not judged. It is 3 when a folder could not be
/// listed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --json: {entries, outputs, output_bytes, without_output, unsettled, foreign, bad}, where bad is \
an array of {path, kind, reason, removed} and kind is entry or output. An entry without its output \
is not bad, it is a miss; unsettled are files that kept changing, foreign files that are not the \
cache's.

Example:
  larder verify || larder verify --repair")]
pub(crate) struct Args {
    /// Remove what is bad
    #[arg(long)]
    repair: bool,
}

#[derive(Serialize)]
struct Answer {
    entries: u64,
    outputs: u64,
    output_bytes: u64,
    without_output: u64,
    unsettled: u64,
    foreign: u64,
    bad: Vec<BadJson>,
}

#[derive(Serialize)]
struct BadJson {
    path: PathJson,
    kind: &'static str,
    reason: String,
    removed: bool,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let found = match session.open()?.or_tell(session) {
        Some(cache) => check(&cache, args.repair, session)?,
        None => CheckUpReport::default(),
    };
    let left = found.bad.iter().any(|bad| !bad.removed);
    let failed = !found.failures.is_empty();
    for failure in &found.failures {
        failure::tell(failure);
    }
    if session.json {
        report::json(&answer(found))?;
    } else {
        let mut answers = Answers::new();
        for bad in &found.bad {
            answers.line(format_args!("{}", bad_line(bad, args.repair)))?;
        }
        answers.line(format_args!("{}", summary(&found, args.repair)))?;
        answers.finish()?;
    }
    Ok(match (failed, left) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::No,
        (false, false) => Exit::Done,
    })
}

fn check(cache: &DiskCache, repair: bool, session: &Session) -> Result<CheckUpReport> {
    let bar = Bar::bytes(session.progress(), "checking");
    Ok(cache.check_up(&CheckUpOptions {
        repair,
        progress: Some(&|progress| bar.show(progress)),
        ..CheckUpOptions::default()
    })?)
}

fn kind(bad: &Bad) -> &'static str {
    match bad.kind {
        BadKind::Entry => "entry",
        BadKind::Output => "output",
    }
}

fn bad_line(bad: &Bad, repair: bool) -> String {
    let then = match (repair, bad.removed) {
        (true, true) => " (removed)",
        (true, false) => " (could not be removed)",
        (false, _) => "",
    };
    format!("bad {}: {}: {}{then}", kind(bad), report::path(&bad.path), bad.reason)
}

fn summary(found: &CheckUpReport, repair: bool) -> String {
    let mut line = format!(
        "{} and {} checked, {}: {} bad",
        count(found.entries, "entry", "entries"),
        count(found.outputs, "output", "outputs"),
        report::size(found.output_bytes),
        found.bad.len()
    );
    let removed = found.bad.iter().filter(|bad| bad.removed).count();
    if removed > 0 {
        line += &format!(", {removed} removed");
    }
    if found.without_output > 0 {
        line += &match found.without_output {
            1 => "; 1 entry whose output is gone or bad (it counts as a miss)".to_owned(),
            n => format!("; {n} entries whose output is gone or bad (they count as misses)"),
        };
    }
    if found.unsettled > 0 {
        line += &format!("; {} kept changing", count(found.unsettled, "file", "files"));
    }
    if found.foreign > 0 {
        line += &format!("; {} not the cache's", count(found.foreign, "file", "files"));
    }
    if !found.bad.is_empty() && !repair {
        line += "; larder verify --repair removes what is bad";
    }
    line
}

fn answer(found: CheckUpReport) -> Answer {
    Answer {
        entries: found.entries,
        outputs: found.outputs,
        output_bytes: found.output_bytes,
        without_output: found.without_output,
        unsettled: found.unsettled,
        foreign: found.foreign,
        bad: found
            .bad
            .into_iter()
            .map(|bad| BadJson {
                kind: kind(&bad),
                path: PathJson(bad.path),
                reason: bad.reason,
                removed: bad.removed,
            })
            .collect(),
    }
}
