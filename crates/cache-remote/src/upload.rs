//! Uploads behind the build: what was put waits in a queue of action IDs, for the bytes stay in the
//! directory, and a few go up at once.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZero;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use cache_core::ActionId;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::journal::Journal;
use crate::sending::{Sending, Sent};

#[cfg(test)]
mod tests;

/// How much is done for uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effort {
    /// How many go up at the same time.
    at_once: usize,
    /// How long each of these rests after an upload.
    rest: Duration,
}

impl Effort {
    /// Where somebody waits for them.
    pub(crate) const FULL: Self = Self { at_once: 8, rest: Duration::ZERO };

    /// Until closing, which waits for uploads for so long. Where it does not, they go up behind a
    /// build that has a use for the processors itself: one at once for every two of them. An upload
    /// takes a processor some 2 ms, so that with the rests even a store nearby costs a fiftieth of two.
    pub(crate) fn until_closing(upload_wait: Duration) -> Self {
        if !upload_wait.is_zero() {
            return Self::FULL;
        }
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let at_once = (processors / 2).clamp(1, Self::FULL.at_once);
        Self { at_once, rest: Duration::from_millis(50) }
    }
}

/// How many actions may wait in memory. What comes after them is in the journal alone, for the next
/// process.
const WAITING: usize = 100_000;

/// After so many failures in a row nothing is tried for a while.
const FAILURES: u32 = 3;

/// How long nothing is tried then.
const PAUSE: Duration = Duration::from_secs(30);

/// Who waits for the uploads gives up when nothing got through for so long.
const STALLED: Duration = Duration::from_secs(5);

/// The uploads of one process.
#[derive(Clone)]
pub(crate) struct Uploads(Arc<Shared>);

struct Shared {
    sending: Arc<Sending>,
    runtime: Handle,
    /// `None` once it was released.
    journal: Mutex<Option<Journal>>,
    state: Mutex<State>,
    /// Something went up, failed, or came to rest.
    changed: Condvar,
    /// Nobody is to rest any more.
    hurry: Notify,
}

struct State {
    waiting: VecDeque<ActionId>,
    /// All that ever waited.
    added: HashSet<ActionId>,
    /// What is on its way, and how often it is to go once more after that. Two of one action at the
    /// same time could arrive in either order, and the older result would stay.
    going: HashMap<ActionId, usize>,
    /// How many tasks take from the queue.
    tasks: usize,
    effort: Effort,
    /// Of those that failed, which the journal keeps, and those that found no place in the queue.
    left: u64,
    failures_in_a_row: u32,
    paused_until: Option<Instant>,
    last_success: Instant,
}

