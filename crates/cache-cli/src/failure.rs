//! How the command ends: an exit code, and for an error one line on stderr that says what failed,
//! on what, and what to do.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cache_run::RunError;
use clap::error::ErrorKind as ClapKind;

use crate::commands::run;
use crate::report;
use crate::usage;

/// The command's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// The answer is no.
    No,
    /// The command line or a setting is wrong.
    Usage,
    /// Failed.
    Failed,
    /// What `larder run` ends with: its command's code, or one of its own.
    Of(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::Failed => 3,
            Exit::Of(code) => code,
        })
    }
}

/// The failures that the command itself knows something about; the libraries have their own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The cache directory is not there, and the command makes none.
    #[error(
        "there is no cache yet at {}; larder run and larder put make it, or name another with --dir",
        path.display()
    )]
    NoCache { path: PathBuf },
    /// The cache directory cannot be opened or made.
    #[error("cannot {operation} the cache directory {}: {source}", path.display())]
    Directory {
        /// What was attempted, as a verb: `open`, `make`.
        operation: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// Standard output did not take the answer.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
    /// A file that the user named.
    #[error("cannot {operation} {}: {source}", path.display())]
    File {
        /// What was attempted, as a verb: `open`, `read`.
        operation: &'static str,
        path: PathBuf,
        role: Role,
        source: io::Error,
    },
    /// A setting, or arguments that do not go together. The text says what to do.
    #[error("{0}")]
    Usage(String),
    /// Anything else. The text says what to do.
    #[error("{0}")]
    Other(String),
}

/// What a file that the user named is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It is read.
    Input,
    /// It is written.
    Target,
}

impl Failure {
    /// A function for `map_err` that turns what the system said into a [`Failure::File`].
    pub(crate) fn file(
        operation: &'static str,
        path: &Path,
        role: Role,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { operation, path: path.to_owned(), role, source }
    }

    /// Whether the cache directory is not to be had now, as on a full disk: nothing that the user
    /// has mistaken.
    pub(crate) fn is_of_the_disk(&self) -> bool {
        let is_mistake = |kind| matches!(kind, ErrorKind::NotADirectory | ErrorKind::AlreadyExists);
        matches!(self, Self::Directory { source, .. } if !is_mistake(source.kind()))
    }
}

/// Tells the user about an error. A closed pipe is none: who reads has enough.
pub(crate) fn tell(error: &(dyn Error + 'static)) -> Exit {
    let failure = error.downcast_ref::<Failure>();
    match failure {
        Some(Failure::Output(e)) if e.kind() == ErrorKind::BrokenPipe => return Exit::Done,
        _ => report::message(&with_advice(error)),
    }
    match failure {
        Some(Failure::Usage(_)) => Exit::Usage,
        _ => Exit::Failed,
    }
}

/// Tells the user what clap found about a command line that names `command`. Help and versions, which
/// clap treats as errors, go to stdout; without any argument, the help goes to stderr.
pub(crate) fn usage(error: &clap::Error, command: Option<&str>) -> Exit {
    let is_help = error.kind() == ClapKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if error.exit_code() != 0 && !is_help {
        return tell(&Failure::Usage(usage::line(error, command)));
    }
    match error.print() {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => tell(&Failure::Output(e)),
        _ if error.exit_code() == 0 => Exit::Done,
        _ => Exit::Usage,
    }
}

/// The error in one line, with what to do about it.
pub(crate) fn with_advice(error: &(dyn Error + 'static)) -> String {
    let mut line = in_one_line(error);
    if let Some(advice) = advice(error) {
        line.push_str("; ");
        line.push_str(advice);
    }
    line
}

/// The error and its causes, without those that it already tells itself.
pub(crate) fn in_one_line(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}

/// What to do about an error.
pub(crate) fn advice(error: &(dyn Error + 'static)) -> Option<&'static str> {
    match error.downcast_ref::<Failure>() {
        Some(Failure::Directory { source, .. }) => return directory_advice(source),
        Some(Failure::File { role, source, .. }) => return file_advice(*role, source),
        Some(_) => return None,
        None => {}
    }
    if let Some(error) = error.downcast_ref::<RunError>() {
        return run::advice(error);
    }
    match error.downcast_ref::<cache_core::Error>()? {
        cache_core::Error::Io { source, .. } => cache_advice(source),
        cache_core::Error::ContentChanged { .. } => Some("run it again when nothing writes to it"),
        _ => None,
    }
}

const MORE_FILES: &str = "raise the limit on open files (ulimit -n)";

/// Advice for a process that may open no more files, when that is what is wrong.
pub(crate) fn too_many_files(error: &io::Error) -> Option<&'static str> {
    is_too_many_files(error).then_some(MORE_FILES)
}

/// Whether this process, or the machine, may open no more files. It has no kind of its own.
fn is_too_many_files(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

/// Advice for a directory that could not be opened or made.
fn directory_advice(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            Some("a file is in its place: name a directory with --dir")
        }
        _ => cache_advice(error).or(Some("name another with --dir")),
    }
}

/// Advice for what went wrong inside the cache directory.
fn cache_advice(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        _ if is_too_many_files(error) => MORE_FILES,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some space, or remove the cache's contents with larder clean"
        }
        ErrorKind::FileTooLarge => "raise the limit on the size of files (ulimit -f)",
        ErrorKind::PermissionDenied => {
            "give this user access to it, or name another directory with --dir"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "its file system is read-only: name another directory with --dir"
        }
        ErrorKind::NotFound => "another process may have removed it: run the command again",
        ErrorKind::NotADirectory => "move away what is in its place",
        _ => return None,
    })
}

fn file_advice(role: Role, error: &io::Error) -> Option<&'static str> {
    Some(match (role, error.kind()) {
        _ if is_too_many_files(error) => MORE_FILES,
        (Role::Input, ErrorKind::NotFound) => "check its name",
        (Role::Input, ErrorKind::PermissionDenied) => "make it readable for this user",
        (Role::Input, ErrorKind::IsADirectory) => "name a file",
        (Role::Target, ErrorKind::NotFound) => "make its folder first",
        (Role::Target, ErrorKind::IsADirectory) => "name a file in it",
        (Role::Target, ErrorKind::AlreadyExists) => "it is not a folder; name one",
        (Role::Target, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            "free some space, or name a place on another disk"
        }
        (Role::Target, ErrorKind::FileTooLarge) => {
            "raise the limit on the size of files (ulimit -f)"
        }
        (Role::Target, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            "name a place that this user can write to"
        }
        (Role::Target, ErrorKind::NotADirectory) => "name a path whose folders are folders",
        _ => return None,
    })
}
