//! Signals that come while a command runs.

use std::io::{self, PipeReader};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::{self, pipe};

/// Takes the signals that end a process, for as long as it lives: instead of ending this process,
/// they reach the command, which ends as it sees fit, and nothing of it is stored.
///
/// SIGINT and SIGQUIT come from a terminal, which sends them to the command too. SIGTERM and SIGHUP
/// are passed on to it. On Linux a signal that this process ignores stays ignored by both.
///
/// From the first run on that makes a file or starts a command, and until it is dropped, these
/// signals do nothing else: a program that takes longer between its runs looks at
/// [`received`](Self::received). One value may serve any number of runs, at once too.
#[derive(Debug, Default)]
pub struct Signals {
    /// The last one; 0 for none.
    received: Arc<AtomicUsize>,
    /// Whether the signals have their default effect again.
    over: Arc<AtomicBool>,
    is_watching: Mutex<bool>,
}

impl Signals {
    /// Takes no signal yet: the first run that makes a file or starts a command does.
    pub fn new() -> Self {
        Self::default()
    }

    /// The last signal that came, by its number. A run that was interrupted by it stored nothing.
    pub fn received(&self) -> Option<i32> {
        match self.received.load(Ordering::SeqCst) {
            0 => None,
            signal => Some(signal as i32),
        }
    }

    /// Ends this process by the signal that came, as it would have ended without this value, so
    /// that a shell sees that it was interrupted. Returns when there was none.
    pub fn die_of_received(&self) {
        if let Some(signal) = self.received() {
            // It fails for an unknown signal alone, and these four are known.
            low_level::emulate_default_handler(signal).ok();
        }
    }

    /// Gives the signals their usual effect again, for good. What was received stays known.
    pub fn release(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Takes them from now on, as the first run does that needs it.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn watch(&self) -> io::Result<()> {
        let mut is_watching = self.is_watching.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_watching {
            for signal in taken([SIGINT, SIGQUIT, SIGTERM, SIGHUP]) {
                // Unregistering would leave the signal without any effect, so this one stays.
                flag::register_conditional_default(signal, Arc::clone(&self.over))?;
                flag::register_usize(signal, Arc::clone(&self.received), signal as usize)?;
            }
            *is_watching = true;
        }
        Ok(())
    }

    /// What passes on what a command does not get from the terminal.
    pub(crate) fn relay(&self) -> io::Result<Relay<'_>> {
        let (wake, writer) = io::pipe()?;
        let mut relay = Relay { signals: self, wake, registered: Vec::new() };
        for signal in taken([SIGTERM, SIGHUP]) {
            relay.registered.push(pipe::register(signal, writer.try_clone()?)?);
        }
        Ok(relay)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.release();
    }
}

/// Passes signals on to one command.
pub(crate) struct Relay<'a> {
    signals: &'a Signals,
    wake: PipeReader,
    registered: Vec<SigId>,
}

impl Relay<'_> {
    /// Can be read when there is something to pass on.
    pub(crate) fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Passes on what came. The process must not have been waited for: its number may be another's
    /// then.
    pub(crate) fn pass_on(&mut self, to: Pid) {
        // One byte stands for one signal, but it does not matter which.
        io::Read::read(&mut self.wake, &mut [0; 16]).ok();
        if let Some(signal) = self.signals.received().and_then(Signal::from_named_raw) {
            kill_process(to, signal).ok();
        }
    }
}

impl Drop for Relay<'_> {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            low_level::unregister(id);
        }
    }
}

/// Those of `signals` that this process does not ignore, as one started by `nohup` does: a command
/// inherits that, but not when the signal is taken here.
fn taken(signals: impl IntoIterator<Item = i32>) -> impl Iterator<Item = i32> {
    let ignored = ignored().unwrap_or(0);
    signals.into_iter().filter(move |signal| ignored & (1 << (signal - 1)) == 0)
}

/// The mask of the ignored signals, where the system tells it.
fn ignored() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}
