//! Whatever a store does, a build loses no more than it may.

use proptest::collection::vec;
use proptest::prelude::*;

use super::simulation::{Job, Ran, Reply, run, without_store};
use super::*;

fn reply() -> impl Strategy<Value = Reply> {
    let after = prop_oneof![
        4 => 1..80u64,
        1 => 80..600u64,
        1 => 600..3000u64,
        1 => Just(u64::MAX),
    ];
    let answer = prop_oneof![Just(Answer::Hit), Just(Answer::NotThere), Just(Answer::Failed)];
    let body = prop_oneof![3 => Just(0), 1 => 1..2_000_000u64];
    let rate = prop_oneof![Just(1_000), Just(100_000), Just(1 << 20), Just(25 << 20)];
    (after, answer, body, rate).prop_map(|(after, answer, body, rate)| {
        // What is right is not larger than what is computed below in its time.
        let body = if answer == Answer::Hit { body.min(RATE / 5) } else { body };
        Reply { after: ms(after), body, rate, answer }
    })
}

/// Some kinds of answers, each for a while.
fn store() -> impl Strategy<Value = Vec<(Reply, usize)>> {
    vec((reply(), prop_oneof![1..4usize, 1..200usize]), 1..12)
}

fn nth(store: &[(Reply, usize)], n: usize) -> Reply {
    let round: usize = store.iter().map(|(_, times)| times).sum();
    let mut left = n % round;
    for (reply, times) in store {
        if left < *times {
            return *reply;
        }
        left -= times;
    }
    store[0].0
}

/// The wall time in which anybody waited for one of these, added up millisecond by millisecond.
fn together(ran: &Ran, counts: impl Fn(Answer) -> bool) -> Duration {
    let mut marks = vec![false; ran.took.as_millis() as usize + 1];
    for wait in ran.waits.iter().filter(|wait| counts(wait.answer)) {
        marks[wait.from.as_millis() as usize..wait.to.as_millis() as usize].fill(true);
    }
    ms(marks.iter().filter(|mark| **mark).count() as u64)
}

/// What bodies that came at a good rate have excused, although they were of no use in the end.
fn excused(ran: &Ran) -> Duration {
    let wrong = ran.waits.iter().filter(|wait| wait.answer != Answer::Hit);
    let bytes: u64 = wrong.map(|wait| wait.received).sum();
    Duration::from_micros(bytes * 1_000_000 / RATE)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_store_costs_more_than_it_may(
        threads in 1..9usize,
        compute in vec(200..900u64, 1..40),
        times in 1..20usize,
        store in store(),
    ) {
        let compute = compute.iter().map(|time| Job::new(ms(*time)));
        let jobs: Vec<Job> = compute.collect::<Vec<_>>().repeat(times);
        let ran = run(threads, &jobs, |n| nth(&store, n));
        let without = without_store(threads, &jobs);
        // The end of a build, at which most threads have nothing to do, is one job long.
        let limit = without + ALL + ms(900) + excused(&ran);
        prop_assert!(ran.took <= limit, "{without:?} became {:?}: {ran:?}", ran.took);
        // Rounding to milliseconds is off by one for each wait at most.
        let waited = together(&ran, |_| true);
        let off = ms(ran.waits.len() as u64 + 1);
        prop_assert!(waited <= ran.waited + off && ran.waited <= waited + off);
    }

    #[test]
    fn without_hits_all_waiting_is_within_the_bound(
        threads in 1..20usize,
        jobs in 1..2000usize,
        store in store(),
    ) {
        let jobs = vec![Job::new(ms(40)); jobs];
        let ran = run(threads, &jobs, |n| {
            let reply = nth(&store, n);
            let answer = if reply.answer == Answer::Hit { Answer::Failed } else { reply.answer };
            Reply { answer, ..reply }
        });
        let limit = ALL + excused(&ran) + ms(1);
        prop_assert!(ran.waited <= limit, "{:?}: {ran:?}", ran.waited);
        let not_there = together(&ran, |answer| answer == Answer::NotThere);
        prop_assert!(not_there <= limit);
        prop_assert!(ran.told.len() <= 1);
    }
}
