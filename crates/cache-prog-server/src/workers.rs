//! The threads that answer requests, and the queue in front of them.

use std::io;
use std::num::NonZeroUsize;
use std::thread::{self, JoinHandle};

use cache_core::ActionId;
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::answer::{self, Put};
use crate::memory::Room;
use crate::owed::{Owed, contain};

/// How many requests may wait for a worker. Bodies are bounded on their own, so each of them takes
/// a few hundred bytes.
const QUEUE: usize = 256;

/// A request that waits for a worker.
pub(crate) struct Job {
    pub(crate) owed: Owed,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    Get(ActionId),
    Put { put: Put, body: Vec<u8>, room: Room },
}

/// Starts the workers. They end when the queue's sender is dropped and the queue is empty.
pub(crate) fn start(count: NonZeroUsize) -> io::Result<(Sender<Job>, Vec<JoinHandle<()>>)> {
    let (queue, jobs) = bounded(QUEUE);
    let workers = (0..count.get()).map(|_| {
        let jobs = jobs.clone();
        thread::Builder::new().name("cache worker".to_owned()).spawn(move || work(&jobs))
    });
    Ok((queue, workers.collect::<io::Result<_>>()?))
}

fn work(jobs: &Receiver<Job>) {
    for Job { owed, work } in jobs {
        contain(|| match work {
            Work::Get(action) => answer::get(owed, &action),
            Work::Put { put, body, room } => {
                answer::put(owed, &put, &mut body.as_slice());
                // Not before the body, which it is the room for.
                drop(body);
                drop(room);
            }
        });
    }
}
