//! Trying out the helper that the settings name, for a program that says what is wrong with it.

use std::time::{Duration, Instant};

use cache_core::Cache;
use cache_prog_client::{ProgCache, StartError};

use crate::open::not_misled;
use crate::settings::Settings;

/// What came of starting a helper and ending it.
#[derive(Debug)]
#[non_exhaustive]
pub struct TriedHelper {
    /// What it says that it can do, as the protocol calls that: `get`, `put`, `close`.
    pub commands: Vec<String>,
    /// How long it took to say so.
    pub started_in: Duration,
    /// How long it then took to end, or what went wrong there. One that did not end was ended.
    pub ended_in: Result<Duration, cache_core::Error>,
}

/// Starts the helper that the settings name, as [`open()`](crate::open()) does it, waits until it has
/// said what it can do, and lets it end. It is asked for nothing else. `None`: they name none.
///
/// It may take `limit` to start, and as long again to end.
///
/// # Errors
///
/// When it does not start, or does not say what it can do. Nothing of it is left running then.
pub fn try_helper(settings: &Settings, limit: Duration) -> Result<Option<TriedHelper>, StartError> {
    let Some(prog) = &settings.prog.value else { return Ok(None) };
    // It stands for the folder beside the directory, which nobody asks for here.
    let helper = not_misled(ProgCache::builder(prog, ""), settings.names());
    let begun = Instant::now();
    let helper = helper.start_deadline(limit).close_deadline(limit).start()?;
    let started_in = begun.elapsed();
    let commands = helper.commands().map(str::to_owned).collect();
    let begun = Instant::now();
    let ended_in = helper.close().map(|()| begun.elapsed());
    Ok(Some(TriedHelper { commands, started_in, ended_in }))
}
