//! Wall time that was lost, less what was won back.

use std::time::{Duration, Instant};

/// Wall time that was lost, less what was won back. It is never less than nothing: what a store
/// has saved so far is no reason to wait for it now.
#[derive(Default)]
pub(super) struct Account {
    lost: Moments,
    won: Moments,
    balance: Duration,
}

impl Account {
    /// The time between the two moments was lost. What was lost already does not count again.
    pub(super) fn lose(&mut self, from: Instant, to: Instant) {
        self.balance += self.lost.add(from, to);
    }

    /// The time between the two moments was won. What was won already does not count again.
    pub(super) fn win(&mut self, from: Instant, to: Instant) {
        self.balance = self.balance.saturating_sub(self.won.add(from, to));
    }

    pub(super) fn balance(&self) -> Duration {
        self.balance
    }

    /// What the balance would be if the time between the two moments were lost.
    pub(super) fn balance_with(&self, from: Instant, to: Instant) -> Duration {
        self.balance + self.lost.outside(from, to)
    }

    /// Nothing is lost or won before this moment any more.
    pub(super) fn settle(&mut self, before: Instant) {
        self.lost.forget(before);
        self.won.forget(before);
    }
}

/// A set of moments, as spans in order, no two of which touch.
#[derive(Default)]
pub(super) struct Moments {
    spans: Vec<(Instant, Instant)>,
}

impl Moments {
    /// Adds a span. Returns how much of it is new.
    pub(super) fn add(&mut self, from: Instant, to: Instant) -> Duration {
        if from >= to {
            return Duration::ZERO;
        }
        let new = self.outside(from, to);
        let (first, end) = self.touching(from, to);
        let mut joined = (from, to);
        if let (Some(one), Some(last)) = (self.spans.get(first), self.spans[..end].last())
            && first < end
        {
            joined = (from.min(one.0), to.max(last.1));
        }
        self.spans.splice(first..end, [joined]);
        new
    }

    /// How much of a span is not in the set.
    fn outside(&self, from: Instant, to: Instant) -> Duration {
        let (first, end) = self.touching(from, to);
        let inside = |(start, stop): &(Instant, Instant)| {
            stop.min(&to).saturating_duration_since(*start.max(&from))
        };
        let inside: Duration = self.spans[first..end.max(first)].iter().map(inside).sum();
        to.saturating_duration_since(from).saturating_sub(inside)
    }

    /// Which spans touch this one: from, and up to, which.
    fn touching(&self, from: Instant, to: Instant) -> (usize, usize) {
        let first = self.spans.partition_point(|(_, stop)| *stop < from);
        let end = self.spans.partition_point(|(start, _)| *start <= to);
        (first, end.max(first))
    }

    /// Forgets the spans that end by this moment: nothing before it is added any more.
    pub(super) fn forget(&mut self, before: Instant) {
        let old = self.spans.partition_point(|(_, stop)| *stop <= before);
        self.spans.drain(..old);
    }
}
