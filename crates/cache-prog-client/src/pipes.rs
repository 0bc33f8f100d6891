//! The helper's stdin and stdout, waited for with a limit.
//!
//! Neither end of a pipe is over because the helper is: a process that it started may hold the
//! other end open. So no read or write here blocks by itself; each waits for the lifeline's end,
//! and a read for the helper's exit, beside its pipe.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};

use crate::lifeline::Lifeline;
use crate::process::Process;
use crate::waiting::{PATIENCE, WaitingFor, Waits};

/// How often the helper is looked after where its exit cannot be waited for.
const LOOK: Duration = Duration::from_millis(100);

/// The helper's stdin.
pub(crate) struct Input {
    pipe: ChildStdin,
    lifeline: Arc<Lifeline>,
    waits: Arc<Waits>,
    limit: Duration,
}

impl Input {
    /// Each write waits for `limit` at most, and is `TimedOut` then.
    pub(crate) fn new(
        pipe: ChildStdin,
        lifeline: Arc<Lifeline>,
        waits: Arc<Waits>,
        limit: Duration,
    ) -> io::Result<Self> {
        // Of this end alone: the helper's is as blocking as before.
        ioctl_fionbio(&pipe, true)?;
        widen(&pipe);
        Ok(Self { pipe, lifeline, waits, limit })
    }

    /// Waits until it takes something.
    fn wait(&self) -> io::Result<()> {
        let mut fds = [
            PollFd::new(&self.pipe, PollFlags::OUT),
            PollFd::new(self.lifeline.ended_pipe(), PollFlags::IN),
        ];
        let until = self.lifeline.until(self.limit);
        loop {
            let notice = Instant::now() + PATIENCE;
            if wait(&mut fds, Some(until.map_or(notice, |until| until.min(notice))))? {
                break;
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Err(ErrorKind::TimedOut.into());
            }
            self.waits.say(&WaitingFor::Reading);
        }
        if is_ready(&fds[1]) { Err(ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }
}

impl Write for Input {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.pipe.write(bytes) {
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.wait()?,
                Ok(n) => {
                    self.lifeline.count_sent(n);
                    return Ok(n);
                }
                Err(e) => return Err(e),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The helper's stdout. It ends with the pipe, with the helper's exit, and with the lifeline.
pub(crate) struct Output {
    pipe: ChildStdout,
    lifeline: Arc<Lifeline>,
    process: Arc<Process>,
}

impl Output {
    pub(crate) fn new(pipe: ChildStdout, lifeline: Arc<Lifeline>, process: Arc<Process>) -> Self {
        Self { pipe, lifeline, process }
    }
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let ended = PollFd::new(self.lifeline.ended_pipe(), PollFlags::IN);
            let pipe = PollFd::new(&self.pipe, PollFlags::IN);
            let (has_ended, is_readable) = match self.process.exit_signal() {
                Some(exit) => {
                    let mut fds = [ended, pipe, PollFd::from_borrowed_fd(exit, PollFlags::IN)];
                    wait(&mut fds, None)?;
                    (is_ready(&fds[0]), is_ready(&fds[1]))
                }
                None => {
                    let mut fds = [ended, pipe];
                    wait(&mut fds, Instant::now().checked_add(LOOK))?;
                    (is_ready(&fds[0]), is_ready(&fds[1]))
                }
            };
            if has_ended {
                return Ok(0);
            }
            if !is_readable && !self.process.exits_within(Duration::ZERO) {
                continue;
            }
            // What it wrote before it exited is in the pipe by now, whatever was seen above.
            if is_readable || can_be_read(&self.pipe)? {
                return self.pipe.read(buffer);
            }
            return Ok(0);
        }
    }
}

/// Gives a pipe room for several pieces of a body, so that both sides of it work at once. A user may
/// have only so much of that; then it stays as it is.
#[cfg(target_os = "linux")]
fn widen(pipe: &ChildStdin) {
    const ROOM: usize = 512 << 10;
    rustix::pipe::fcntl_setpipe_size(pipe, ROOM).ok();
}

#[cfg(not(target_os = "linux"))]
fn widen(_: &ChildStdin) {}

fn can_be_read(pipe: &ChildStdout) -> io::Result<bool> {
    wait(&mut [PollFd::new(pipe, PollFlags::IN)], Some(Instant::now()))
}

/// Waits until the descriptor can be read; `false` when `limit` has passed before.
#[cfg(target_os = "linux")]
pub(crate) fn is_readable_within(fd: BorrowedFd<'_>, limit: Duration) -> io::Result<bool> {
    let until = Instant::now().checked_add(limit);
    wait(&mut [PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)], until)
}

/// Waits until something is ready; `false` when that moment comes before.
fn wait(fds: &mut [PollFd<'_>], until: Option<Instant>) -> io::Result<bool> {
    // The kernel's timeouts are shorter than what a `Duration` may say.
    const LONG: Duration = Duration::from_secs(3600);
    loop {
        let timeout = until.map(|until| {
            let left = until.saturating_duration_since(Instant::now()).min(LONG);
            Timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos() as _ }
        });
        match poll(fds, timeout.as_ref()) {
            Ok(0) if until.is_some_and(|until| Instant::now() >= until) => return Ok(false),
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(e) => return Err(e.into()),
        }
    }
}

/// Whether it can be read or written, or is over, which reading or writing it then tells.
fn is_ready(fd: &PollFd<'_>) -> bool {
    !fd.revents().is_empty()
}