impl Uploads {
    /// Begins with what earlier processes left. `effort` is made until somebody [waits](Self::wait)
    /// for them.
    pub(crate) fn start(
        sending: Arc<Sending>,
        runtime: Handle,
        journal: Journal,
        adopted: Vec<ActionId>,
        effort: Effort,
    ) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            added: HashSet::new(),
            going: HashMap::new(),
            tasks: 0,
            effort,
            left: 0,
            failures_in_a_row: 0,
            paused_until: None,
            last_success: Instant::now(),
        };
        let state = Mutex::new(state);
        let journal = Mutex::new(Some(journal));
        let (changed, hurry) = (Condvar::new(), Notify::new());
        let shared = Shared { sending, runtime, journal, state, changed, hurry };
        let uploads = Self(Arc::new(shared));
        adopted.into_iter().for_each(|action| uploads.0.enqueue(action));
        uploads
    }

    /// Has an action's result uploaded, sooner or later: once this has returned, no end of the
    /// process makes it forgotten.
    pub(crate) fn add(&self, action: &ActionId) {
        if let Some(Err(error)) = self.0.journal().as_ref().map(|journal| journal.put(action)) {
            // It is uploaded all the same, if this process lives so long.
            tracing::warn!("{error}");
        }
        self.0.enqueue(*action);
    }

    /// Leaves what is not done to the next one who opens the journal. What is on its way still goes
    /// up, and nothing after it.
    pub(crate) fn release(&self) {
        self.0.journal().take();
        self.0.lock().waiting.clear();
        self.0.hurry.notify_waiters();
    }

    /// Whether this process was asked to upload it.
    pub(crate) fn was_added(&self, action: &ActionId) -> bool {
        self.0.lock().added.contains(action)
    }

    /// Waits until all is uploaded, but no longer than `limit`, and not while nothing gets through.
    /// Returns how many are left, for the next process.
    pub(crate) fn wait(&self, limit: Duration) -> u64 {
        let begun = Instant::now();
        let mut state = self.0.lock();
        if !limit.is_zero() {
            state.effort = Effort::FULL;
            self.0.hurry.notify_waiters();
        }
        loop {
            let now = Instant::now();
            // What was paused may go on.
            self.0.begin(&mut state, now);
            let at_rest = state.tasks == 0;
            let stalled = now.saturating_duration_since(state.last_success.max(begun)) >= STALLED;
            let waited = now.saturating_duration_since(begun);
            if at_rest || stalled || waited >= limit {
                return state.left + state.unfinished();
            }
            let step = (limit - waited).min(Duration::from_millis(100));
            let woken = self.0.changed.wait_timeout(state, step);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn journal(&self) -> MutexGuard<'_, Option<Journal>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(self: &Arc<Self>, action: ActionId) {
        let mut state = self.lock();
        if state.waiting.len() >= WAITING {
            state.left += 1;
            return;
        }
        state.waiting.push_back(action);
        state.added.insert(action);
        self.begin(&mut state, Instant::now());
    }

    /// Starts a task for what waits, unless there are enough.
    fn begin(self: &Arc<Self>, state: &mut State, now: Instant) {
        let wanted = state.waiting.len().min(state.effort.at_once);
        while state.tasks < wanted && state.may_begin(now) {
            state.tasks += 1;
            self.runtime.spawn(self.clone().go_on());
        }
    }

    /// Uploads one after another until none waits. It rests after the last one too: what is put
    /// meanwhile has to wait.
    async fn go_on(self: Arc<Self>) {
        while let Some(action) = self.next() {
            let sent = self.sending.send(action).await;
            self.note(action, sent);
            let hurry = self.hurry.notified();
            let rest = self.lock().effort.rest;
            if !rest.is_zero() {
                tokio::time::timeout(rest, hurry).await.ok();
            }
        }
    }

    fn next(&self) -> Option<ActionId> {
        let mut state = self.lock();
        let next = match state.may_begin(Instant::now()) {
            true => state.pop(),
            false => None,
        };
        if next.is_none() {
            state.tasks -= 1;
            self.changed.notify_all();
        }
        next
    }

    fn note(&self, action: ActionId, sent: Sent) {
        if let Sent::Done | Sent::Gone = sent {
            self.journal().as_ref().inspect(|journal| journal.done(&action));
        }
        let mut state = self.lock();
        let again = state.going.remove(&action).unwrap_or_default();
        (0..again).for_each(|_| state.waiting.push_front(action));
        match sent {
            Sent::Done | Sent::Gone => {
                state.failures_in_a_row = 0;
                state.last_success = Instant::now();
            }
            Sent::Failed(error) => {
                tracing::warn!("{error}; the next process tries again");
                state.left += 1;
                state.failures_in_a_row += 1;
                if state.failures_in_a_row >= FAILURES {
                    state.failures_in_a_row = 0;
                    state.paused_until = Some(Instant::now() + PAUSE);
                }
            }
        }
        self.changed.notify_all();
    }
}

impl State {
    fn may_begin(&self, now: Instant) -> bool {
        self.paused_until.is_none_or(|until| until <= now)
    }

    /// The next one that can set out, which is on its way then.
    fn pop(&mut self) -> Option<ActionId> {
        loop {
            let action = self.waiting.pop_front()?;
            match self.going.entry(action) {
                Entry::Vacant(vacant) => {
                    vacant.insert(0);
                    return Some(action);
                }
                Entry::Occupied(again) => *again.into_mut() += 1,
            }
        }
    }

    fn unfinished(&self) -> u64 {
        let going: usize = self.going.values().map(|again| 1 + again).sum();
        (self.waiting.len() + going) as u64
    }
}
