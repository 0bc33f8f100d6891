//! One client of a hostile helper, with several threads.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cache_core::{
    Cache, CacheExt, Check, Error, Lookup, MissReason, OutputId, PutOptions, Result, Source,
};
use cache_prog_client::{HelperError, HelperMiss, ProgCache, StartError};
use test_attacks::Dice;

use crate::support::{action, builder, left, peak_memory};

pub(crate) const VARIABLE: &str = "LARDER_HOSTILE_HELPER";

/// How long the helper may take for anything. Most that it does ends it sooner.
const LIMIT: Duration = Duration::from_millis(700);

/// How long a call may take: its own limit and those of the calls before it, and what a machine with
/// other work needs.
const LONGEST_CALL: Duration = Duration::from_secs(60);

/// By how much the client's memory may grow, in bytes. It has four threads, with bodies of 3 MiB.
const GROWTH: u64 = 32 << 20;

/// The most bytes that are taken of an output.
const OUTPUT_LIMIT: u64 = 1 << 20;

const ACTIONS: u64 = 8;

pub(crate) type Counts = BTreeMap<String, u64>;

const COUNTS: &str = "counts:";

/// The counts in what a client printed.
pub(crate) fn parse(output: &str) -> Counts {
    let line = output.lines().find_map(|line| line.strip_prefix(COUNTS)).expect("its counts");
    let pairs = line.split(',').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(what, count)| (what.to_owned(), count.parse().unwrap())).collect()
}

/// This process, when it is a client.
pub(crate) fn from_environment() -> Option<Client> {
    let task = env::var(VARIABLE).ok()?;
    let mut words = task.splitn(3, ' ');
    let mut word = || words.next().unwrap().to_owned();
    let (ending, seed, folder) = (word(), word(), word());
    // Its stderr leads nowhere.
    std::panic::set_hook(Box::new(|panic| println!("{panic}")));
    Some(Client {
        command: format!("hostile {ending} {seed} '{folder}'"),
        dice: Dice::new(seed.parse::<u64>().unwrap() ^ 1),
        closing: AtomicBool::new(false),
        told: Mutex::default(),
        counts: Mutex::default(),
    })
}

pub(crate) struct Client {
    command: String,
    dice: Dice,
    /// Whether somebody has begun to close the cache.
    closing: AtomicBool,
    /// The outputs that the helper was asked about, or was given.
    told: Mutex<BTreeSet<OutputId>>,
    counts: Mutex<Counts>,
}

impl Client {
    /// Makes calls until there are enough. Returns the counts as a line.
    pub(crate) fn run(mut self) -> String {
        let before = peak_memory();
        let begun = Instant::now();
        let limited = builder(&self.command)
            .start_deadline(2 * LIMIT)
            .reply_deadline(if self.fills_memory() { LONGEST_CALL } else { LIMIT })
            .close_deadline(LIMIT)
            .on_waiting(|_| {});
        match limited.start() {
            Ok(cache) => {
                self.count("helpers started");
                self.use_up(cache);
            }
            Err(StartError::Helper(error)) => {
                self.names_the_helper(&error);
                self.count("helpers not started");
            }
            Err(error) => panic!("it was not started: {error}"),
        }
        assert!(begun.elapsed() < 2 * LONGEST_CALL);
        assert_eq!(left(), (Vec::new(), 0), "processes, and threads");
        let grown = peak_memory().saturating_sub(before);
        assert!(grown < GROWTH, "the memory has grown by {grown} bytes");
        let counts = self.counts.into_inner().unwrap();
        let pairs: Vec<_> = counts.iter().map(|(what, n)| format!("{what}={n}")).collect();
        format!("{COUNTS}{}", pairs.join(","))
    }

    fn use_up(&mut self, cache: ProgCache) {
        let seeds: Vec<_> = (0..4).map(|_| self.dice.seed()).collect();
        let closes_early = self.dice.one_in(4);
        thread::scope(|scope| {
            for seed in seeds {
                let (client, cache) = (&*self, &cache);
                scope.spawn(move || client.call(cache, &mut Dice::new(seed)));
            }
            if closes_early {
                thread::sleep(Duration::from_millis(30));
                self.close(&cache);
            }
        });
        self.close(&cache);
        cache.close().expect("it was closed before");
        assert!(cache.get(&action(1)).is_err(), "it is closed");
    }

    /// Whether the helper would fill the memory by and by, for which it needs time and many calls.
    fn fills_memory(&self) -> bool {
        self.command.starts_with("hostile long-paths")
    }

    /// One thread's calls.
    fn call(&self, cache: &ProgCache, dice: &mut Dice) {
        let least = if self.fills_memory() { 50 } else { 10 };
        for _ in 0..least + dice.below(40) {
            let begun = Instant::now();
            if let Err(error) = self.call_once(cache, dice) {
                self.is_fair(&error);
                self.count("errors");
            }
            let took = begun.elapsed();
            assert!(took < LONGEST_CALL, "a call took {took:?}");
        }
    }

