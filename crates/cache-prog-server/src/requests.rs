//! The way in: reads requests and hands them on.

use std::io::{self, Read};
use std::sync::Arc;

use cache_prog_wire::{Body, Error, RequestReader, Response};
use crossbeam_channel::Sender;

use crate::answer::{self, Asked, Put};
use crate::memory::Memory;
use crate::owed::{Owed, contain};
use crate::serve::Service;
use crate::workers::{Job, Work};

/// Reads requests until the end of the stream, a `close`, or the moment when no more are taken.
pub(crate) fn read<R: Read + Send>(
    service: &Arc<Service>,
    reader: R,
    queue: &Sender<Job>,
) -> Result<(), Error> {
    let mut requests = RequestReader::new(reader);
    let memory = Memory::default();
    while let Some(request) = requests.next()? {
        let Some(owed) = Owed::take(service, request.id) else { return Ok(()) };
        match Asked::of(&request) {
            Ok(Asked::Get(action)) => hand_on(queue, Job { owed, work: Work::Get(action) }),
            Ok(Asked::Put(put)) => take_put(owed, put, requests.body(), &memory, queue)?,
            Ok(Asked::Close) => {
                owed.pay(Response::default());
                return Ok(());
            }
            Err(refusal) => owed.refuse(refusal.to_string()),
        }
    }
    Ok(())
}

/// Reads a small body into memory, for a worker, and passes any other on to the cache while it
/// arrives.
fn take_put<R: Read + Send>(
    owed: Owed,
    put: Put,
    body: Body<'_, R>,
    memory: &Memory,
    queue: &Sender<Job>,
) -> Result<(), Error> {
    let mut body = Watched { body, failure: None };
    match memory.room(put.size) {
        Some(room) => {
            // Small as it is, the size fits. One byte more is enough to see that there are more.
            let mut bytes = Vec::with_capacity(put.size as usize);
            match (&mut body).take(put.size + 1).read_to_end(&mut bytes) {
                Ok(_) => {
                    hand_on(queue, Job { owed, work: Work::Put { put, body: bytes, room } });
                }
                Err(e) => owed.refuse(format!("cannot read the body: {e}")),
            }
        }
        None => contain(|| answer::put(owed, &put, &mut body)),
    }
    body.failure.map_or(Ok(()), Err)
}

fn hand_on(queue: &Sender<Job>, job: Job) {
    // Fails only without workers, and then the job that is dropped answers an error.
    queue.send(job).ok();
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
