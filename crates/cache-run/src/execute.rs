//! Running the command: its output goes on at once and is kept.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Seek};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Signals;
use crate::capture::{Capture, Captured};
use crate::listen::listen;

/// How long after the command's end its stdout and stderr may stay open: a process that it left
/// running holds them, and may do so for ever.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// What to start, and with what.
pub(crate) struct Invocation<'a> {
    pub(crate) program: &'a Path,
    /// The program as it was called, and its arguments.
    pub(crate) command: &'a [OsString],
    pub(crate) dir: &'a Path,
    /// Read from its beginning; nothing without it.
    pub(crate) stdin: Option<&'a File>,
    /// A file that the command inherits the descriptor of, and everything that it starts.
    pub(crate) inherited: Option<&'a File>,
    pub(crate) signals: Option<&'a Signals>,
}

/// A command that has ended.
pub(crate) struct Finished {
    pub(crate) end: End,
    pub(crate) took: Duration,
    pub(crate) captured: Captured,
    /// Whether something that it started still holds its stdout or stderr.
    pub(crate) left_open: bool,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It exited with this code.
    Exited(i32),
    /// A signal with this number ended it.
    Signalled(i32),
}

impl End {
    /// The code to exit with in its place, as shells do: its own, or 128 and the signal's number.
    pub fn code(self) -> i32 {
        match self {
            End::Exited(code) => code,
            End::Signalled(signal) => 128 + signal,
        }
    }
}

/// Why a command was not run to its end.
pub(crate) enum ExecuteError {
    Start(io::Error),
    Wait(io::Error),
}

/// Runs a command to its end.
pub(crate) fn execute(
    invocation: &Invocation<'_>,
    mut capture: Capture<'_>,
) -> Result<Finished, ExecuteError> {
    // Before the command is there: a signal may come at any moment.
    let relay = invocation.signals.map(Signals::relay).transpose().map_err(ExecuteError::Wait)?;
    let started = Instant::now();
    let mut child = spawn(invocation).map_err(ExecuteError::Start)?;
    let heard = match listen(&mut child, relay, &mut capture) {
        Ok(heard) => heard,
        Err(e) => {
            // Nothing listens to it any more.
            child.kill().ok();
            child.wait().ok();
            return Err(ExecuteError::Wait(e));
        }
    };
    let Heard { status, exited, left_open } = heard;
    let took = exited - started;
    Ok(Finished { end: end_of(status), took, captured: capture.finish(), left_open })
}

/// What was seen of a command's end.
pub(crate) struct Heard {
    pub(crate) status: ExitStatus,
    pub(crate) exited: Instant,
    /// Whether something still holds its stdout or its stderr.
    pub(crate) left_open: bool,
}

#[cfg(unix)]
fn end_of(status: ExitStatus) -> End {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exited(code),
        (None, signal) => End::Signalled(signal.unwrap_or(0)),
    }
}

#[cfg(not(unix))]
fn end_of(status: ExitStatus) -> End {
    End::Exited(status.code().unwrap_or(1))
}

fn spawn(invocation: &Invocation<'_>) -> io::Result<Child> {
    let (name, arguments) = invocation.command.split_first().ok_or(ErrorKind::InvalidInput)?;
    let mut command = Command::new(invocation.program);
    command.args(arguments).current_dir(invocation.dir);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut command, name);
    #[cfg(not(unix))]
    let _ = name;
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(match invocation.stdin {
        Some(mut file) => {
            file.rewind()?;
            Stdio::from(file.try_clone()?)
        }
        None => Stdio::null(),
    });
    #[cfg(target_os = "linux")]
    die_with_us(&mut command);
    match invocation.inherited {
        Some(file) => spawn_with(file, &mut command),
        None => command.spawn(),
    }
}

/// Starts a command that inherits the descriptor of `file`. One that another thread starts at the
/// same moment may inherit it too, which does no harm: see `lock`.
#[cfg(unix)]
fn spawn_with(file: &File, command: &mut Command) -> io::Result<Child> {
    use rustix::io::{FdFlags, fcntl_setfd};
    fcntl_setfd(file, FdFlags::empty())?;
    let child = command.spawn();
    fcntl_setfd(file, FdFlags::CLOEXEC)?;
    child
}

#[cfg(not(unix))]
fn spawn_with(_: &File, command: &mut Command) -> io::Result<Child> {
    command.spawn()
}

/// Has the command killed when this process is: nobody would listen to it or store its result, and
/// whoever wants it next would wait for it.
#[cfg(target_os = "linux")]
fn die_with_us(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
    let us = getpid();
    let ask = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // It may have happened before that.
        if getppid() == Some(us) { Ok(()) } else { Err(ErrorKind::Interrupted.into()) }
    };
    // SAFETY: between fork and exec only what is safe in a signal handler may be called: these are
    // two system calls, without memory being allocated and without a lock.
    unsafe { command.pre_exec(ask) };
}
