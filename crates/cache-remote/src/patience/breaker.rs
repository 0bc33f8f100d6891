//! Leaving a store alone that fails.

use std::time::{Duration, Instant};

/// So many failures in a row are not chance: each of them was tried more than once.
pub(super) const FAILURES: u32 = 3;

/// How long a failing store is left alone.
pub(super) const PAUSE: Duration = Duration::from_secs(30);

/// How often it is left alone before it is left alone for good.
const PAUSES: u32 = 3;

/// Whether a store may be tried, by how it has answered.
#[derive(Default)]
pub(super) struct Breaker {
    state: State,
    in_a_row: u32,
    pauses: u32,
}

#[derive(Default)]
enum State {
    #[default]
    Closed,
    /// Nothing is tried until then.
    Open(Instant),
    /// One lookup is finding out.
    Probing,
    OpenForGood,
}

impl Breaker {
    /// Failures since the last good answer.
    pub(super) fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    pub(super) fn is_open_for_good(&self) -> bool {
        matches!(self.state, State::OpenForGood)
    }

    /// Whether nothing may be tried now.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        match self.state {
            State::Closed => false,
            State::Open(until) => now < until,
            State::Probing | State::OpenForGood => true,
        }
    }

    /// Whether what is tried next, which it may be, finds out how the store does.
    pub(super) fn is_to_probe(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Something is tried, which it may be. Returns whether it is the one that finds out.
    pub(super) fn enter(&mut self) -> bool {
        let probe = self.is_to_probe();
        if probe {
            self.state = State::Probing;
        }
        probe
    }

    /// There was a good answer. Those that come late from before a pause do not end it.
    pub(super) fn succeeded(&mut self, probe: bool) {
        if probe || matches!(self.state, State::Closed) {
            self.state = State::Closed;
            self.in_a_row = 0;
        }
    }

    /// There was none. Returns whether a pause begins with that.
    pub(super) fn failed(&mut self, probe: bool, now: Instant) -> bool {
        let closed = matches!(self.state, State::Closed);
        if !probe && !closed {
            return false;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        if closed && self.in_a_row < FAILURES {
            return false;
        }
        self.pauses += 1;
        self.state = match self.pauses {
            PAUSES.. => State::OpenForGood,
            _ => State::Open(now + PAUSE),
        };
        true
    }
}
