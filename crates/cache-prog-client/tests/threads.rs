//! Many callers of one helper.

mod support;

use std::sync::Barrier;
use std::thread;

use cache_core::{Cache, CacheExt, OutputId, PutOptions, Source};
use support::{action, start};

const THREADS: u64 = 8;

#[test]
fn each_caller_gets_its_own_reply_in_whatever_order_they_come() {
    const ROUNDS: u64 = 500;
    // Answers once all threads wait, the last one first.
    let cache = start(&format!("reversed {THREADS}"));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let cache = &cache;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let action = action(thread * ROUNDS + round);
                    let entry = cache.get(&action).unwrap().hit().unwrap();
                    assert_eq!(entry.output, OutputId::from_bytes(*action.as_bytes()));
                }
            });
        }
    });
    cache.close().unwrap();
}

#[test]
fn puts_and_gets_of_many_threads_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let cache = start(&support::serves(&folder));
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (cache, start) = (&cache, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..40 {
                    let number = thread * 1000 + round;
                    // Now and then one that is read twice.
                    let size = if round == 20 { 2_500_000 } else { 700 * round as usize };
                    let body = vec![number as u8; size];
                    let mut source = std::io::Cursor::new(&body);
                    let source = Source::Seekable(&mut source);
                    let stored = cache.put(&action(number), source, &PutOptions::default());
                    assert_eq!(stored.unwrap().entry.output, OutputId::of(&body));
                    let (_, found) =
                        cache.get_bytes(&action(number), u64::MAX).unwrap().hit().unwrap();
                    assert!(found == body);
                    assert!(!cache.get(&action(number + 500)).unwrap().is_hit());
                }
            });
        }
    });
    cache.close().unwrap();
}
