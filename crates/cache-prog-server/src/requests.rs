//! The way in: one request at a time, with whatever of its body has to be read before the next.

use std::io::{self, Read};
use std::sync::Arc;

use cache_core::ActionId;
use cache_prog_wire::{Body, Error, RequestReader, Response};

use crate::answer::{self, Asked, Put};
use crate::lookups::Lookups;
use crate::owed::{Owed, contain};
use crate::serve::Service;

/// A request that can be answered while the next ones are read.
pub(crate) struct Job {
    pub(crate) owed: Owed,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    Get(ActionId),
    Put { put: Put, body: Vec<u8> },
}

/// The requests, in the order in which they come.
pub(crate) struct Requests<R> {
    /// `None` once no more are to be read.
    reader: Option<RequestReader<R>>,
    /// The largest body that is read into memory, in bytes.
    small: u64,
    lookups: Arc<Lookups>,
}

impl<R: Read + Send> Requests<R> {
    pub(crate) fn new(reader: R, small: u64, lookups: Arc<Lookups>) -> Self {
        Self { reader: Some(RequestReader::new(reader)), small, lookups }
    }

    /// Reads up to the next request that takes time to answer, and answers the others on the way:
    /// those that make no sense, lookups while they are quick, and puts too large for memory, which
    /// go on to the cache while they arrive. `None` at the end of the stream, after a `close`, or
    /// when no more are taken; and from then on.
    pub(crate) fn next(&mut self, service: &Arc<Service>) -> Result<Option<Job>, Error> {
        // Put back below: whatever ends this early ends the stream.
        let Some(mut reader) = self.reader.take() else { return Ok(None) };
        while let Some(request) = reader.next()? {
            let Some(owed) = Owed::take(service, request.id) else { return Ok(None) };
            let job = match Asked::of(&request) {
                Ok(Asked::Get(action)) if self.lookups.are_quick() => {
                    self.lookups.answer(owed, &action);
                    None
                }
                Ok(Asked::Get(action)) => Some(Job { owed, work: Work::Get(action) }),
                Ok(Asked::Put(put)) => take_put(owed, put, reader.body(), self.small)?,
                Ok(Asked::Close) => {
                    owed.pay(Response::default());
                    return Ok(None);
                }
                Err(refusal) => {
                    owed.refuse(refusal.to_string());
                    None
                }
            };
            if job.is_some() {
                self.reader = Some(reader);
                return Ok(job);
            }
        }
        Ok(None)
    }
}

/// Reads a small body into memory, and passes any other on to the cache while it arrives.
fn take_put<R: Read + Send>(
    owed: Owed,
    put: Put,
    body: Body<'_, R>,
    small: u64,
) -> Result<Option<Job>, Error> {
    let mut body = Watched { body, failure: None };
    let mut job = None;
    if put.size <= small {
        // Small as it is, the size fits. One byte more is enough to see that there are more.
        let mut bytes = Vec::with_capacity(put.size as usize);
        match (&mut body).take(put.size + 1).read_to_end(&mut bytes) {
            Ok(_) => job = Some(Job { owed, work: Work::Put { put, body: bytes } }),
            Err(e) => owed.refuse(format!("cannot read the body: {e}")),
        }
    } else {
        contain(|| answer::put(owed, &put, &mut body));
    }
    body.failure.map_or(Ok(job), Err)
}

/// A body that keeps what was wrong with the stream, which the cache would only mention.
struct Watched<'a, R> {
    body: Body<'a, R>,
    failure: Option<Error>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer).map_err(|e| {
            let (kind, text) = (e.kind(), e.to_string());
            match e.downcast::<Error>() {
                Ok(failure) => {
                    self.failure = Some(failure);
                    io::Error::new(kind, text)
                }
                // The system's own; the next request will meet it again, and know the place.
                Err(e) => e,
            }
        })
    }
}
