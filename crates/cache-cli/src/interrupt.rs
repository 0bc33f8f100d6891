//! Signals that come while something half-written stands on the disk.

use std::io;

use cache_run::Signals;

/// Takes the signals that end a process, for as long as it lives: what is half-written is removed
/// first. When one came, dropping it ends the process by that signal, so that a shell sees that it
/// was interrupted.
pub(crate) struct Interrupts(Signals);

impl Interrupts {
    /// Takes them from now on.
    pub(crate) fn watch() -> io::Result<Self> {
        let signals = Signals::new();
        signals.watch()?;
        Ok(Self(signals))
    }

    /// Whether one came.
    pub(crate) fn came(&self) -> bool {
        self.0.received().is_some()
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        // First: a signal that comes from here on ends the process by itself.
        self.0.release();
        self.0.die_of_received();
    }
}
