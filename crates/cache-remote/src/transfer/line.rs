//! What all copying has in common: many at once, counted on the thread that waits for the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cache_disk::Progress;
use tokio::sync::{Semaphore, mpsc};

use super::Transferred;
use crate::store::Store;

/// How many results are on their way at once.
pub(super) const AT_ONCE: usize = 24;

/// How many folders are listed at once.
pub(super) const FOLDERS_AT_ONCE: usize = 8;

/// After so many failures in a row the rest is not tried.
const FAILURES: u64 = 32;

/// So many problems are told. A store that fails tends to fail everywhere.
const MOST_PROBLEMS: usize = 8;

/// How many words may wait to be counted.
const WAITING: usize = 256;

/// Something that is to be counted.
#[derive(Debug)]
pub(super) enum Event {
    /// So many more entries are known.
    More(u64),
    /// So many are there already.
    There(u64),
    /// One was copied.
    Copied,
    /// One is gone.
    Gone,
    /// One is not to be trusted.
    Refused(String),
    /// One could not be copied.
    Failed(String),
    /// The list of this scope was found or written.
    List(String),
}

/// Where those who copy tell what came of it.
#[derive(Clone)]
pub(super) struct Line {
    events: mpsc::Sender<Event>,
    stopped: Arc<AtomicBool>,
}

impl Line {
    pub(super) async fn tell(&self, event: Event) {
        // Nobody listens any more when the copying is over.
        self.events.send(event).await.ok();
    }

    /// The same on a thread that may block.
    pub(super) fn tell_blocking(&self, event: Event) {
        self.events.blocking_send(event).ok();
    }

    /// Begins nothing more.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Does `work` for all items as they come, a few at once, until there are no more or it is
    /// stopped. Returns when all that was begun is done.
    pub(super) async fn spread<T, W>(
        &self,
        mut items: mpsc::Receiver<T>,
        at_once: u32,
        work: impl Fn(T) -> W,
    ) where
        W: Future<Output = ()> + Send + 'static,
    {
        let turns = Arc::new(Semaphore::new(at_once as usize));
        while let Some(item) = items.recv().await
            && let Ok(turn) = turns.clone().acquire_owned().await
            && !self.is_stopped()
        {
            let work = work(item);
            // Each on its own, so that an answer is taken when it comes and not when its turn comes.
            tokio::spawn(async move {
                work.await;
                drop(turn);
            });
        }
        // Who brings the items ends, too.
        drop(items);
        turns.acquire_many(at_once).await.ok();
    }
}

/// Does `work`, and counts what it tells. Returns also what it gives in the end; `None` when it
/// panicked.
pub(super) fn run<T, W>(
    store: &Store,
    progress: Option<&dyn Fn(Progress)>,
    work: impl FnOnce(Line) -> W,
) -> (Transferred, Option<T>)
where
    T: Send + 'static,
    W: Future<Output = T> + Send + 'static,
{
    let (events, mut told) = mpsc::channel(WAITING);
    let line = Line { events, stopped: Arc::default() };
    let mut tally = Tally { stopped: line.stopped.clone(), ..Tally::default() };
    let work = store.handle().spawn(work(line));
    let ended = store.block_on(async {
        while let Some(event) = told.recv().await {
            tally.count(event);
            if let Some(progress) = progress {
                progress(tally.progress());
            }
        }
        work.await.ok()
    });
    (tally.end(), ended)
}

#[derive(Default)]
struct Tally {
    counted: Transferred,
    total: u64,
    failures_in_a_row: u64,
    stopped: Arc<AtomicBool>,
}

impl Tally {
    fn count(&mut self, event: Event) {
        let counted = &mut self.counted;
        match event {
            Event::More(n) => return self.total += n,
            Event::List(scope) => return counted.list = Some(scope),
            Event::There(n) => counted.there += n,
            Event::Copied => counted.copied += 1,
            Event::Gone => counted.gone += 1,
            Event::Refused(problem) => {
                counted.refused += 1;
                return self.note(problem);
            }
            Event::Failed(problem) => {
                counted.failed += 1;
                self.failures_in_a_row += 1;
                if self.failures_in_a_row >= FAILURES {
                    self.stopped.store(true, Ordering::Relaxed);
                }
                return self.note(problem);
            }
        }
        self.failures_in_a_row = 0;
    }

    fn note(&mut self, problem: String) {
        if self.counted.problems.len() < MOST_PROBLEMS {
            self.counted.problems.push(problem);
        }
    }

    fn done(&self) -> u64 {
        let Transferred { copied, there, gone, refused, failed, .. } = self.counted;
        copied + there + gone + refused + failed
    }

    fn progress(&self) -> Progress {
        let done = self.done();
        Progress { done, total: self.total.max(done) }
    }

    fn end(mut self) -> Transferred {
        if self.stopped.load(Ordering::Relaxed) {
            self.counted.not_tried = self.total.saturating_sub(self.done());
        }
        self.counted
    }
}
