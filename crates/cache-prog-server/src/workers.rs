//! The threads that read requests and answer them, by turns.
//!
//! The one whose turn it is reads a request, gives up its turn and answers. So no request is handed
//! from one thread to another, which would cost more than most lookups do: the next thread wakes up
//! beside the answer, not before it. While lookups are [quick](crate::lookups), it keeps its turn.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use cache_prog_wire::Error;

use crate::answer;
use crate::lookups::Lookups;
use crate::owed::contain;
use crate::requests::{Job, Requests, Work};
use crate::serve::{Options, Service};

/// The largest body that a worker holds in memory, in bytes.
const SMALL: u64 = 1 << 20;

/// The most bytes that the bodies in memory may have together. The reader's buffers, the cache's and
/// the program itself come on top of it.
const BODIES: u64 = 8 << 20;

/// Starts the workers. They end with the requests; the one that meets an error returns it.
pub(crate) fn start<R: Read + Send + 'static>(
    options: &Options,
    service: &Arc<Service>,
    reader: R,
) -> io::Result<Vec<JoinHandle<Result<(), Error>>>> {
    let count = options.workers.get();
    let small = SMALL.min(BODIES / count as u64);
    let lookups = Arc::new(Lookups::new(options.local_lookups));
    let requests = Arc::new(Mutex::new(Requests::new(reader, small, lookups.clone())));
    let workers = (0..count).map(|_| {
        let (requests, lookups) = (requests.clone(), lookups.clone());
        let taking = WhileAlive(service.clone());
        let worker = move || work(&taking.0, &requests, &lookups);
        thread::Builder::new().name("cache worker".to_owned()).spawn(worker)
    });
    workers.collect()
}

fn work<R: Read + Send>(
    service: &Arc<Service>,
    requests: &Mutex<Requests<R>>,
    lookups: &Lookups,
) -> Result<(), Error> {
    loop {
        // Poisoned when the reader panicked, and then nobody knows where in the stream it is.
        let Ok(mut turn) = requests.lock() else { return Ok(()) };
        let Some(Job { owed, work }) = turn.next(service)? else { return Ok(()) };
        drop(turn);
        match work {
            Work::Get(action) => lookups.answer(owed, &action),
            Work::Put { put, body } => {
                contain(|| answer::put(owed, &put, &mut body.as_slice()));
            }
        }
    }
}

/// Requests are taken until the first worker ends, however it does.
struct WhileAlive(Arc<Service>);

impl Drop for WhileAlive {
    fn drop(&mut self) {
        self.0.in_hand.close();
    }
}
