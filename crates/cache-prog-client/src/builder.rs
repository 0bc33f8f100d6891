//! How a helper is started.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::client::ProgCache;
use crate::error::StartError;
use crate::multiplex::Helper;
use crate::quoting;
use crate::waiting::{Notice, Waiting, to_log};

/// How long a helper may take to say what it can do, if nothing else was set. It should be instant;
/// one that has to log in somewhere first takes seconds.
pub const DEFAULT_START_DEADLINE: Duration = Duration::from_secs(60);

/// How long a helper may take to answer a request, if nothing else was set. One that fetches a
/// gigabyte for it, at 4 MB/s, takes as long.
pub const DEFAULT_REPLY_DEADLINE: Duration = Duration::from_secs(5 * 60);

/// How long a helper may take to exit, if nothing else was set.
pub const DEFAULT_CLOSE_DEADLINE: Duration = Duration::from_secs(60);

/// A helper that is to be started; [`ProgCache::builder`] makes it.
#[derive(Clone)]
#[must_use]
pub struct Builder {
    command: String,
    fuzz_dir: PathBuf,
    env: Vec<(OsString, OsString)>,
    limits: Limits,
    notice: Notice,
}

/// How long the helper may take for what.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) start: Duration,
    pub(crate) reply: Duration,
    pub(crate) close: Duration,
}

impl Builder {
    pub(crate) fn new(command: String, fuzz_dir: PathBuf) -> Self {
        let limits = Limits {
            start: DEFAULT_START_DEADLINE,
            reply: DEFAULT_REPLY_DEADLINE,
            close: DEFAULT_CLOSE_DEADLINE,
        };
        Self { command, fuzz_dir, env: Vec::new(), limits, notice: Arc::new(to_log) }
    }

    /// Sets a variable in the helper's environment, which is otherwise that of this process.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// How long the helper may take to say what it can do. [`DEFAULT_START_DEADLINE`] otherwise.
    pub fn start_deadline(mut self, limit: Duration) -> Self {
        self.limits.start = limit;
        self
    }

    /// How long the helper may take to answer a request once it has been sent, and how long it may
    /// read nothing while it is being sent one. When the time is over the helper is ended, and with
    /// it every other call: replies to what it was asked can no longer be told apart.
    /// [`DEFAULT_REPLY_DEADLINE`] otherwise.
    pub fn reply_deadline(mut self, limit: Duration) -> Self {
        self.limits.reply = limit;
        self
    }

    /// How long the helper may take, from the beginning of [`close`](cache_core::Cache::close), to
    /// finish and exit. When the time is over it is ended. [`DEFAULT_CLOSE_DEADLINE`] otherwise.
    pub fn close_deadline(mut self, limit: Duration) -> Self {
        self.limits.close = limit;
        self
    }

    /// Calls `notice` after every five seconds in which this process only waits for the helper: for
    /// what it can do, for an answer, for it to take what it is being sent, or for it to exit. Calls
    /// that wait at the same time share one notice, on the thread of any of them. A warning in the
    /// log otherwise. Outside Unix a helper that does not take what it is being sent is not told of.
    pub fn on_waiting(mut self, notice: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        self.notice = Arc::new(notice);
        self
    }

    /// Starts the helper and waits until it has said what it can do. Its stderr is that of this
    /// process.
    ///
    /// # Errors
    ///
    /// When the command names no program or one that cannot be started, and when the helper does
    /// not come to speak the protocol. Nothing of it is left running then.
    pub fn start(self) -> Result<ProgCache, StartError> {
        let fields = quoting::split(&self.command)
            .map_err(|source| StartError::Quoting { command: self.command.clone(), source })?;
        let (&program, arguments) = fields.split_first().ok_or(StartError::NoProgram)?;
        let mut command = Command::new(program);
        command.args(arguments).envs(self.env);
        let helper = Helper::start(program, command, self.limits, self.notice)?;
        Ok(ProgCache::new(helper, self.fuzz_dir))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("command", &self.command).finish_non_exhaustive()
    }
}
