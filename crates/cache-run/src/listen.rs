//! Listening to a command until it has ended.

use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Child, ChildStderr, ChildStdout, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Pid;

use crate::capture::Capture;
use crate::execute::{GRACE, Heard};
use crate::signals::Relay;

/// How often the command's end is looked for where it cannot be waited for beside the pipes.
const LOOK: Duration = Duration::from_millis(10);

/// Listens to `child`, which has pipes for its stdout and its stderr, and passes signals on to it.
pub(crate) fn listen(
    child: &mut Child,
    relay: Option<Relay<'_>>,
    capture: &mut Capture<'_>,
) -> io::Result<Heard> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut listening = Listening { stdout, stderr, relay, exited: None, capture };
    let status = listening.until_end(child)?;
    Ok(Heard {
        status,
        exited: listening.exited.unwrap_or_else(Instant::now),
        left_open: listening.stdout.is_some() || listening.stderr.is_some(),
    })
}

struct Listening<'a, 'c> {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    relay: Option<Relay<'a>>,
    /// When the command was seen to have ended.
    exited: Option<Instant>,
    capture: &'a mut Capture<'c>,
}

impl Listening<'_, '_> {
    /// Listens until the command has ended and nobody has its streams open any more, or for
    /// [`GRACE`] after its end.
    fn until_end(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        let pid = Pid::from_child(child);
        let exit = exit_of(pid);
        let mut buffer = vec![0; 64 << 10];
        let mut ended = None;
        loop {
            let is_silent = self.stdout.is_none() && self.stderr.is_none();
            match (ended, self.exited) {
                (Some(status), _) if is_silent => return Ok(status),
                (Some(status), Some(at)) if at.elapsed() >= GRACE => return Ok(status),
                _ => {}
            }
            let ready = self.wait(exit.as_ref().map(AsFd::as_fd), ended.is_some())?;
            if ready.stdout {
                hear(&mut self.stdout, 0, self.capture, &mut buffer)?;
            }
            if ready.stderr {
                hear(&mut self.stderr, 1, self.capture, &mut buffer)?;
            }
            if ended.is_none() {
                if ready.wake
                    && let Some(relay) = &mut self.relay
                {
                    relay.pass_on(pid);
                }
                if ready.exit {
                    ended = child.try_wait()?;
                    self.exited = ended.map(|_| Instant::now());
                }
            }
        }
    }

    /// Waits until there is something to do.
    fn wait(&self, exit: Option<BorrowedFd<'_>>, has_ended: bool) -> io::Result<Ready> {
        let limit = match self.exited {
            Some(at) => Some(GRACE.saturating_sub(at.elapsed())),
            None if exit.is_none() => Some(LOOK),
            None => None,
        };
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let watched = [
            self.stdout.as_ref().map(AsFd::as_fd),
            self.stderr.as_ref().map(AsFd::as_fd),
            self.relay.as_ref().filter(|_| !has_ended).map(Relay::wake),
            exit.filter(|_| !has_ended),
        ];
        let mut fds: Vec<PollFd<'_>> = watched
            .iter()
            .flatten()
            .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
            .collect();
        match poll(&mut fds, limit.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Ready::default()),
            Err(e) => return Err(e.into()),
        }
        let mut fds = fds.iter().map(|fd| !fd.revents().is_empty());
        let mut is_ready = |fd: Option<BorrowedFd<'_>>| fd.is_some() && fds.next() == Some(true);
        Ok(Ready {
            stdout: is_ready(watched[0]),
            stderr: is_ready(watched[1]),
            wake: is_ready(watched[2]),
            exit: is_ready(watched[3]) || exit.is_none(),
        })
    }
}

/// What can be done without waiting.
#[derive(Default)]
struct Ready {
    stdout: bool,
    stderr: bool,
    wake: bool,
    exit: bool,
}

/// Reads what there is; drops the pipe at its end, and when nobody wants more of it.
fn hear(
    pipe: &mut Option<impl Read>,
    stream: usize,
    capture: &mut Capture<'_>,
    buffer: &mut [u8],
) -> io::Result<()> {
    let Some(open) = pipe else { return Ok(()) };
    match open.read(buffer) {
        Ok(0) => *pipe = None,
        Ok(n) => {
            if !capture.take(stream, &buffer[..n]) {
                *pipe = None;
            }
        }
        Err(e) if e.kind() == ErrorKind::Interrupted => {}
        Err(e) => return Err(e),
    }
    Ok(())
}

/// A descriptor that can be read once the process has ended; `None` on kernels that have none.
#[cfg(target_os = "linux")]
fn exit_of(pid: Pid) -> Option<std::os::fd::OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn exit_of(_: Pid) -> Option<std::os::fd::OwnedFd> {
    None
}
