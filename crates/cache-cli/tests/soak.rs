//! `larder serve` after a million requests and ten thousand large puts: memory, threads, descriptors
//! and files in the directory are what they were after the first of them.
//!
//! A round is a thousand requests. The variables of `test_attacks` say how many.

#![cfg(target_os = "linux")]

#[path = "support/helper.rs"]
mod helper;
mod support;

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use cache_core::{ActionId, Cache, CacheExt, Lookup, OutputId, PutOptions, Source};
use cache_prog_client::ProgCache;
use support::{Larder, files};
use test_attacks::{Attack, Dice};

/// How many threads ask at once.
const THREADS: usize = 5;

/// How many requests there are in a round, and one in how many of them is a large put.
const REQUESTS: usize = 1000;
const LARGE: usize = 100;

/// How many actions have small results, and how many different ones each.
const ACTIONS: usize = 300;
const RESULTS: usize = 2;

/// The sizes in MiB of each thread's large bodies; of ten puts, nine are of the first two.
const MIB: [[usize; 3]; THREADS] = [[1, 1, 2], [1, 1, 3], [1, 1, 4], [1, 1, 5], [1, 1, 8]];

/// By how much memory may be more, in KiB, than the most of the first quarter of the rounds. Until a
/// hundred thousand requests or so were answered it grows: each thread has from the allocator what it
/// needs at the most only then.
const MARGIN: u64 = 1 << 10;
const MARGIN_OF_FEW: u64 = 8 << 10;
const FEW: usize = 400;

#[test]
fn a_helper_takes_no_more_however_much_it_was_asked_for() {
    let mut attack = Attack::new("soak", 5);
    let larder = Larder::new();
    fs::create_dir(larder.dir()).expect("a directory");
    let number = larder.path("number");
    let cache = ProgCache::builder(helper::command(&larder.dir(), &number), larder.path("fuzz"))
        .start()
        .expect("larder serve starts");
    let process = helper::number_in(&number).expect("its number").to_string();

    let small = Small::new();
    small.put_all(&cache);
    let large: Vec<_> = (0..THREADS).map(Large::new).collect();
    large.iter().for_each(|large| large.put_all(&cache));

    let mut samples: Vec<Sample> = Vec::new();
    while attack.goes_on() {
        thread::scope(|scope| {
            for large in &large {
                let (seed, cache, small, larder) = (attack.dice.seed(), &cache, &small, &larder);
                scope.spawn(move || ask(cache, small, large, larder, Dice::new(seed)));
            }
        });
        samples.push(Sample::of(&process, &larder.dir(), samples.first()));
    }
    let warm = samples.len().div_ceil(4);
    let before = samples[..warm].iter().map(|sample| sample.memory).max().unwrap_or_default();
    let most = samples[warm..].iter().map(|sample| sample.memory).max().unwrap_or(before);
    let first = &samples[0];
    for (round, sample) in (1..).zip(&samples) {
        assert_eq!(sample.counts, first.counts, "after round {round} and after the first one");
    }
    let margin = if samples.len() < FEW { MARGIN_OF_FEW } else { MARGIN };
    assert!(
        most <= before + margin,
        "{before} KiB at most in the first {warm} rounds, then {most} KiB"
    );
    cache.close().expect("the helper ends well");
    let verified = larder.run(["verify"]).ok();
    assert!(verified.contains(" 0 bad"), "{verified}");
    let Counts { threads, descriptors, files, .. } = first.counts;
    let large = attack.round() as usize * REQUESTS / LARGE;
    attack.held(
        "thousand requests",
        format!(
            "{large} of them large puts; {threads} threads, {descriptors} descriptors, {files} files \
             all the time, {before} KiB at most in the first quarter and {most} KiB after it"
        ),
    );
}

/// One thread's part of a round.
fn ask(cache: &ProgCache, small: &Small, large: &Large, larder: &Larder, mut dice: Dice) {
    for request in 0..REQUESTS / THREADS {
        if request % LARGE == LARGE / 2 {
            large.put_one_anew(cache, larder, &mut dice);
            continue;
        }
        match dice.below(10) {
            0..2 => small.put_one(cache, &mut dice),
            2..4 => {
                let never_put = id(dice.seed());
                assert!(!cache.get(&never_put).expect("an answer").is_hit());
            }
            _ => small.get_one(cache, &mut dice),
        }
    }
}

/// Actions with small results, which all threads put and get.
struct Small {
    bodies: Vec<Vec<u8>>,
    outputs: Vec<OutputId>,
}

impl Small {
    fn new() -> Self {
        let body = |number: usize| {
            let mut dice = Dice::new(number as u64);
            let size = dice.below(if number.is_multiple_of(20) { 150_000 } else { 6000 });
            dice.bytes(size)
        };
        let bodies: Vec<_> = (0..ACTIONS * RESULTS).map(body).collect();
        let outputs = bodies.iter().map(|body| OutputId::of(body)).collect();
        Self { bodies, outputs }
    }

