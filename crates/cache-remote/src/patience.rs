//! How long a build waits for the store.
//!
//! Every lookup that goes to the store may be waited for in vain, so every wait is asked for here
//! first, and ends here. Three things keep a build from losing by its store:
//!
//! - Each wait has a deadline: two seconds, and what the bytes that arrive are worth. It becomes
//!   shorter with every failure.
//! - A store that fails three times in a row is left alone for 30 s, then tried with one lookup.
//!   After the third time it is left alone for good.
//! - Time that was lost is added up, and hits earn some of it back. In whatever way it was lost, it
//!   comes to no more than four seconds; and what is lost by asking a store that answers, to two
//!   tenths of a second and a hundredth of the build.
//!
//! One thing is not within these bounds: a body that arrives at a good rate is waited for, and when
//! it is wrong in the end, all of that is lost. After that, bytes that arrive are no reason to wait
//! until a result was right again.
//!
//! Lost is wall time: several that wait at the same time lose it once. They cannot cost the build
//! more than that, and cost it less where other threads work on meanwhile.
//!
//! Not every hit is worth its wait. A build of Go's standard library takes 57 s of computing or,
//! when all is there, 1,135 lookups. On the average a lookup is worth 50 ms, but for a third of
//! them, which lead to the index of a package, it is a few milliseconds. At a distance of 50 ms,
//! asking for everything takes two processors as long as computing everything. What a hit saves is
//! therefore learned from the misses: it is the time from a lookup that found nothing to the put of
//! what was computed instead. Where hits save more than they take, time is no reason not to ask.
//!
//! A store so near that its answers take no time still takes processors from the build. One that
//! has had nothing for a while is asked for every second result, then for every fourth, down to one
//! in 16, until it has one.

mod account;
mod breaker;
mod ledger;
mod misses;
mod worth;

use std::fmt;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use cache_core::{ActionId, MissReason};

use ledger::{Kind, Ledger};

/// What an answer of the store was to the one who waited for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A result that passed all checks.
    Hit,
    /// There is none.
    NotThere,
    /// No answer, none in time, or a wrong one.
    Failed,
}

/// Why the store is not asked. To the one who wanted to know it is a miss with this reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAsked {
    #[error("the store keeps failing, and is left alone for a while")]
    Failing,
    #[error("the store has failed too often, and is not asked any more")]
    FailedTooOften,
    #[error("waiting for the store has cost too much time, and it is not asked any more")]
    TooSlow,
    #[error("asking the store costs more time than it saves, so it is not asked each time")]
    NotWorthIt,
    #[error("the store had none of the last {misses} results, so it is not asked each time")]
    FindsNothing { misses: u32 },
}

impl From<NotAsked> for MissReason {
    fn from(reason: NotAsked) -> Self {
        Self::Other(Box::new(reason))
    }
}

/// Why a build goes on without its store. The text goes on from a sentence about the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnedOff {
    /// It failed this many times in a row.
    Failing { failures: u32, pause: Duration },
    /// Waiting for it took this long in vain.
    TooSlow { lost: Duration },
}

impl fmt::Display for TurnedOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failing { failures, pause } => write!(
                f,
                "it failed {failures} times in a row, and is tried again in {} s",
                pause.as_secs()
            ),
            Self::TooSlow { lost } => write!(
                f,
                "waiting for it has cost {:.1} s, and it is not asked any more",
                lost.as_secs_f64()
            ),
        }
    }
}

/// How long a build waits for its store. Clones are the same one. With a clock that stands still
/// nothing is ever lost.
#[derive(Clone)]
pub(crate) struct Patience(Arc<Shared>);

struct Shared {
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
    notice: Box<dyn Fn(TurnedOff) + Send + Sync>,
    ledger: Mutex<Ledger>,
}

