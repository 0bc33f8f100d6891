//! Who is waiting, what was lost, and whether one more may wait. Time comes in from outside.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cache_core::ActionId;

use super::account::{Account, Moments};
use super::breaker::{Breaker, FAILURES, PAUSE};
use super::misses::Misses;
use super::worth::Worth;
use super::{Answer, NotAsked, TurnedOff};

/// How long an answer may take. With each failure in a row it is halved, down to [`SHORTEST`], so
/// that a store which hangs costs about as much by one thread as by many.
pub(super) const LONGEST_SILENCE: Duration = Duration::from_secs(2);
/// Enough for a new connection over a long distance.
pub(super) const SHORTEST: Duration = Duration::from_millis(500);

/// At this rate, in bytes a second for each processor, what arrives is worth the wait: Go's
/// standard library is 46 MB of compressed results and takes a processor 57 s. What comes more
/// slowly is waited for too, but the time counts as lost.
pub(super) const RATE: u64 = 1 << 20;

/// No more processors than a build keeps busy for most of its time.
const BUSY: u64 = 8;

/// How much waiting the bytes that arrive can justify in one wait.
const LONGEST: Duration = Duration::from_secs(60);

/// How much a build may lose, in whatever way: with what starting and closing take, it stays under
/// five seconds.
pub(super) const ALL: Duration = Duration::from_secs(4);

/// With less than this left of [`ALL`], there is no use in beginning to wait.
const LEAST_LEFT: Duration = Duration::from_millis(100);

/// What is being waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The answer to a lookup.
    Ask,
    /// Something that is being fetched in bulk.
    OnItsWay,
}

struct Wait {
    kind: Kind,
    action: ActionId,
    since: Instant,
    /// How long it may take without anything arriving.
    silence: Duration,
    /// All that had been received when it began.
    received: u64,
    /// When something last arrived for it.
    last: Option<Instant>,
    /// How many waited at the same time, at most. It keeps such a part of the build waiting.
    together: u32,
    /// Nothing had been answered when it began: it may be waiting for a connection.
    connecting: bool,
    /// What was fetched last was right when it began, so that bytes which arrive may justify it.
    trusted: bool,
    probe: bool,
}

pub(super) struct Ledger {
    start: Instant,
    /// In bytes a second.
    rate: u64,
    waits: BTreeMap<u64, Wait>,
    next: u64,
    /// Bytes from the store, for whomever.
    received: u64,
    last: Option<Instant>,
    has_answered: bool,
    /// The last result was not a failure.
    trusted: bool,
    /// All that was lost.
    all: Account,
    /// What of it was lost by asking a store that answers.
    asking: Account,
    /// The same in parts: each wait for the part of the build that it keeps waiting.
    in_parts: Duration,
    waiting: Moments,
    waited: Duration,
    breaker: Breaker,
    misses: Misses,
    worth: Worth,
    notice: Option<TurnedOff>,
    noticed: bool,
}

/// What a build of this age may lose by asking a store that answers: enough to find out, and so
/// little that the build stays under 1.1 of its time without a store, with all that comes on top.
fn budget(elapsed: Duration) -> Duration {
    Duration::from_millis(200) + elapsed / 100
}

/// What a build may lose by that at most, so that something of [`ALL`] is left for failures.
const ASKING: Duration = Duration::from_secs(3);

impl Ledger {
    /// For a build that begins now, on so many processors.
    pub(super) fn new(start: Instant, processors: usize) -> Self {
        Self {
            start,
            rate: RATE * (processors as u64).clamp(1, BUSY),
            waits: BTreeMap::new(),
            next: 0,
            received: 0,
            last: None,
            has_answered: false,
            trusted: true,
            all: Account::default(),
            asking: Account::default(),
            in_parts: Duration::ZERO,
            waiting: Moments::default(),
            waited: Duration::ZERO,
            breaker: Breaker::default(),
            misses: Misses::default(),
            worth: Worth::default(),
            notice: None,
            noticed: false,
        }
    }

    pub(super) fn begin(
        &mut self,
        kind: Kind,
        action: &ActionId,
        now: Instant,
    ) -> Result<u64, NotAsked> {
        if let Err(reason) = self.may_begin(kind, action, now) {
            self.worth.missed(action, now);
            return Err(reason);
        }
        let probe = self.breaker.enter();
        let together = u32::try_from(self.waits.len() + 1).unwrap_or(u32::MAX);
        self.waits.values_mut().for_each(|wait| wait.together = wait.together.max(together));
        let silence = LONGEST_SILENCE / 2_u32.saturating_pow(self.breaker.in_a_row());
        let wait = Wait {
            kind,
            action: *action,
            since: now,
            silence: silence.max(SHORTEST),
            received: self.received,
            last: None,
            together,
            connecting: !self.has_answered,
            trusted: self.trusted,
            probe,
        };
        let id = self.next;
        self.next += 1;
        self.waits.insert(id, wait);
        Ok(id)
    }

    fn may_begin(&mut self, kind: Kind, action: &ActionId, now: Instant) -> Result<(), NotAsked> {
        if self.breaker.is_open_for_good() {
            return Err(NotAsked::FailedTooOften);
        }
        if self.breaker.is_open(now) {
            return Err(NotAsked::Failing);
        }
        if self.left(now) < LEAST_LEFT {
            if ALL.saturating_sub(self.all.balance()) < LEAST_LEFT {
                self.note(TurnedOff::TooSlow { lost: self.all.balance() });
            }
            return Err(NotAsked::TooSlow);
        }
        let budget = budget(now.saturating_duration_since(self.start));
        let is_spent = self.in_parts >= budget || self.asking.balance() >= ASKING;
        if kind == Kind::Ask && is_spent {
            return Err(NotAsked::NotWorthIt);
        }
        // The one that finds out how a failing store does is not passed over.
        if kind == Kind::Ask && !self.breaker.is_to_probe() && self.misses.pass_over(action) {
            return Err(NotAsked::FindsNothing { misses: self.misses.in_a_row() });
        }
        Ok(())
    }

