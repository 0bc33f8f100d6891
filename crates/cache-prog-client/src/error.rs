//! What goes wrong with a helper.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use cache_prog_wire::Command;

/// What a helper did wrong. The methods of [`ProgCache`](crate::ProgCache) give it as
/// [`cache_core::Error::Backend`], from which it can be had back with `downcast_ref`.
#[derive(Debug, Clone)]
pub struct HelperError {
    /// The helper's program, as the command names it.
    pub program: String,
    /// What it did.
    pub problem: HelperProblem,
    /// How it exited, when it has done so by itself.
    pub status: Option<ExitStatus>,
}

impl fmt::Display for HelperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cache helper {:?} {}", self.program, self.problem)?;
        match self.status {
            Some(status) => write!(f, " ({status})"),
            None => Ok(()),
        }
    }
}

impl StdError for HelperError {
    // The problem's own text is part of this one's.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.problem.source()
    }
}

impl From<HelperError> for cache_core::Error {
    fn from(error: HelperError) -> Self {
        Self::Backend(Box::new(error))
    }
}

/// What a helper did wrong. After [`Refused`](Self::Refused), [`NoPath`](Self::NoPath),
/// [`RelativePath`](Self::RelativePath) and [`ImpossiblePath`](Self::ImpossiblePath) it goes on
/// serving; after any other it has been ended.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HelperProblem {
    /// It exited before it was asked to.
    #[error("has exited")]
    Exited,
    /// It closed its stdout and ran on.
    #[error("closed its stdout")]
    ClosedOutput,
    /// It closed its stdin and ran on.
    #[error("closed its stdin")]
    ClosedInput,
    /// It wrote something that is not the protocol. The source says which message and which byte.
    #[error("wrote what is not the cache protocol: {0}")]
    Garbage(#[source] Arc<cache_prog_wire::Error>),
    /// It answered a request that was not made, or was answered before.
    #[error("answered request {0}, for which nobody waits")]
    UnknownId(i64),
    /// Its first message names no command that it can do.
    #[error("declared no commands{}", and_said(error))]
    DeclaredNothing {
        /// The error that it gave with it; often empty.
        error: String,
    },
    /// It did not say what it can do within the start's limit.
    #[error("did not say within {0:?} what it can do")]
    NeverDeclared(Duration),
    /// It did not answer within the limit.
    #[error("did not answer a {command} within {after:?}")]
    NoAnswer {
        /// What it was asked for.
        command: Command,
        /// The limit.
        after: Duration,
    },
    /// It took nothing of what it was being sent for as long as the limit is.
    #[error("has read nothing of what it is sent for {0:?}")]
    NotReading(Duration),
    /// It was ended in the middle of a put, whose source had failed or had other bytes than before:
    /// it would have stored a wrong output. The put itself got the source's error.
    #[error("was ended because what it was being sent could not be finished")]
    HalfSent,
    /// It answered with an error.
    #[error("answers a {command} with the error {message:?}")]
    Refused {
        /// What it was asked for.
        command: Command,
        /// What it says.
        message: String,
    },
    /// It answered a put without the path of the output's file.
    #[error("answers a put without a path")]
    NoPath,
    /// It answered a put with a path that is not absolute.
    #[error("answers a put with the relative path {0:?}")]
    RelativePath(PathBuf),
    /// It answered a put with a path that has a NUL in it, or is longer than any that the system
    /// opens.
    #[error("answers a put with a path that no file can have")]
    ImpossiblePath,
    /// It ran on after it was closed, longer than the limit, and was ended.
    #[error("did not exit within {0:?} after it was closed")]
    StillRunning(Duration),
}

fn and_said(error: &str) -> String {
    if error.is_empty() { String::new() } else { format!(", with the error {error:?}") }
}

/// Why a helper's answer to a lookup is a miss, beside its own "no". It stands in
/// [`MissReason::Other`](cache_core::MissReason::Other).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HelperMiss {
    /// The helper knows no `get`: it only stores.
    #[error("the helper knows no get")]
    NoGet,
    /// The hit has no path.
    #[error("the helper's hit has no path")]
    NoPath,
    /// The hit's path is not absolute.
    #[error("the helper's hit has the relative path {0:?}")]
    RelativePath(PathBuf),
    /// The hit's path has a NUL in it, or is longer than any that the system opens.
    #[error("the helper's hit has a path that no file can have")]
    ImpossiblePath,
    /// The hit's output ID does not have 32 bytes.
    #[error("the helper's hit has an output ID of {length} bytes")]
    OutputId {
        /// How many it has.
        length: usize,
    },
    /// The hit's size is negative.
    #[error("the helper's hit has a size of {0} bytes")]
    Size(i64),
}

impl From<HelperMiss> for cache_core::MissReason {
    fn from(miss: HelperMiss) -> Self {
        Self::Other(Box::new(miss))
    }
}

/// Why a helper could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The command cannot be split into a program and its arguments.
    #[error("cannot read the cache helper's command {command:?}: {source}")]
    Quoting {
        /// The command.
        command: String,
        /// What is wrong with it.
        source: UnterminatedQuote,
    },
    /// The command names no program.
    #[error("the cache helper's command is empty")]
    NoProgram,
    /// The system did not start the program, or gave no thread to read its replies.
    #[error("cannot start cache helper {program:?}: {source}")]
    Spawn {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The helper was started and is of no use. It has been ended.
    #[error(transparent)]
    Helper(#[from] HelperError),
}

impl From<StartError> for cache_core::Error {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Helper(error) => error.into(),
            error => Self::Backend(Box::new(error)),
        }
    }
}

/// A field in quotes that has no end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unterminated {quote} string")]
pub struct UnterminatedQuote {
    /// The quote it begins with.
    pub quote: char,
}
