//! `larder clean`: removes every entry.

use anyhow::Result;
use cache_disk::Removed;
use serde::Serialize;

use crate::failure::Exit;
use crate::report::{self, Answers, RemovedJson};
use crate::session::Session;

/// Remove every entry and every output
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --json: {removed}, which is {entries, outputs, leftovers, bytes}, with bytes on disk.

Example:
  larder clean")]
pub(crate) struct Args {
    /// Remove the fuzzing corpora too, which trim leaves alone
    #[arg(long)]
    fuzz: bool,
}

#[derive(Serialize)]
struct Answer {
    removed: RemovedJson,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let removed = match session.open()?.or_tell(session) {
        Some(cache) => cache.clean(args.fuzz)?,
        None => Removed::default(),
    };
    if session.json {
        report::json(&Answer { removed: (&removed).into() })?;
        return Ok(Exit::Done);
    }
    let mut answers = Answers::new();
    answers.line(format_args!("removed {}", report::removed(&removed)))?;
    answers.finish()?;
    Ok(Exit::Done)
}
