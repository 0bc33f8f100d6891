//! Which requests were taken and are not answered yet.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

/// Counts the requests in hand by the clones of a sender that nobody sends with: once no more are
/// taken and all are answered, its receiver is disconnected. That can be waited for together with
/// other things.
pub(crate) struct InHand(Mutex<Option<Sender<Infallible>>>);

/// One request in hand. Dropping it is being done with it.
pub(crate) struct Token(
    #[allow(dead_code, reason = "it counts by being there")] Sender<Infallible>,
);

impl InHand {
    /// Returns the count, and what is disconnected when nothing is in hand any more.
    pub(crate) fn new() -> (Self, Receiver<Infallible>) {
        let (sender, receiver) = bounded(0);
        (Self(Mutex::new(Some(sender))), receiver)
    }

    /// Takes one more request; `None` when no more are taken.
    pub(crate) fn take(&self) -> Option<Token> {
        let accepting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accepting.as_ref().map(|sender| Token(sender.clone()))
    }

    /// Takes no more.
    pub(crate) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
