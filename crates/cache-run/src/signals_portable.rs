//! Where there are no signals to take: what interrupts a command interrupts this process too.

use std::io;
use std::marker::PhantomData;

/// Does nothing on this platform.
#[derive(Debug, Default)]
pub struct Signals;

impl Signals {
    /// Takes no signal.
    pub fn new() -> Self {
        Self
    }

    /// The last signal that came: none.
    pub fn received(&self) -> Option<i32> {
        None
    }

    /// Returns.
    pub fn die_of_received(&self) {}

    /// Does nothing.
    pub fn release(&self) {}

    /// Takes no signal.
    ///
    /// # Errors
    ///
    /// None.
    pub fn watch(&self) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn relay(&self) -> io::Result<Relay<'_>> {
        Ok(Relay(PhantomData))
    }
}

/// Passes nothing on.
pub(crate) struct Relay<'a>(PhantomData<&'a Signals>);
