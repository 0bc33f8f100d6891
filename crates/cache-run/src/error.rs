//! Failures of a run itself.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::DescribeError;
use crate::execute::Invocation;

/// A failure of a run itself; what the command does is no such thing, and neither is a cache that
/// does not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The task cannot be described.
    #[error(transparent)]
    Describe(#[from] DescribeError),
    /// A declared output is a folder that the whole project is in, or the command: replaying it would
    /// replace the inputs, and the history too.
    #[error(
        "output {} has the working directory or the project's root in it: name what the command makes",
        .0.display()
    )]
    TooWide(PathBuf),
    /// The command could not be started.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The program, as it was named.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program, as it was named, is a script, and what is to run it is not there.
    #[error("cannot start {}: the interpreter that its first line names is not there", .0.display())]
    NoInterpreter(PathBuf),
    /// Signals or the command could not be listened to. A command that was running was ended.
    #[error("cannot listen to signals or to the command: {0}")]
    Listen(#[source] io::Error),
    /// The command ended well and did not make all its declared outputs. Their paths.
    #[error("the command ran, but did not make {}", paths(.0))]
    NotMade(Vec<PathBuf>),
    /// stdout or stderr did not take what the command said. A closed pipe is no failure.
    #[error("cannot pass on what the command wrote: {0}")]
    PassOn(#[source] io::Error),
    /// A stored output changed while it was being passed on.
    #[error("the stored output of the command changed while it was replayed")]
    Changed,
    /// A signal came before the command was run. Its number.
    #[error("interrupted by signal {0}")]
    Interrupted(i32),
}

impl RunError {
    pub(crate) fn not_started(
        named: PathBuf,
        invocation: &Invocation<'_>,
        source: io::Error,
    ) -> Self {
        // The system says the same of a program and of its interpreter.
        match source.kind() == ErrorKind::NotFound && is_script(invocation.program) {
            true => Self::NoInterpreter(named),
            false => Self::Start { program: named, source },
        }
    }

    /// The code to exit with, as `env` and `timeout` do: 127 for a command that is not there, 126
    /// for one that cannot be run, 125 for anything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            RunError::Describe(
                DescribeError::ToolNotFound(_) | DescribeError::ToolNotFoundInPath(_),
            ) => 127,
            RunError::Describe(DescribeError::ToolNotExecutable(_)) => 126,
            RunError::NoInterpreter(_) => 127,
            RunError::Start { source, .. } => match source.kind() {
                ErrorKind::NotFound => 127,
                _ => 126,
            },
            _ => 125,
        }
    }
}

fn is_script(program: &Path) -> bool {
    let mut start = [0; 2];
    File::open(program).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
}

fn paths(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 3;
    let mut text = OsString::new();
    for (i, path) in paths.iter().take(SHOWN).enumerate() {
        text.push(if i == 0 { "" } else { ", " });
        text.push(path);
    }
    let mut text = text.to_string_lossy().into_owned();
    if paths.len() > SHOWN {
        text += &format!(" and {} more", paths.len() - SHOWN);
    }
    text
}