    fn put_all(&self, cache: &ProgCache) {
        for (number, body) in self.bodies.iter().enumerate() {
            cache.put_bytes(&id((number / RESULTS) as u64), body).expect("a put");
        }
    }

    /// The numbers of an action's results.
    fn results(action: usize) -> Range<usize> {
        action * RESULTS..(action + 1) * RESULTS
    }

    fn put_one(&self, cache: &ProgCache, dice: &mut Dice) {
        let action = dice.below(ACTIONS);
        let body = &self.bodies[Self::results(action)][dice.below(RESULTS)];
        cache.put_bytes(&id(action as u64), body).expect("a put");
    }

    fn get_one(&self, cache: &ProgCache, dice: &mut Dice) {
        let action = dice.below(ACTIONS);
        let (results, action) = (Self::results(action), id(action as u64));
        if dice.one_in(8) {
            let found = cache.get_bytes(&action, u64::MAX).expect("an answer").hit();
            let (_, bytes) = found.expect("a hit");
            assert!(self.bodies[results].contains(&bytes), "wrong bytes");
        } else {
            let entry = cache.get(&action).expect("an answer").hit().expect("a hit");
            assert!(self.outputs[results].contains(&entry.output), "another action's result");
        }
    }
}

/// A thread's own actions with large results.
struct Large {
    thread: usize,
    bodies: Vec<Vec<u8>>,
}

impl Large {
    fn new(thread: usize) -> Self {
        let seeds = (1_000_000 + 10 * thread) as u64..;
        let bodies = seeds.zip(MIB[thread]).map(|(seed, mib)| Dice::new(seed).bytes(mib << 20));
        Self { thread, bodies: bodies.collect() }
    }

    fn action(&self, number: usize) -> ActionId {
        id((2_000_000 + 10 * self.thread + number) as u64)
    }

    fn put_all(&self, cache: &ProgCache) {
        for (number, body) in self.bodies.iter().enumerate() {
            cache.put_bytes(&self.action(number), body).expect("a put");
        }
    }

    /// Puts an output that a trim has removed, as it were.
    fn put_one_anew(&self, cache: &ProgCache, larder: &Larder, dice: &mut Dice) {
        let action = self.action(dice.below(self.bodies.len()));
        let body = &self.bodies[if dice.one_in(10) { 2 } else { dice.below(2) }];
        fs::remove_file(larder.output_file(body)).expect("an output to remove");
        let source = Source::Reader(&mut &body[..]);
        let stored = cache.put(&action, source, &PutOptions::default()).expect("a put");
        assert_eq!(stored.file.expect("its file").size, body.len() as u64);
        if dice.one_in(8) {
            match cache.get_bytes(&action, u64::MAX).expect("an answer") {
                Lookup::Hit((_, bytes)) => assert!(bytes == *body, "wrong bytes"),
                Lookup::Miss(reason) => panic!("{reason}"),
            }
        }
    }
}

fn id(number: u64) -> ActionId {
    let mut id = [0; 32];
    id.copy_from_slice(&Dice::new(number).bytes(32));
    ActionId::from_bytes(id)
}

/// What a helper has while nothing is asked.
struct Sample {
    /// Resident, in KiB, without what is mapped from files.
    memory: u64,
    counts: Counts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    threads: usize,
    descriptors: usize,
    /// In the directory.
    files: usize,
    /// The client's, which is this process.
    client: (usize, usize),
}

impl Sample {
    /// Looks at a process and at its directory. What a thread that ends has may be there for a moment
    /// after its last answer, so it is looked until there is what there was in `first`.
    fn of(process: &str, dir: &Path, first: Option<&Sample>) -> Self {
        let begun = Instant::now();
        if first.is_none() {
            thread::sleep(Duration::from_millis(200));
        }
        loop {
            let sample = Self::now(process, dir);
            let is_as_first = first.is_none_or(|first| first.counts == sample.counts);
            if is_as_first || begun.elapsed() > Duration::from_secs(10) {
                return sample;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn now(process: &str, dir: &Path) -> Self {
        let count = |process: &str, what| {
            fs::read_dir(format!("/proc/{process}/{what}")).expect("a process").count()
        };
        let status = fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
        let memory = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let memory = memory.expect("its memory").trim().trim_end_matches(" kB");
        Self {
            memory: memory.parse().expect("a number"),
            counts: Counts {
                threads: count(process, "task"),
                descriptors: count(process, "fd"),
                files: files(dir).len(),
                client: (count("self", "task"), count("self", "fd")),
            },
        }
    }
}
