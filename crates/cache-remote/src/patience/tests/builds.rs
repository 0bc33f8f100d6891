//! Whole builds on stores of all kinds.

use super::simulation::{Job, Ran, Reply, run, without_store};
use super::*;

const THREADS: [usize; 4] = [1, 2, 4, 16];

/// Short and long builds, of small jobs.
fn builds() -> impl Iterator<Item = (usize, Vec<Job>, Duration)> {
    let job = Job::new(ms(150));
    THREADS.into_iter().flat_map(move |threads| {
        [3, 60].map(move |seconds| {
            let jobs = vec![job; threads * seconds * 1000 / 150];
            (threads, jobs.clone(), without_store(threads, &jobs))
        })
    })
}

#[track_caller]
fn costs_little(what: &str, store: impl Fn(usize) -> Reply) {
    for (threads, jobs, without) in builds() {
        let ran = run(threads, &jobs, &store);
        let longer = ran.took.saturating_sub(without);
        // A job that began before another thread had one less to do.
        assert!(longer <= ALL + ms(150), "{what}: {threads} threads, {without:?} + {longer:?}");
    }
}

#[test]
fn a_store_that_hangs_costs_little() {
    costs_little("hangs", |_| Reply::whole(Duration::MAX, Answer::Hit));
    for good in [1, 7, 50, 1000] {
        costs_little("begins to hang", |n| {
            let after = if n < good { ms(20) } else { Duration::MAX };
            Reply::whole(after, Answer::Hit)
        });
    }
}

#[test]
fn a_store_that_refuses_or_answers_wrongly_costs_little() {
    for after in [0, 5, 400, 1900] {
        costs_little("refuses", |_| Reply::whole(ms(after), Answer::Failed));
        costs_little("refuses now and then", |n| {
            let answer = if n % 3 == 0 { Answer::NotThere } else { Answer::Failed };
            Reply::whole(ms(after), answer)
        });
    }
}

#[test]
fn a_store_that_crawls_costs_little() {
    let crawling = |body| Reply { after: ms(900), body, rate: 1000, answer: Answer::Hit };
    for body in [0, 300, 1000, 10_000, 1 << 20, 1 << 30] {
        costs_little("crawls", |_| crawling(body));
    }
    costs_little("crawls", |n| crawling([0, 200, 100_000][n % 3]));
    costs_little("says no slowly", |_| Reply::whole(ms(1200), Answer::NotThere));
}

#[test]
fn bodies_that_are_cut_short_cost_little() {
    for rate in [64 << 10, 1 << 20, 25 << 20] {
        costs_little("cuts short", |_| Reply {
            after: ms(50),
            body: 3 << 20,
            rate,
            answer: Answer::Failed,
        });
    }
}

#[test]
fn a_store_at_a_distance_that_has_nothing_costs_less_than_a_tenth() {
    for threads in THREADS {
        for (compute, seconds) in [(5, 12), (40, 12), (40, 30), (150, 100), (1000, 600)] {
            let jobs = vec![Job::new(ms(compute)); threads * seconds * 1000 / compute as usize];
            let without = without_store(threads, &jobs);
            // Not in step, so that somebody is waiting at almost any time.
            let distance = |n| ms(46 + n as u64 * 7 % 13);
            let ran = run(threads, &jobs, |n| Reply::whole(distance(n), Answer::NotThere));
            let case = format!("{threads} threads, {compute} ms: {without:?} {:?}", ran.took);
            assert!(ran.took <= without * 11 / 10, "{case}");
            assert_eq!(ran.told, [], "{case}");
        }
    }
}

#[test]
fn a_store_nearby_that_has_nothing_is_asked_less_and_less() {
    for threads in THREADS {
        let asked = |jobs| {
            let jobs = vec![Job::new(ms(60)); jobs];
            run(threads, &jobs, |_| Reply::whole(ms(0), Answer::NotThere)).waits.len()
        };
        let first = STEP as usize;
        assert_eq!(asked(first), first);
        // Each step takes twice as many lookups as the one before it.
        assert!(asked(15 * first).abs_diff(4 * first) < threads + 4, "{}", asked(15 * first));
        let all = asked(1_000_000);
        let rarest = 1_000_000 / RAREST as usize;
        assert!(rarest < all && all < rarest + 5 * first, "{all}");
    }
}

#[test]
fn every_hit_of_a_full_store_nearby_is_taken() {
    for (threads, jobs, without) in builds() {
        let ran = run(threads, &jobs, |n| Reply {
            after: if n < threads { ms(700) } else { ms(5) },
            body: 20_000,
            rate: 25 << 20,
            answer: Answer::Hit,
        });
        assert_eq!(ran.hits(), jobs.len(), "{:?}", ran.refused);
        assert!(ran.took < without, "{without:?} {:?}", ran.took);
    }
}

/// As the standard library of Go is built: an index of each package, which takes next to nothing to
/// make, then the packages. A package that is found is looked up a second time, for what the
/// compiler said.
fn standard_library(threads: usize, store: impl Fn(usize) -> Reply) -> (Duration, Ran) {
    let index = vec![Job::new(ms(3)); 383];
    let packages = (0..383).map(|n| Job { compute: ms(20 + n % 26 * 10), lookups: 2 });
    let jobs: Vec<Job> = index.into_iter().chain(packages).collect();
    (without_store(threads, &jobs), run(threads, &jobs, store))
}

#[test]
fn a_full_store_at_a_distance_does_not_make_a_build_longer() {
    let distances = |threads| [5, 20, 50, 80, 150, 400].map(|distance| (threads, distance));
    for (threads, distance) in THREADS.into_iter().flat_map(distances) {
        let (without, ran) = standard_library(threads, |n| Reply {
            after: ms(distance + 2),
            body: if n < 383 { 4_000 } else { 120_000 },
            rate: 6 << 20,
            answer: Answer::Hit,
        });
        let case = format!("{threads} threads, {distance} ms: {without:?} {:?}", ran.took);
        assert!(ran.took <= without * 115 / 100 + ms(700), "{case}");
        if threads <= 4 && distance <= 50 {
            assert!(ran.took <= without, "{case}");
        }
        assert_eq!(ran.told, [], "{case}");
    }
}

#[test]
fn hits_that_save_seconds_are_taken_from_any_distance() {
    // Results of tests: small, and long in coming.
    let jobs = vec![Job::new(ms(3000)); 400];
    for threads in THREADS {
        let without = without_store(threads, &jobs);
        let ran = run(threads, &jobs, |_| Reply::whole(ms(150), Answer::Hit));
        assert!(ran.hits() > 400 * 4 / 5, "{threads} threads: {} hits", ran.hits());
        assert!(ran.took < without / 3, "{threads} threads: {without:?} {:?}", ran.took);
    }
}

#[test]
fn a_store_that_has_every_other_result_is_asked_on() {
    let jobs = vec![Job::new(ms(300)); 2000];
    for threads in THREADS {
        let without = without_store(threads, &jobs);
        let ran = run(threads, &jobs, |n| {
            let answer = if n * 7 % 16 < 8 { Answer::Hit } else { Answer::NotThere };
            Reply::whole(ms(50), answer)
        });
        assert!(ran.hits() > 750, "{threads} threads: {} hits", ran.hits());
        assert!(ran.took < without * 3 / 4, "{threads} threads: {without:?} {:?}", ran.took);
    }
}
