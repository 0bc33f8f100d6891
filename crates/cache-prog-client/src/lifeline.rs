//! What tells everybody who waits for the helper that it is over.

use std::convert::Infallible;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::lock;

/// Lasts as long as the helper is of use. Those who wait for one of its pipes, or for their turn,
/// wait for the end of this too.
pub(crate) struct Lifeline {
    /// Dropping these is what the others notice.
    held: Mutex<Option<Held>>,
    ended: Receiver<Infallible>,
    #[cfg(unix)]
    ended_pipe: io::PipeReader,
    /// Bytes that the helper's stdin has taken.
    sent: AtomicU64,
    /// When nothing may be waited for any more, once the cache is being closed.
    last_moment: Mutex<Option<Instant>>,
}

struct Held {
    _channel: Sender<Infallible>,
    #[cfg(unix)]
    _pipe: io::PipeWriter,
}

impl Lifeline {
    pub(crate) fn new() -> io::Result<Self> {
        let (channel, ended) = bounded(0);
        #[cfg(unix)]
        let (ended_pipe, pipe) = io::pipe()?;
        let held = Held {
            _channel: channel,
            #[cfg(unix)]
            _pipe: pipe,
        };
        Ok(Self {
            held: Mutex::new(Some(held)),
            ended,
            #[cfg(unix)]
            ended_pipe,
            sent: AtomicU64::new(0),
            last_moment: Mutex::new(None),
        })
    }

    /// Ends every wait, now and later.
    pub(crate) fn cut(&self) {
        lock(&self.held).take();
    }

    /// A channel that is disconnected from the end on.
    pub(crate) fn ended(&self) -> &Receiver<Infallible> {
        &self.ended
    }

    /// A pipe that can be read, for its end, from the end on.
    #[cfg(unix)]
    pub(crate) fn ended_pipe(&self) -> &io::PipeReader {
        &self.ended_pipe
    }

    /// How many bytes the helper's stdin has taken.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn count_sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Sets the moment at which the waits that begin from now on end.
    pub(crate) fn set_last_moment(&self, moment: Option<Instant>) {
        *lock(&self.last_moment) = moment;
    }

    /// When a wait that begins now and may last for `limit` has to end; `None` for one so long that
    /// the clock has no moment for it.
    #[cfg_attr(not(unix), allow(dead_code, reason = "pipes cannot be waited for there"))]
    pub(crate) fn until(&self, limit: Duration) -> Option<Instant> {
        let of_limit = Instant::now().checked_add(limit);
        let last = *lock(&self.last_moment);
        match (of_limit, last) {
            (Some(of_limit), Some(last)) => Some(of_limit.min(last)),
            (of_limit, last) => of_limit.or(last),
        }
    }
}
