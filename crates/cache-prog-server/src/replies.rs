//! The way out: one writer, which any thread may use.

use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use cache_prog_wire::{Response, write_response};
use crossbeam_channel::Sender;

/// Sends responses, each of them whole.
pub(crate) struct Replies {
    /// `None` once writing failed: what comes after half a message can only be misunderstood.
    out: Mutex<Option<Box<dyn Write + Send>>>,
    /// Is told once that writing failed.
    broken: Sender<io::Error>,
}

impl Replies {
    pub(crate) fn new(out: impl Write + Send + 'static, broken: Sender<io::Error>) -> Self {
        Self { out: Mutex::new(Some(Box::new(out))), broken }
    }

    /// Sends a response. One that cannot be written as a message is sent as an error.
    pub(crate) fn send(&self, response: &Response) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(writer) = out.as_mut() else { return };
        let mut sent = write_response(writer, response);
        if let Err(e) = &sent
            && e.kind() == ErrorKind::InvalidData
        {
            let error = format!("the answer cannot be sent: {e}");
            sent =
                write_response(writer, &Response { id: response.id, error, ..Response::default() });
        }
        if let Err(e) = sent {
            *out = None;
            // It has room for the one error there is.
            self.broken.try_send(e).ok();
        }
    }
}
