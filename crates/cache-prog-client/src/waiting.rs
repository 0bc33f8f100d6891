//! Saying that the helper is waited for.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cache_prog_wire::Command;
use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::lock;

/// How long the helper is waited for until that is said, and said again.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What a helper is being waited for. Its text is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The helper's program, as the command names it.
    pub program: String,
    /// What it has not done yet.
    pub what: WaitingFor,
}

/// What a helper has not done yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitingFor {
    /// To say what it can do.
    Start,
    /// To answer this.
    Answer(Command),
    /// To read what it is being sent.
    Reading,
    /// To exit, when it is closed.
    Exit,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "still waiting for the cache helper {:?} to ", self.program)?;
        match &self.what {
            WaitingFor::Start => f.write_str("say what it can do"),
            WaitingFor::Answer(command) => write!(f, "answer a {command}"),
            WaitingFor::Reading => f.write_str("read what it is being sent"),
            WaitingFor::Exit => f.write_str("exit"),
        }
    }
}

/// Is told what is being waited for.
pub(crate) type Notice = Arc<dyn Fn(&Waiting) + Send + Sync>;

/// To the log.
pub(crate) fn to_log(waiting: &Waiting) {
    tracing::warn!("{waiting}");
}

/// Says that one helper is waited for.
pub(crate) struct Waits {
    program: String,
    notice: Notice,
    /// When that was said last, by whoever it was.
    last: Mutex<Option<Instant>>,
}

impl Waits {
    pub(crate) fn new(program: &str, notice: Notice) -> Self {
        Self { program: program.to_owned(), notice, last: Mutex::default() }
    }

    /// Says that it is being waited for, for as long as [`PATIENCE`] by now.
    pub(crate) fn say(&self, what: &WaitingFor) {
        {
            let mut last = lock(&self.last);
            if last.is_some_and(|last| last.elapsed() < PATIENCE) {
                return;
            }
            *last = Some(Instant::now());
        }
        (self.notice)(&Waiting { program: self.program.clone(), what: what.clone() });
    }

    /// What comes within `limit`.
    pub(crate) fn receive<T>(
        &self,
        from: &Receiver<T>,
        limit: Duration,
        what: &WaitingFor,
    ) -> Result<T, RecvTimeoutError> {
        // `None` for a moment so far away that the clock does not know it.
        let until = Instant::now().checked_add(limit);
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            match from.recv_timeout(left.unwrap_or(PATIENCE).min(PATIENCE)) {
                Err(RecvTimeoutError::Timeout) if left.is_none_or(|left| left > PATIENCE) => {
                    self.say(what);
                }
                received => return received,
            }
        }
    }
}
