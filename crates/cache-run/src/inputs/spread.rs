//! Work that makes more work, on several threads.

use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// From how many waiting items on a second thread is worth its start.
const WORTH_A_THREAD: usize = 16;

/// More threads than this wait for each other more than they work.
const MOST_THREADS: usize = 8;

/// Calls `each` with every item, and with those that it adds; returns the results that it adds, in
/// no order, or the first error. Little work is done on the calling thread alone.
pub(super) fn spread<T: Send, R: Send, E: Send>(
    mut items: Vec<T>,
    each: impl Fn(T, &mut Vec<T>, &mut Vec<R>) -> Result<(), E> + Sync,
) -> Result<Vec<R>, E> {
    let mut results = Vec::new();
    while items.len() < WORTH_A_THREAD {
        let Some(item) = items.pop() else { return Ok(results) };
        each(item, &mut items, &mut results)?;
    }
    let crew = Crew {
        state: Mutex::new(State { waiting: items, busy: 0, error: None }),
        changed: Condvar::new(),
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let work = || {
        let mut results = Vec::new();
        crew.work(&each, &mut results);
        results
    };
    thread::scope(|scope| {
        // Where there are no threads to be had, this one does it alone.
        let start = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).map_while(start).collect();
        crew.work(&each, &mut results);
        for other in others {
            match other.join() {
                Ok(more) => results.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    match crew.lock().error.take() {
        Some(error) => Err(error),
        None => Ok(results),
    }
}

struct Crew<T, E> {
    state: Mutex<State<T, E>>,
    changed: Condvar,
}

struct State<T, E> {
    waiting: Vec<T>,
    /// How many items are being worked on. Each may add others.
    busy: usize,
    error: Option<E>,
}

impl<T, E> Crew<T, E> {
    fn work<R>(
        &self,
        each: &impl Fn(T, &mut Vec<T>, &mut Vec<R>) -> Result<(), E>,
        results: &mut Vec<R>,
    ) {
        let mut more = Vec::new();
        while let Some(item) = self.take() {
            let turn = Turn { crew: self };
            let result = each(item, &mut more, results);
            let mut state = self.lock();
            match result {
                Ok(()) => state.waiting.append(&mut more),
                Err(error) => {
                    state.error.get_or_insert(error);
                }
            }
            drop(state);
            drop(turn);
        }
    }

    /// The next item, when there is one; waits while there may be one yet.
    fn take(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if state.error.is_some() {
                return None;
            }
            if let Some(item) = state.waiting.pop() {
                state.busy += 1;
                return Some(item);
            }
            if state.busy == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One item being worked on. It ends with a panic too, or the others would wait for ever.
struct Turn<'a, T, E> {
    crew: &'a Crew<T, E>,
}

impl<T, E> Drop for Turn<'_, T, E> {
    fn drop(&mut self) {
        self.crew.lock().busy -= 1;
        self.crew.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{self, AssertUnwindSafe};

    use super::*;

    /// Items are depths; each adds two of one less, and gives its own.
    fn tree(depths: Vec<u32>) -> Result<Vec<u32>, u32> {
        spread(depths, |depth, more, results| {
            results.push(depth);
            more.extend((depth > 0).then(|| [depth - 1; 2]).into_iter().flatten());
            Ok(())
        })
    }

    #[test]
    fn every_item_is_done_once() {
        assert_eq!(tree(vec![]), Ok(vec![]));
        assert_eq!(tree(vec![0]), Ok(vec![0]));
        // A few, and so many that several threads do them.
        for (depths, expected) in [(vec![2], 7), (vec![10], 2047), (vec![6; 30], 30 * 127)] {
            assert_eq!(tree(depths).unwrap().len(), expected);
        }
    }

    #[test]
    fn an_error_ends_it() {
        let failing = |depth: u32, more: &mut Vec<u32>, _: &mut Vec<()>| match depth {
            0 => Err("nothing"),
            depth => {
                more.extend([depth - 1; 3]);
                Ok(())
            }
        };
        assert_eq!(spread(vec![1], failing), Err("nothing"));
        assert_eq!(spread(vec![5; 100], failing), Err("nothing"));
    }

    #[test]
    fn a_panic_on_any_thread_leaves_no_other_one_waiting() {
        let panicking = |item: u32, _: &mut Vec<u32>, _: &mut Vec<()>| match item {
            50 => panic!("on purpose"),
            _ => Ok::<(), ()>(()),
        };
        let run = || spread((0..100).collect(), panicking);
        assert!(panic::catch_unwind(AssertUnwindSafe(run)).is_err());
    }
}
