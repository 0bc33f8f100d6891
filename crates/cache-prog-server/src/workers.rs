//! The threads that read requests and answer them, by turns.
//!
//! The one whose turn it is reads a request, gives up its turn and answers. So no request is handed
//! from one thread to another, which would cost more than most lookups do: the next thread wakes up
//! beside the answer, not before it.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use cache_prog_wire::Error;

use crate::answer;
use crate::owed::contain;
use crate::requests::{Job, Requests, Work};
use crate::serve::Service;

/// The largest body that a worker holds in memory, in bytes.
const SMALL: u64 = 1 << 20;

/// The most bytes that the bodies in memory may have together. The reader's buffers, the cache's and
/// the program itself come on top of it.
const BODIES: u64 = 8 << 20;

/// Starts the workers. They end with the requests; the one that meets an error returns it.
pub(crate) fn start<R: Read + Send + 'static>(
    count: NonZeroUsize,
    service: &Arc<Service>,
    reader: R,
) -> io::Result<Vec<JoinHandle<Result<(), Error>>>> {
    let small = SMALL.min(BODIES / count.get() as u64);
    let requests = Arc::new(Mutex::new(Requests::new(reader, small)));
    let workers = (0..count.get()).map(|_| {
        let (requests, taking) = (requests.clone(), WhileAlive(service.clone()));
        let worker = move || work(&taking.0, &requests);
        thread::Builder::new().name("cache worker".to_owned()).spawn(worker)
    });
    workers.collect()
}

fn work<R: Read + Send>(
    service: &Arc<Service>,
    requests: &Mutex<Requests<R>>,
) -> Result<(), Error> {
    loop {
        // Poisoned when the reader panicked, and then nobody knows where in the stream it is.
        let Ok(mut turn) = requests.lock() else { return Ok(()) };
        let Some(Job { owed, work }) = turn.next(service)? else { return Ok(()) };
        drop(turn);
        contain(|| match work {
            Work::Get(action) => answer::get(owed, &action),
            Work::Put { put, body } => answer::put(owed, &put, &mut body.as_slice()),
        });
    }
}

/// Requests are taken until the first worker ends, however it does.
struct WhileAlive(Arc<Service>);

impl Drop for WhileAlive {
    fn drop(&mut self) {
        self.0.in_hand.close();
    }
}
