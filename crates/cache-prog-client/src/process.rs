//! The helper as a process: started, waited for, ended.

use std::io;
#[cfg(unix)]
use std::os::fd::BorrowedFd;
#[cfg(target_os = "linux")]
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::lock;

/// How long the system may take to end a process that it was told to end. One that hangs in a
/// broken file system stays for as long as that does.
const KILLED_WITHIN: Duration = Duration::from_secs(10);

/// A process that does not outlive this value.
pub(crate) struct Process {
    child: Mutex<Child>,
    /// Can be read once the process has exited. `None` on kernels that have no such thing.
    #[cfg(target_os = "linux")]
    exit: Option<OwnedFd>,
}

impl Process {
    /// Starts it. Its stdin and stdout are pipes, its stderr is this process's.
    pub(crate) fn spawn(mut command: Command) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take());
        let process = Self {
            #[cfg(target_os = "linux")]
            exit: exit_of(&child),
            child: Mutex::new(child),
        };
        match pipes {
            (Some(stdin), Some(stdout)) => Ok((process, stdin, stdout)),
            _ => Err(io::Error::other("it was given no pipes")),
        }
    }

    /// A descriptor that can be read once the process has exited, where there is such a thing.
    #[cfg(unix)]
    pub(crate) fn exit_signal(&self) -> Option<BorrowedFd<'_>> {
        #[cfg(target_os = "linux")]
        return self.exit.as_ref().map(AsFd::as_fd);
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// Waits for its exit; `false` when it still runs after `limit`.
    pub(crate) fn exits_within(&self, limit: Duration) -> bool {
        let until = Instant::now().checked_add(limit);
        #[cfg(target_os = "linux")]
        if let Some(exit) = &self.exit
            && !limit.is_zero()
            && let Err(e) = crate::pipes::is_readable_within(exit.as_fd(), limit)
        {
            tracing::debug!("cannot wait for the cache helper's exit: {e}");
        }
        let mut pause = Duration::from_millis(1);
        loop {
            // An error means that this process waits for none of its children. It is gone, and how
            // is known to nobody.
            if !matches!(lock(&self.child).try_wait(), Ok(None)) {
                return true;
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return false;
            }
            thread::sleep(pause);
            pause = (2 * pause).min(Duration::from_millis(50));
        }
    }

    /// How it exited; `None` while it runs, and where that cannot be told.
    pub(crate) fn status(&self) -> Option<ExitStatus> {
        lock(&self.child).try_wait().ok().flatten()
    }

    /// Ends it, if it still runs, and waits until it is gone.
    pub(crate) fn end(&self) {
        if self.exits_within(Duration::ZERO) {
            return;
        }
        let killed = lock(&self.child).kill();
        if !self.exits_within(KILLED_WITHIN) {
            tracing::warn!("the cache helper could not be ended: {killed:?}");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(target_os = "linux")]
fn exit_of(child: &Child) -> Option<OwnedFd> {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    pidfd_open(Pid::from_child(child), PidfdFlags::empty()).ok()
}