impl Patience {
    /// For a build that begins now, by this clock. `notice` is told once, when the build first goes
    /// on without its store.
    pub(crate) fn new(
        clock: impl Fn() -> Instant + Send + Sync + 'static,
        notice: impl Fn(TurnedOff) + Send + Sync + 'static,
    ) -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        Self::on(processors, clock, notice)
    }

    fn on(
        processors: usize,
        clock: impl Fn() -> Instant + Send + Sync + 'static,
        notice: impl Fn(TurnedOff) + Send + Sync + 'static,
    ) -> Self {
        let ledger = Mutex::new(Ledger::new(clock(), processors));
        Self(Arc::new(Shared { clock: Box::new(clock), notice: Box::new(notice), ledger }))
    }

    /// Before the store is asked for an action's result: leave to wait for it, or why not.
    pub(crate) fn ask(&self, action: &ActionId) -> Result<Asking, NotAsked> {
        self.begin(Kind::Ask, action)
    }

    /// Before waiting for a result that is being fetched in bulk: leave to wait for it, or why not.
    /// Such a wait goes on for as long as anything arrives from the store at a good rate.
    pub(crate) fn wait(&self, action: &ActionId) -> Result<Asking, NotAsked> {
        self.begin(Kind::OnItsWay, action)
    }

    fn begin(&self, kind: Kind, action: &ActionId) -> Result<Asking, NotAsked> {
        let begun = self.with(|ledger, now| ledger.begin(kind, action, now));
        begun.map(|id| Asking { patience: self.clone(), id, answer: Answer::Failed })
    }

    /// A put of an action's result: it was computed.
    pub(crate) fn computed(&self, action: &ActionId) {
        self.with(|ledger, now| ledger.computed(action, now));
    }

    /// Bytes that have arrived for nobody who waits, as in fetching in bulk.
    pub(crate) fn received(&self, bytes: u64) {
        self.with(|ledger, now| ledger.received(None, bytes, now));
    }

    /// What the store answered to a request that nobody waits for. A hit is any good answer.
    pub(crate) fn learn(&self, answer: Answer) {
        self.with(|ledger, now| ledger.learn(answer, now));
    }

    /// Whether the store is to be left alone because it fails. Requests that nobody waits for mind
    /// this alone.
    pub(crate) fn is_failing(&self) -> bool {
        self.with(|ledger, now| ledger.is_failing(now))
    }

    /// How long somebody was waiting for the store until now, as wall time, for good or in vain.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the tier's counts"))]
    pub(crate) fn waited(&self) -> Duration {
        self.with(|ledger, _| ledger.waited())
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Ledger, Instant) -> T) -> T {
        let (used, notice) = {
            let mut ledger = self.ledger();
            // The clock is read under the lock, so that the ledger's time never goes back.
            let now = (self.0.clock)();
            (use_it(&mut ledger, now), ledger.take_notice())
        };
        if let Some(turned_off) = notice {
            (self.0.notice)(turned_off);
        }
        used
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave to wait for the store. Dropping it without an answer counts as a failure of the store.
#[must_use]
pub(crate) struct Asking {
    patience: Patience,
    id: u64,
    answer: Answer,
}

impl Asking {
    /// How much longer to wait. Bytes that arrive may prolong it, so this is asked again for each
    /// piece, and when a wait of that length is over; when nothing is left, the answer is
    /// [`Answer::Failed`].
    pub(crate) fn left(&self) -> Duration {
        self.patience.with(|ledger, now| ledger.left_for(self.id, now))
    }

    /// Bytes that have arrived, once they were dealt with: the time that this machine took to
    /// write them is not the store's.
    pub(crate) fn received(&self, bytes: u64) {
        self.patience.with(|ledger, now| ledger.received(Some(self.id), bytes, now));
    }

    /// The wait is over.
    pub(crate) fn answered(mut self, answer: Answer) {
        self.answer = answer;
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.patience.with(|ledger, now| ledger.end(self.id, self.answer, now));
    }
}

#[cfg(test)]
mod tests;
