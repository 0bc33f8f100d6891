//! `larder trim`: removes what has not been used for a while, or what is over the size limit.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use cache_default::{Flags, Settings, parse_max_age};
use cache_disk::{Outcome, Removed, TrimOptions, TrimReport};
use serde::Serialize;

use crate::args::{MaxSize, max_size};
use crate::failure::{self, Exit};
use crate::progress::Bar;
use crate::report::{self, Answers, RemovedJson, count};
use crate::session::Session;
use crate::settings;

/// Remove what was not used for a while, or what is over the size limit
///
/// A file goes when it was not used for --max-age and an hour. A size limit removes the least
/// recently used files first, and never what was used within the last hours.
///
/// By what the settings say, a trim by age is due once a day, and one by size once an hour; the go
/// command's own trims count. With --max-age, --max-size, --dry-run or --force it is done now.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --json: {dry_run, by_age, by_size, removed, in_use, over_limit, failures}. by_age and by_size \
are {outcome} with outcome one of done, not_due (with last, the time of the last trim), cut (with \
folders_left of the 256) and busy (another process is at it); by_size is null without a limit. \
removed is {entries, outputs, leftovers, bytes}, with bytes on disk; in_use counts the files that \
were due but used at that moment; over_limit is how many bytes over the limit the rest still is.

Example:
  larder trim --max-size 10GiB --dry-run")]
pub(crate) struct Args {
    /// Remove what was not used for this long [default: the settings file's max-age, else 5d]
    #[arg(long, value_name = "AGE", value_parser = parse_max_age)]
    max_age: Option<Duration>,
    /// Remove the least recently used until no more than this is left, or off [default:
    /// LARDER_MAX_SIZE, else the settings file's max-size, else no limit]
    #[arg(long, value_name = "SIZE", value_parser = max_size)]
    max_size: Option<MaxSize>,
    /// Remove nothing, show what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Trim by the settings even when it is not due
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Answer {
    dry_run: bool,
    by_age: OutcomeJson,
    by_size: Option<OutcomeJson>,
    removed: RemovedJson,
    in_use: u64,
    over_limit: u64,
    failures: Vec<String>,
}

#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum OutcomeJson {
    Done,
    NotDue { last: String },
    Cut { folders_left: u16 },
    Busy,
    Other,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let settings = session.settings(Flags {
        max_size: settings::max_size_flag(args.max_size),
        max_age: settings::max_age_flag(args.max_age),
        ..Flags::default()
    })?;
    let Some(cache) = session.open_with(&settings)?.or_tell(session) else {
        return nothing(args, &settings, session);
    };
    let Settings { max_age, max_size, .. } = &settings;
    let age = report::whole_units(max_age.value);
    tracing::info!("by age: what was not used for {age} ({})", max_age.origin);
    if let Some(limit) = max_size.value {
        tracing::info!("by size: what is over {} ({})", report::size(limit), max_size.origin);
    }
    let bar = Bar::folders(session.progress(), "trimming");
    let report = cache.trim(&TrimOptions {
        max_age: settings.max_age.value,
        max_size: settings.max_size.value,
        force: args.is_due_at_once(),
        dry_run: args.dry_run,
        progress: Some(&|progress| bar.show(progress)),
        ..TrimOptions::default()
    })?;
    drop(bar);
    for error in &report.failures {
        failure::tell(error);
    }
    let exit = if report.failures.is_empty() { Exit::Done } else { Exit::Failed };
    if session.json {
        report::json(&answer(&report, args.dry_run))?;
        return Ok(exit);
    }
    let mut answers = Answers::new();
    for line in lines(&report, args.dry_run, SystemTime::now()) {
        answers.line(format_args!("{line}"))?;
    }
    answers.finish()?;
    Ok(exit)
}

impl Args {
    /// Whether it is done whenever the last one was. When it is due goes for what the settings say;
    /// who asks for a limit of its own, or to see what would be removed, means now.
    fn is_due_at_once(&self) -> bool {
        self.force || self.dry_run || self.max_age.is_some() || self.max_size.is_some()
    }
}

/// What a trim of nothing comes to.
fn nothing(args: &Args, settings: &Settings, session: &Session) -> Result<Exit> {
    let removed = Removed::default();
    if session.json {
        report::json(&Answer {
            dry_run: args.dry_run,
            by_age: OutcomeJson::Done,
            by_size: settings.max_size.value.map(|_| OutcomeJson::Done),
            removed: (&removed).into(),
            in_use: 0,
            over_limit: 0,
            failures: Vec::new(),
        })?;
        return Ok(Exit::Done);
    }
    let mut answers = Answers::new();
    answers.line(format_args!("{}", removed_line(&removed, args.dry_run)))?;
    answers.finish()?;
    Ok(Exit::Done)
}

fn removed_line(removed: &Removed, dry_run: bool) -> String {
    let verb = if dry_run { "would remove" } else { "removed" };
    format!("{verb} {}", report::removed(removed))
}

fn lines(report: &TrimReport, dry_run: bool, now: SystemTime) -> Vec<String> {
    let kinds = [("by age", Some(&report.by_age)), ("by size", report.by_size.as_ref())];
    let kinds = || kinds.iter().filter_map(|(kind, outcome)| Some((*kind, (*outcome)?)));
    let mut lines = Vec::new();
    if kinds().any(|(_, outcome)| matches!(outcome, Outcome::Done | Outcome::Cut { .. })) {
        lines.push(removed_line(&report.removed, dry_run));
    }
    if report.in_use > 0 {
        let files = count(report.in_use, "file was", "files were");
        lines.push(format!("{files} due but in use, and left alone"));
    }
    if report.over_limit > 0 {
        let over = report::size(report.over_limit);
        lines.push(format!(
            "still {over} over the limit: the rest was used within the last hours, which trim never \
             removes; larder clean removes all"
        ));
    }
    lines.extend(kinds().filter_map(|(kind, outcome)| match outcome {
        Outcome::NotDue { last } => Some(format!(
            "trim {kind} is not due: the last one was {} ago, at {}; --force trims anyway",
            report::age(*last, now),
            report::moment(*last)
        )),
        Outcome::Cut { folders_left } => Some(format!(
            "trim {kind} was cut short with {folders_left} of 256 folders left; \
             the next one goes on there"
        )),
        Outcome::Busy => Some(format!("trim {kind}: another process is at it; nothing was done")),
        _ => None,
    }));
    lines
}

fn answer(report: &TrimReport, dry_run: bool) -> Answer {
    Answer {
        dry_run,
        by_age: (&report.by_age).into(),
        by_size: report.by_size.as_ref().map(OutcomeJson::from),
        removed: (&report.removed).into(),
        in_use: report.in_use,
        over_limit: report.over_limit,
        failures: report.failures.iter().map(ToString::to_string).collect(),
    }
}

impl From<&Outcome> for OutcomeJson {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::NotDue { last } => Self::NotDue { last: report::time(*last) },
            Outcome::Cut { folders_left } => Self::Cut { folders_left: *folders_left },
            Outcome::Busy => Self::Busy,
            _ => Self::Other,
        }
    }
}
