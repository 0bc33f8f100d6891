//! A request that was taken, and so is owed an answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cache_prog_wire::Response;

use crate::in_hand::Token;
use crate::serve::Service;

/// The answer to one request, which is still to be given. Dropped without one, as when a cache
/// panics, it answers an error: the other side would wait for ever otherwise.
pub(crate) struct Owed {
    service: Arc<Service>,
    id: i64,
    is_paid: bool,
    _token: Token,
}

impl Owed {
    /// Takes a request; `None` when no more are taken.
    pub(crate) fn take(service: &Arc<Service>, id: i64) -> Option<Self> {
        let token = service.in_hand.take()?;
        Some(Self { service: service.clone(), id, is_paid: false, _token: token })
    }

    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// Answers; the response's `id` is filled in.
    pub(crate) fn pay(mut self, response: Response) {
        self.is_paid = true;
        self.service.replies.send(&Response { id: self.id, ..response });
    }

    /// Answers an error.
    pub(crate) fn refuse(self, error: String) {
        self.service.counters.error();
        self.pay(Response { error, ..Response::default() });
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if !self.is_paid {
            self.service.counters.error();
            let error = "the helper failed to answer this request".to_owned();
            self.service.replies.send(&Response { id: self.id, error, ..Response::default() });
        }
    }
}

/// Does what answers one request, in a thread that others need too: a cache that panics ends no
/// more than that. What it leaves half done is its own.
pub(crate) fn contain(answer: impl FnOnce()) {
    // The panic's own message is out by now, and the answer it kept from being given is an error.
    catch_unwind(AssertUnwindSafe(answer)).ok();
}
