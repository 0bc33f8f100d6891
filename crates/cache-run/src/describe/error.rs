//! Why a task cannot be described.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use cache_hash::FileHashError;

/// Why a task cannot be described.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DescribeError {
    /// There is no command.
    #[error("there is no command to run")]
    NoCommand,
    /// The working directory or the root is not an absolute path.
    #[error("{} is not an absolute path", .0.display())]
    NotAbsolute(PathBuf),
    /// What was given as the name of a variable cannot be one.
    #[error("{0:?} is not the name of a variable: give the name alone, without `=` and a value")]
    NotAVariable(OsString),
    /// The command is a path, and there is nothing.
    #[error("there is no command {0:?}")]
    ToolNotFound(PathBuf),
    /// No folder of `PATH` has such a command.
    #[error("there is no command {0:?} in PATH")]
    ToolNotFoundInPath(OsString),
    /// The executable, as it was named, cannot be read.
    #[error(
        "cannot read the command {}, whose contents are part of the key: {source}",
        program.display()
    )]
    ToolNotReadable {
        /// The executable, as it was named.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was found cannot be executed.
    #[error("{} is not an executable file", .0.display())]
    ToolNotExecutable(PathBuf),
    /// An input has no name.
    #[error("input \"\" is empty: name a file, a folder or a glob")]
    InputEmpty,
    /// There is nothing of an input's name, which is no glob.
    #[error("input {input:?} is not there, seen from {}", dir.display())]
    InputMissing {
        /// The input, as it was given.
        input: PathBuf,
        /// The working directory.
        dir: PathBuf,
    },
    /// An input is neither a file nor a folder nor a link, so that reading it would wait or never
    /// end.
    #[error(
        "input {} is {kind}: only files, folders and symbolic links can be inputs",
        path.display()
    )]
    InputKind {
        /// The input.
        path: PathBuf,
        /// What it is: `a FIFO`, `a socket`, `a device`.
        kind: &'static str,
    },
    /// An input was named that is also a declared output, or in one. The command's result would
    /// depend on what it made before.
    #[error(
        "{} is an input and an output: declare it as one of the two, for a result that depends on \
         itself cannot be replayed",
        .0.display()
    )]
    InputIsOutput(PathBuf),
    /// There is nothing of an input's name, and as a glob it is not UTF-8.
    #[error("input {0:?} is not there, and a glob has to be UTF-8")]
    GlobNotUtf8(OsString),
    /// A glob among the inputs is malformed.
    #[error("input {glob} is not a glob: {source}")]
    Glob {
        /// The glob.
        glob: String,
        /// What is wrong with it.
        source: globset::Error,
    },
    /// An ignore file cannot be read.
    #[error("cannot read the ignore file {}: {source}", path.display())]
    IgnoreFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ignore::Error,
    },
    /// The system refused an operation.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// What was attempted, as a verb: `look at`, `list`.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An input or the executable cannot be hashed.
    #[error(transparent)]
    Hash(#[from] FileHashError),
}

impl DescribeError {
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation, path: path.to_owned(), source }
    }
}
