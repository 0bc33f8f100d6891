//! Equal gets at the same time are one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use cache_core::ActionId;

use crate::patience::{Asking, NotAsked};

/// What came of asking the store for an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// It is in the directory now.
    Here,
    /// The store does not have it.
    NotThere,
    /// The store has one that is damaged or of another action, and how.
    Refused(Arc<str>),
    /// The store has one of somebody who is not trusted.
    Untrusted(Arc<str>),
    /// The store failed, and how.
    Failed(Arc<str>),
    /// Nobody asked the store, and why.
    NotAsked(NotAsked),
    /// Who was to bring it has given up.
    GivenUp,
}

/// The actions that are on their way.
#[derive(Debug, Default, Clone)]
pub(crate) struct Flights(Arc<Mutex<HashMap<ActionId, Arc<Flight>>>>);

/// One action on its way.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    fetched: Mutex<Option<Fetched>>,
    landed: Condvar,
    /// How many bytes have come so far.
    received: AtomicU64,
}

/// Has to bring an action here, for everybody who waits for it.
pub(crate) struct Pilot {
    flights: Arc<Mutex<HashMap<ActionId, Arc<Flight>>>>,
    action: ActionId,
    flight: Arc<Flight>,
    fetched: Fetched,
}

impl Flights {
    /// The flight of an action that is on its way, or a new one with the one who has to bring it.
    pub(crate) fn join(&self, action: &ActionId) -> (Arc<Flight>, Option<Pilot>) {
        let mut going = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match going.entry(*action) {
            Entry::Occupied(there) => (there.get().clone(), None),
            Entry::Vacant(place) => {
                let flight = Arc::<Flight>::default();
                place.insert(flight.clone());
                let pilot = Pilot {
                    flights: self.0.clone(),
                    action: *action,
                    flight: flight.clone(),
                    fetched: Fetched::GivenUp,
                };
                (flight, Some(pilot))
            }
        }
    }
}

impl Flight {
    /// Waits for the end of it, as long as `asking` allows. `None`: it did not come in time.
    pub(crate) fn wait(&self, asking: &Asking) -> Option<Fetched> {
        let mut noted = 0;
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if fetched.is_some() {
                return fetched.clone();
            }
            let received = self.received.load(Ordering::Relaxed);
            if received > noted {
                asking.received(received - noted);
                noted = received;
            }
            let left = asking.left();
            if left.is_zero() {
                return None;
            }
            let waited = self.landed.wait_timeout(fetched, left);
            fetched = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Pilot {
    /// Bytes have come.
    pub(crate) fn received(&self, bytes: u64) {
        // Under the lock, so that nobody who is about to wait misses it.
        let _waiting = self.flight.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        self.flight.received.fetch_add(bytes, Ordering::Relaxed);
        self.flight.landed.notify_all();
    }

    /// Tells everybody who waits. One that is dropped tells them that it gave up.
    pub(crate) fn land(mut self, fetched: Fetched) {
        self.fetched = fetched;
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        let mut going = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        going.remove(&self.action);
        drop(going);
        let fetched = std::mem::replace(&mut self.fetched, Fetched::GivenUp);
        *self.flight.fetched.lock().unwrap_or_else(PoisonError::into_inner) = Some(fetched);
        self.flight.landed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::*;
    use crate::patience::{Answer, Patience};

    const ACTION: ActionId = ActionId::from_bytes([1; 32]);

    #[test]
    fn one_brings_it_and_all_get_it() {
        let (flights, patience) = (Flights::default(), Patience::new(Instant::now, |_| ()));
        let (_, pilot) = flights.join(&ACTION);
        thread::scope(|scope| {
            let waiting: Vec<_> = (0..8)
                .map(|_| {
                    let (flight, second) = flights.join(&ACTION);
                    assert!(second.is_none());
                    let asking = patience.wait(&ACTION).expect("leave to wait");
                    scope.spawn(move || {
                        let fetched = flight.wait(&asking);
                        asking.answered(Answer::NotThere);
                        fetched
                    })
                })
                .collect();
            pilot.expect("the first one").land(Fetched::NotThere);
            for waiting in waiting {
                assert_eq!(waiting.join().expect("an end"), Some(Fetched::NotThere));
            }
        });
        assert!(flights.join(&ACTION).1.is_some(), "the next one asks again");
    }

    #[test]
    fn who_gives_up_tells_so() {
        let (flights, patience) = (Flights::default(), Patience::new(Instant::now, |_| ()));
        let (flight, pilot) = flights.join(&ACTION);
        drop(pilot);
        let asking = patience.wait(&ACTION).expect("leave to wait");
        assert_eq!(flight.wait(&asking), Some(Fetched::GivenUp));
        assert!(flights.join(&ACTION).1.is_some());
    }

    #[test]
    fn nobody_waits_for_ever() {
        let (flights, patience) = (Flights::default(), Patience::new(Instant::now, |_| ()));
        let (flight, _pilot) = flights.join(&ACTION);
        let asking = patience.ask(&ACTION).expect("leave to wait");
        assert_eq!(flight.wait(&asking), None);
    }
}
