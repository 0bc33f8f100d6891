//! What a run comes to.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use cache_core::{Error, MissReason};

use crate::outputs::OutputProblem;
use crate::{DescribeError, Difference, End, InputChange};

/// What a run came to.
#[derive(Debug)]
pub enum Outcome {
    /// The command was not run: its result was there.
    Replayed {
        /// The exit code.
        exit: i32,
        /// How long the command took when it ran.
        saved: Duration,
    },
    /// The command was run.
    Ran {
        /// How it ended.
        end: End,
        /// How long it took.
        took: Duration,
        /// Why it had to be run.
        miss: Miss,
        /// Whether its result is there for the next time, or why not.
        stored: Result<(), NotStored>,
    },
}

impl Outcome {
    /// The code to exit with, as the command did or would have.
    pub fn code(&self) -> i32 {
        match self {
            Outcome::Replayed { exit, .. } => *exit,
            Outcome::Ran { end, .. } => end.code(),
        }
    }
}

/// Why there was no result to replay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Miss {
    /// It was not looked for, as asked.
    #[error("the command was to be run in any case")]
    Forced,
    /// There is one of a run that failed, with this exit code, and failures were not asked for.
    #[error("it is that of a failure, with exit code {0}, and failures were not to be replayed")]
    Failure(i32),
    /// The cache has no record of it.
    #[error("{0}")]
    NoResult(MissReason),
    /// Something of the result is no longer there.
    #[error("{part}: {reason}")]
    Incomplete {
        /// `stdout`, `stderr` or the name of an output.
        part: String,
        /// Why it is not.
        reason: MissReason,
    },
    /// A part of the result is not what its record says, as when storing another result of the same
    /// inputs was cut short.
    #[error("{part} is not the one that the result was stored with")]
    Replaced {
        /// `stdout`, `stderr` or the name of an output.
        part: String,
    },
    /// The record is not one that this version reads.
    #[error("the record of the result is malformed: {0}")]
    Malformed(&'static str),
    /// The lookup failed.
    #[error("the lookup failed: {0}")]
    Failed(#[source] Error),
    /// An output could not be put where it belongs.
    #[error("cannot {operation} {}: {source}", path.display())]
    NotRestored {
        /// What was attempted, as a verb.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Miss {
    /// Whether it is one that happens every day, and not for something to look after.
    pub(crate) fn is_ordinary(&self) -> bool {
        match self {
            Miss::Forced | Miss::Failure(_) | Miss::Replaced { .. } => true,
            Miss::NoResult(reason) | Miss::Incomplete { reason, .. } => matches!(
                reason,
                MissReason::NotFound | MissReason::VerifyMode | MissReason::OutputGone(_)
            ),
            Miss::Malformed(_) | Miss::Failed(_) | Miss::NotRestored { .. } => false,
        }
    }
}

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Miss::Failed(error)
    }
}

/// Why a result was not stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotStored {
    /// The command failed, and failures were not to be stored. Its exit code.
    #[error("it failed with exit code {0}")]
    Exited(i32),
    /// A signal ended the command. Its number.
    #[error("signal {0} ended it")]
    Signalled(i32),
    /// This process was interrupted. The signal's number.
    #[error("it was interrupted")]
    Interrupted(i32),
    /// Inputs changed while the command ran, so that nobody knows which of their contents it saw.
    #[error("{}", inputs_changed(.0))]
    InputsChanged(Vec<Difference>),
    /// The inputs could not be looked at again.
    #[error("cannot see whether its inputs changed: {0}")]
    InputsUnknown(#[source] DescribeError),
    /// An output cannot be stored.
    #[error(transparent)]
    Output(#[from] OutputProblem),
    /// What the command said could not be kept.
    #[error("cannot keep what it wrote: {0}")]
    Capture(#[source] io::Error),
    /// Something that the command started still runs and holds its stdout or stderr, and may change
    /// its outputs too.
    #[error("a process that the command started still holds its stdout or stderr")]
    StillRunning,
    /// A run before this one was killed, and what that started still runs and may change the
    /// outputs.
    #[error("processes that an earlier, killed run started are still running")]
    Orphans,
    /// The cache did not take it.
    #[error(transparent)]
    Cache(#[from] Error),
}

fn inputs_changed(differences: &[Difference]) -> String {
    let what = match differences {
        [] => "its inputs".to_owned(),
        [Difference::Tool(name), ..] => format!("the executable of {name}"),
        [one] => format!("input {}", one.subject()),
        [one, ..] => format!("inputs {}", one.subject()),
    };
    let more = match differences.len() {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let is_new = |change: &Difference| matches!(change, Difference::Input(_, InputChange::Added));
    let happened = match differences {
        [one] if is_new(one) => "was added",
        [_, ..] if differences.iter().all(is_new) => "were added",
        [Difference::Input(_, InputChange::Removed)] => "was removed",
        [Difference::Input(_, InputChange::Rewritten)] => "was written to",
        _ => "changed",
    };
    format!("{what}{more} {happened} while the command ran")
}