    fn call_once(&self, cache: &ProgCache, dice: &mut Dice) -> Result<()> {
        let action = action(dice.up_to(ACTIONS));
        match dice.below(12) {
            0..3 => {
                if let Some(entry) = self.looked_up(cache.get(&action)?) {
                    self.told.lock().unwrap().insert(entry.output);
                    self.file(cache, &entry.output)?;
                }
            }
            3 | 4 => {
                if let Some((entry, path)) = self.looked_up(cache.get_file(&action, Check::Size)?) {
                    // Another file may be there by now, but this was not a relative path.
                    assert!(path.is_absolute(), "{entry:?} is at {path:?}");
                    self.told.lock().unwrap().insert(entry.output);
                }
            }
            5 | 6 => {
                let found = self.looked_up(cache.get_bytes(&action, OUTPUT_LIMIT)?);
                if let Some((entry, bytes)) = found {
                    assert_eq!(OutputId::of(&bytes), entry.output);
                    assert_eq!(bytes.len() as u64, entry.size);
                    self.count("outputs read");
                }
            }
            7 => {
                if let Some((entry, file)) = self.looked_up(cache.open(&action, Check::Size)?) {
                    let found = file.metadata().unwrap();
                    assert!(found.is_file(), "{found:?}");
                    assert_eq!(found.len(), entry.size);
                }
            }
            8 => {
                // Whatever it was told of before, by whoever.
                let output = {
                    let told = self.told.lock().unwrap();
                    told.iter().nth(dice.below(told.len() + 1)).copied()
                };
                self.file(cache, &output.unwrap_or(OutputId::of(b"never heard of")))?;
            }
            _ => self.put(cache, dice)?,
        }
        Ok(())
    }

    fn put(&self, cache: &ProgCache, dice: &mut Dice) -> Result<()> {
        let number = dice.up_to(ACTIONS);
        // What the protocol carries in one piece, and what is read twice.
        let size = if dice.one_in(40) { 3 << 20 } else { dice.below(20_000) };
        let body = dice.bytes(size);
        let (output, size) = (OutputId::of(&body), body.len() as u64);
        let (mut seekable, mut reader) = (Cursor::new(&body), &*body);
        let source = match dice.below(4) {
            0 => Source::Seekable(&mut seekable),
            1 => Source::Reader(&mut reader),
            2 => Source::Promised { output, size, body: &mut reader },
            _ => Source::Bytes(&body),
        };
        let stored = cache.put(&action(number), source, &PutOptions::default())?;
        assert_eq!((stored.entry.output, stored.entry.size), (output, size));
        if let Some(file) = stored.file {
            self.is_an_outputs(&file.path);
            assert_eq!(file.size, size, "{file:?}");
        }
        self.told.lock().unwrap().insert(output);
        self.count("outputs put");
        Ok(())
    }

    fn file(&self, cache: &ProgCache, output: &OutputId) -> Result<()> {
        if let Some(file) = cache.output_file(output)? {
            self.is_an_outputs(&file.path);
            self.count("files seen");
        }
        Ok(())
    }

    /// Whether a path that was given can be an output's. What is there may change in a moment where
    /// the helper does that.
    fn is_an_outputs(&self, path: &Path) {
        assert!(path.is_absolute(), "{path:?}");
        if !self.command.starts_with("hostile swaps") {
            assert!(fs::metadata(path).unwrap().is_file(), "{path:?}");
        }
    }

    fn looked_up<T>(&self, lookup: Lookup<T>) -> Option<T> {
        match lookup {
            Lookup::Hit(found) => {
                self.count("hits");
                Some(found)
            }
            Lookup::Miss(reason) => {
                match &reason {
                    MissReason::NotFound
                    | MissReason::OutputGone(_)
                    | MissReason::OutputSize { .. }
                    | MissReason::OutputChecksum(_) => {}
                    MissReason::Other(other) => assert!(other.is::<HelperMiss>(), "{reason}"),
                    reason => panic!("{reason}"),
                }
                self.count("misses");
                None
            }
        }
    }

    /// Whether an error is one that this cache may give.
    fn is_fair(&self, error: &Error) {
        match error {
            Error::Backend(error) => {
                self.names_the_helper(error.downcast_ref().expect("a helper's error"));
            }
            Error::Io { path, .. } => assert!(path.is_absolute(), "{error}"),
            Error::TooLarge { size, .. } => assert!(*size > OUTPUT_LIMIT, "{error}"),
            Error::Closed => assert!(self.closing.load(Ordering::SeqCst), "nobody closed it"),
            _ => panic!("{error:?}"),
        }
    }

    fn names_the_helper(&self, error: &HelperError) {
        let text = error.to_string();
        assert!(text.starts_with("cache helper \"") && text.contains("scripted-helper"), "{text}");
        assert!(!text.contains('\n'), "{text}");
    }

    fn close(&self, cache: &ProgCache) {
        self.closing.store(true, Ordering::SeqCst);
        let begun = Instant::now();
        if let Err(error) = cache.close() {
            self.is_fair(&error);
        }
        assert!(begun.elapsed() < LONGEST_CALL);
    }

    fn count(&self, what: &str) {
        *self.counts.lock().unwrap().entry(what.to_owned()).or_default() += 1;
    }
}
