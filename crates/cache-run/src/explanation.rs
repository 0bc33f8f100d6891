//! Why a command is run although it has been run before.

use std::fmt;
use std::time::{Duration, SystemTime};

use cache_core::{Cache, MissReason};
use cache_hash::KeySpace;

use crate::last::{How, Known, LastRun};
use crate::{Description, Difference, Miss, aligned, differences};

/// How many differences the text of an explanation has.
const SHOWN: usize = 20;

/// Why a command is run: what is different from the last run of the same task.
///
/// Its text has a first line, and for each difference one more.
#[derive(Debug)]
pub struct Explanation {
    /// What the task is called: its name, or else its command line.
    pub task: String,
    /// How long ago the last run began. `None` when none is known, and while a clock is wrong.
    pub ago: Option<Duration>,
    /// What the reason is.
    pub reason: Reason,
}

/// The reason why a command is run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// It was asked for.
    Forced,
    /// The cache is in verify mode, where nothing is found, not even the last run.
    VerifyMode,
    /// No earlier run is known.
    FirstRun,
    /// These parts of the key differ from those of the last run. Never empty.
    Changed(Vec<Difference>),
    /// Nothing differs, but the last run failed with this exit code, and failures were not to be
    /// stored, or are not to be replayed now.
    Failed(i32),
    /// Nothing differs, but this is the case. The text says what, after "nothing changed since the
    /// last run …, but".
    Unchanged(String),
    /// The last run cannot be looked up.
    Unknown(cache_core::Error),
}

impl Explanation {
    pub(crate) fn new(miss: &Miss, now: &Description, cache: &dyn Cache, keys: &KeySpace) -> Self {
        let task = name(now);
        let last = match miss {
            Miss::Forced => return Self { task, ago: None, reason: Reason::Forced },
            Miss::NoResult(MissReason::VerifyMode) => {
                return Self { task, ago: None, reason: Reason::VerifyMode };
            }
            _ => LastRun::of(cache, keys, now).known(keys),
        };
        let Known { description, began, how } = match last {
            Ok(Some(last)) => last,
            Ok(None) => return Self { task, ago: None, reason: Reason::FirstRun },
            Err(error) => return Self { task, ago: None, reason: Reason::Unknown(error) },
        };
        let differences = differences(&description, now);
        let reason = match differences.is_empty() {
            false => Reason::Changed(differences),
            true => although_unchanged(miss, how),
        };
        Self { task, ago: SystemTime::now().duration_since(began).ok(), reason }
    }
}

fn name(description: &Description) -> String {
    const LONGEST: usize = 60;
    if let Some(name) = &description.name {
        return name.to_string();
    }
    let words: Vec<String> = description.command.iter().map(ToString::to_string).collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Why there is no result although nothing changed.
fn although_unchanged(miss: &Miss, how: Option<How>) -> Reason {
    let not_there = match (miss, how) {
        (&Miss::Failure(code), _)
        | (Miss::NoResult(MissReason::NotFound), Some(How::Failed(code))) => {
            return Reason::Failed(code);
        }
        _ => matches!(miss, Miss::NoResult(MissReason::NotFound)),
    };
    Reason::Unchanged(match how {
        _ if !not_there => format!("its result cannot be replayed: {miss}"),
        Some(How::Stored) => "its result is no longer in the cache: it was trimmed".to_owned(),
        Some(How::Signalled(signal)) => format!("signal {signal} ended that"),
        Some(How::Interrupted) | None => "that was interrupted".to_owned(),
        Some(How::InputsChanged) => {
            "inputs changed while that went on, so its result was not stored".to_owned()
        }
        Some(How::NotMade) => "that did not make all its declared outputs".to_owned(),
        // Failures are told apart above.
        Some(How::NotStored | How::Failed(_)) => "its result could not be stored".to_owned(),
    })
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, ago, reason } = self;
        let ago = ago.map(|ago| format!(", {}", Ago(ago))).unwrap_or_default();
        match reason {
            Reason::Forced => f.write_str("run as asked, whether there is a result or not"),
            Reason::VerifyMode => {
                f.write_str("miss: the cache is in verify mode, where every command is run")
            }
            Reason::FirstRun => {
                write!(f, "miss: this is the first run of {task:?} that this cache knows of")
            }
            Reason::Unknown(error) => write!(f, "miss: cannot look up the last run: {error}"),
            Reason::Unchanged(but) => {
                write!(f, "miss: nothing changed since the last run of {task:?}{ago}, but {but}")
            }
            Reason::Failed(code) => write!(
                f,
                "miss: nothing changed since the last run of {task:?}{ago}, but that failed with \
                 exit code {code}"
            ),
            Reason::Changed(differences) => {
                let count = differences.len();
                let things = if count == 1 { "thing" } else { "things" };
                write!(f, "miss: {count} {things} changed since the last run of {task:?}{ago}")?;
                for line in aligned(differences, SHOWN) {
                    write!(f, "\n  {line}")?;
                }
                Ok(())
            }
        }
    }
}

/// How long ago something was, in words.
struct Ago(Duration);

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (count, unit) = match seconds {
            0 => return f.write_str("just now"),
            1..60 => (seconds, "second"),
            60..3_600 => (seconds / 60, "minute"),
            3_600..172_800 => (seconds / 3_600, "hour"),
            _ => (seconds / 86_400, "day"),
        };
        write!(f, "{count} {unit}{} ago", if count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests;