    pub(super) fn received(&mut self, id: Option<u64>, bytes: u64, now: Instant) {
        if let Some(wait) = id.and_then(|id| self.waits.get_mut(&id)) {
            // What is on its way counts where it is fetched, not for each who waits for it.
            if wait.kind == Kind::OnItsWay {
                return;
            }
            wait.last = Some(now);
        }
        self.received = self.received.saturating_add(bytes);
        self.last = Some(now);
    }

    /// How much longer a wait may go on, as far as is known now.
    pub(super) fn left_for(&self, id: u64, now: Instant) -> Duration {
        let Some(wait) = self.waits.get(&id) else { return Duration::ZERO };
        let until = wait.since + self.justified(wait) + wait.silence;
        until.saturating_duration_since(now).min(self.left(now))
    }

    /// How long a wait was worth its time until now, by the bytes that arrived. A lookup needs some
    /// of its own for that: those of others are no sign that it will be answered.
    fn justified(&self, wait: &Wait) -> Duration {
        let last = match wait.kind {
            Kind::Ask => wait.last,
            Kind::OnItsWay => self.last.filter(|last| *last > wait.since),
        };
        let Some(last) = last.filter(|_| wait.trusted) else { return Duration::ZERO };
        let bytes = self.received.saturating_sub(wait.received);
        Duration::from_secs_f64(bytes as f64 / self.rate as f64)
            .min(last.saturating_duration_since(wait.since))
            .min(LONGEST)
    }

    /// How much more may be lost, if all who are waiting wait in vain.
    fn left(&self, now: Instant) -> Duration {
        let from = self.waits.values().map(|wait| wait.since + self.justified(wait)).min();
        let lost = from.map_or(self.all.balance(), |from| self.all.balance_with(from, now));
        ALL.saturating_sub(lost)
    }

    pub(super) fn end(&mut self, id: u64, answer: Answer, now: Instant) {
        let Some(wait) = self.waits.remove(&id) else { return };
        let worth_until = wait.since + self.worth.value();
        let lost_from = match answer {
            Answer::Hit => worth_until.max(wait.since + self.justified(&wait)),
            Answer::NotThere | Answer::Failed => wait.since,
        };
        self.all.lose(lost_from, now);
        // What it takes to connect is no reason not to ask again, and failures have the breaker.
        let counts = wait.kind == Kind::Ask && !wait.connecting && answer != Answer::Failed;
        if counts {
            self.asking.lose(lost_from, now);
            self.in_parts += now.saturating_duration_since(lost_from) / wait.together;
        }
        match answer {
            Answer::Hit => {
                self.misses.hit();
                self.all.win(now, worth_until);
                self.trusted = true;
            }
            Answer::NotThere => {
                // What is waited for in another way says nothing of the store.
                if wait.kind == Kind::Ask {
                    self.misses.missed();
                }
                self.worth.missed(&wait.action, now);
            }
            Answer::Failed => {
                self.worth.missed(&wait.action, now);
                self.trusted = false;
            }
        }
        if answer == Answer::Hit && wait.kind == Kind::Ask {
            self.asking.win(now, worth_until);
            let won = worth_until.saturating_duration_since(now) / wait.together;
            self.in_parts = self.in_parts.saturating_sub(won);
            self.worth.hit();
        }
        self.waited += self.waiting.add(wait.since, now);
        self.heard(answer, wait.probe, now);
        self.settle(now);
    }

    /// Forgets what nobody's wait reaches back to.
    fn settle(&mut self, now: Instant) {
        let before = self.waits.values().map(|wait| wait.since).min().unwrap_or(now);
        self.all.settle(before);
        self.asking.settle(before);
        self.waiting.forget(before);
    }

    pub(super) fn learn(&mut self, answer: Answer, now: Instant) {
        // Outside of a pause, so it is as good as a lookup.
        let probe = !self.breaker.is_open(now) && answer != Answer::Failed && self.breaker.enter();
        self.heard(answer, probe, now);
    }

    fn heard(&mut self, answer: Answer, probe: bool, now: Instant) {
        if answer != Answer::Failed {
            self.has_answered = true;
            self.breaker.succeeded(probe);
        } else if self.breaker.failed(probe, now) {
            self.note(TurnedOff::Failing {
                failures: self.breaker.in_a_row().max(FAILURES),
                pause: PAUSE,
            });
        }
    }

    fn note(&mut self, turned_off: TurnedOff) {
        if !self.noticed {
            self.noticed = true;
            self.notice = Some(turned_off);
        }
    }

    /// What is to be told, once.
    pub(super) fn take_notice(&mut self) -> Option<TurnedOff> {
        self.notice.take()
    }

    pub(super) fn computed(&mut self, action: &ActionId, now: Instant) {
        self.worth.computed(action, now);
    }

    pub(super) fn is_failing(&self, now: Instant) -> bool {
        self.breaker.is_open(now)
    }

    pub(super) fn waited(&self) -> Duration {
        self.waited
    }
}
