//! A helper's life: the first message, the requests, the end.

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_core::Cache;
use cache_prog_wire::{Command, Response};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select};

use crate::in_hand::InHand;
use crate::replies::Replies;
use crate::tally::{Counters, Tally};
use crate::workers;

/// How a cache is served.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many requests are answered at once: 8 when not said. A cache that waits for a network
    /// may want more.
    pub workers: NonZeroUsize,
    /// Whether lookups wait for nothing but this machine's own directory: not when not said. Then
    /// each is answered before the next request is read, and no other thread is woken for it. One
    /// that is slow all the same holds up the requests after it; then they are answered beside each
    /// other until some were quick in a row again.
    pub local_lookups: bool,
    /// Ends it from outside.
    pub stop: Stop,
    /// How long the requests in hand may take when it is stopped, or when nobody takes the answers
    /// any more: 5 seconds when not said.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: const { NonZeroUsize::new(8).unwrap() },
            local_lookups: false,
            stop: Stop::default(),
            patience: Duration::from_secs(5),
        }
    }
}

/// Ends one call of [`serve`] from another thread. Clones are one and the same.
#[derive(Debug, Clone)]
pub struct Stop {
    sender: Sender<()>,
    receiver: Receiver<()>,
}

impl Default for Stop {
    fn default() -> Self {
        let (sender, receiver) = bounded(1);
        Self { sender, receiver }
    }
}

impl Stop {
    /// Takes no more requests, and lets [`serve`] return once those in hand are answered. Asking
    /// again does nothing.
    pub fn stop(&self) {
        // It has room for the one word that is needed.
        self.sender.try_send(()).ok();
    }
}

/// Why serving ended early. What was in hand was answered as far as that was possible, and the
/// cache was closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The requests could not be read, or are not the protocol's.
    #[error("cannot read the requests: {0}")]
    Input(#[from] cache_prog_wire::Error),
    /// The answers could not be written: whoever asked is gone.
    #[error("cannot write the answers: {0}")]
    Output(#[source] io::Error),
    /// The system gave no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

/// What every thread of a helper has to do with.
pub(crate) struct Service {
    pub(crate) cache: Arc<dyn Cache>,
    pub(crate) replies: Replies,
    pub(crate) counters: Counters,
    pub(crate) in_hand: InHand,
}

/// Serves a cache over a pair of streams, says what was done, and closes the cache.
///
/// It ends with a `close` request or with the end of the input, and then once everything in hand is
/// answered; or when it is [stopped](Options::stop) or the output is closed, and then after
/// [`patience`](Options::patience) at the latest. In these two cases the workers may be left
/// behind, blocked until the reader gives something.
///
/// The cache is closed last, after the answer to `close`. The go command waits until the output is
/// closed too, so a cache's close should be short.
///
/// # Errors
///
/// [`ServeError`] when the input is not the protocol's, or when the answers cannot be written. What
/// the cache fails at is no error here: it is answered, logged and counted.
///
/// # Panics
///
/// When the reader does. A cache that panics fails the one request.
pub fn serve(
    cache: Arc<dyn Cache>,
    reader: impl Read + Send + 'static,
    writer: impl Write + Send + 'static,
    options: &Options,
) -> Result<Tally, ServeError> {
    let started = Instant::now();
    let (broken, output_failed) = bounded(1);
    let (in_hand, all_answered) = InHand::new();
    let service = Arc::new(Service {
        cache,
        replies: Replies::new(writer, broken),
        counters: Counters::default(),
        in_hand,
    });
    // Before the threads: whoever started this process waits for it.
    service.replies.send(&capabilities());
    let ended = run(&service, reader, options, &output_failed, &all_answered);
    if let Err(e) = service.cache.close() {
        tracing::warn!("close: {e}");
        service.counters.error();
    }
    match output_failed.try_recv() {
        Ok(e) => Err(ServeError::Output(e)),
        Err(_) => ended.map(|()| service.counters.tally(started.elapsed())),
    }
}

fn capabilities() -> Response {
    Response {
        known_commands: vec![Command::Get, Command::Put, Command::Close],
        ..Response::default()
    }
}

/// Answers requests until there are no more, or none can be answered.
fn run(
    service: &Arc<Service>,
    reader: impl Read + Send + 'static,
    options: &Options,
    output_failed: &Receiver<io::Error>,
    all_answered: &Receiver<Infallible>,
) -> Result<(), ServeError> {
    let workers = workers::start(options, service, reader).map_err(ServeError::Thread)?;
    let cut = select! {
        recv(all_answered) -> _ => None,
        recv(options.stop.receiver) -> _ => Some(Ok(())),
        recv(output_failed) -> e => Some(e.map_or(Ok(()), |e| Err(ServeError::Output(e)))),
    };
    if let Some(ended) = cut {
        service.in_hand.close();
        if all_answered.recv_timeout(options.patience) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("requests are still in hand after {:?}", options.patience);
        }
        return ended;
    }
    let mut ended = Ok(());
    for worker in workers {
        // Only a reader's panic ends one: what is done for a request is contained.
        let read = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
        ended = ended.and(read);
    }
    Ok(ended?)
}
