//! One claim being tried on one cache.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use cache_core::{
    ActionId, Cache, CacheExt, Check, Entry, Error, Lookup, OutputId, PutOptions, Result, Source,
    Stored,
};

use crate::Factory;
use crate::dice::Dice;

/// A claim, the cache that it is tried on, and what to say when it does not hold.
pub(crate) struct Trial {
    claim: &'static str,
    cache: Arc<dyn Cache>,
    dice: Mutex<Dice>,
    actions: AtomicU64,
    // Dropped after the cache. In a mutex so that threads can share the trial.
    _keep: Mutex<Box<dyn std::any::Any + Send>>,
}

impl Trial {
    pub(crate) fn new(claim: &'static str, factory: Factory<'_>) -> Self {
        let fixture = factory();
        // Every claim has bodies of its own, the same ones in every run.
        let seed = u64::from_le_bytes(first_bytes(&OutputId::of(claim.as_bytes())));
        Self {
            claim,
            cache: fixture.cache,
            dice: Mutex::new(Dice::new(seed)),
            actions: AtomicU64::new(0),
            _keep: Mutex::new(fixture.keep),
        }
    }

    pub(crate) fn cache(&self) -> &dyn Cache {
        &*self.cache
    }

    /// An action that this claim has not used yet.
    pub(crate) fn action(&self) -> ActionId {
        let number = self.actions.fetch_add(1, Ordering::Relaxed);
        let description = format!("cache-conformance, claim {}, action {number}", self.claim);
        ActionId::from_bytes(*OutputId::of(description.as_bytes()).as_bytes())
    }

    /// A body of `size` bytes that, from eight bytes on, nothing else has.
    pub(crate) fn body(&self, size: usize) -> Vec<u8> {
        self.dice.lock().unwrap_or_else(|e| e.into_inner()).bytes(size)
    }

    /// Says that the claim does not hold.
    #[track_caller]
    pub(crate) fn fail(&self, action: &ActionId, problem: impl Display) -> ! {
        panic!("claim {} does not hold: action {action}: {problem}", self.claim)
    }

    /// [`fail`](Self::fail) where no action is at fault.
    #[track_caller]
    pub(crate) fn fail_without_action(&self, problem: impl Display) -> ! {
        panic!("claim {} does not hold: {problem}", self.claim)
    }

    /// Does an operation on an action that must not fail.
    #[track_caller]
    pub(crate) fn must<T>(&self, action: &ActionId, operation: &str, result: Result<T>) -> T {
        match result {
            Ok(value) => value,
            Err(e) => self.fail(action, format_args!("{operation} failed: {e}")),
        }
    }

    #[track_caller]
    pub(crate) fn put(&self, action: &ActionId, bytes: &[u8]) -> Stored {
        self.put_with(action, Source::Bytes(bytes), &PutOptions::default())
    }

    #[track_caller]
    pub(crate) fn put_with(
        &self,
        action: &ActionId,
        source: Source<'_>,
        options: &PutOptions,
    ) -> Stored {
        let put = format!("a put of {source:?}");
        self.must(action, &put, self.cache.put(action, source, options))
    }

    /// Puts what must not be stored.
    #[track_caller]
    pub(crate) fn refused(&self, action: &ActionId, source: Source<'_>, why: &str) -> Error {
        match self.cache.put(action, source, &PutOptions::default()) {
            Err(e) => e,
            Ok(stored) => self.fail(
                action,
                format_args!("a put of {why} succeeded with {stored:?}, expected an error"),
            ),
        }
    }

    #[track_caller]
    pub(crate) fn entry(&self, action: &ActionId) -> Entry {
        match self.must(action, "get", self.cache.get(action)) {
            Lookup::Hit(entry) => entry,
            Lookup::Miss(reason) => {
                self.fail(action, format_args!("get misses ({reason}), expected its entry"))
            }
        }
    }

    /// The action is not there, for any reader.
    #[track_caller]
    pub(crate) fn misses(&self, action: &ActionId, why: &str) {
        let cache = self.cache();
        if let Lookup::Hit(entry) = self.must(action, "get", cache.get(action)) {
            self.fail(action, format_args!("get gives {entry:?}, expected a miss: {why}"));
        }
        if let Lookup::Hit((entry, _)) =
            self.must(action, "get_bytes", cache.get_bytes(action, u64::MAX))
        {
            self.fail(action, format_args!("get_bytes gives {entry:?}, expected a miss: {why}"));
        }
    }

    /// The action is there, and every reader gives `bytes`.
    #[track_caller]
    pub(crate) fn gives(&self, action: &ActionId, bytes: &[u8]) {
        let entry = self.entry(action);
        self.names(action, &entry, bytes);
        let mut answers = 0;
        self.given(action, |reader, found| {
            answers += 1;
            self.same(action, reader, found, bytes);
        });
        if answers != READERS {
            self.fail(
                action,
                format_args!("{} of {READERS} readers miss, expected a hit", READERS - answers),
            );
        }
    }

    /// The action is there with `bytes` or not there at all, for every reader that looks at the
    /// bytes. With `size`, also for those that look at the size alone.
    #[track_caller]
    pub(crate) fn never_lies(&self, action: &ActionId, bytes: &[u8], size: bool) {
        self.given(action, |reader, found| {
            if size || CHECKING.contains(&reader) {
                self.same(action, reader, found, bytes);
            }
        });
    }

    /// Calls `judge` with the bytes that each reader gives, when it gives any.
    #[track_caller]
    fn given(&self, action: &ActionId, mut judge: impl FnMut(&'static str, &[u8])) {
        let cache = self.cache();
        let bytes = self.must(action, "get_bytes", cache.get_bytes(action, u64::MAX));
        if let Lookup::Hit((_, bytes)) = bytes {
            judge("get_bytes", &bytes);
        }
        for (check, get_file, open) in [
            (Check::Size, "get_file with Check::Size", "open with Check::Size"),
            (Check::Checksum, "get_file with Check::Checksum", "open with Check::Checksum"),
        ] {
            if let Lookup::Hit((_, path)) =
                self.must(action, get_file, cache.get_file(action, check))
            {
                judge(get_file, &self.read(action, &path));
            }
            if let Lookup::Hit((_, mut file)) = self.must(action, open, cache.open(action, check)) {
                judge(open, &self.read_open(action, &mut file));
            }
        }
        // SAFETY: the cache is the claim's own, and while the map lives nobody puts or damages
        // anything: the claims that do so in other threads do not come here.
        let map = unsafe { cache.map(action) };
        if let Lookup::Hit(map) = self.must(action, "map", map) {
            judge("map", &map);
        }
    }

    /// The whole content of an output's file.
    #[track_caller]
    pub(crate) fn read(&self, action: &ActionId, path: &Path) -> Vec<u8> {
        if !path.is_absolute() {
            self.fail(action, format_args!("{} is not absolute", path.display()));
        }
        match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) => self.fail(action, format_args!("cannot read {}: {e}", path.display())),
        }
    }

    #[track_caller]
    fn read_open(&self, action: &ActionId, file: &mut File) -> Vec<u8> {
        let mut bytes = Vec::new();
        match file.stream_position().and_then(|at| Ok((at, file.read_to_end(&mut bytes)?))) {
            Ok((0, _)) => bytes,
            Ok((at, _)) => {
                self.fail(action, format_args!("open gives a file at byte {at}, expected byte 0"))
            }
            Err(e) => self.fail(action, format_args!("cannot read the file that open gives: {e}")),
        }
    }

    /// An entry names the output that has these bytes.
    #[track_caller]
    pub(crate) fn names(&self, action: &ActionId, entry: &Entry, bytes: &[u8]) {
        let expected = (OutputId::of(bytes), bytes.len() as u64);
        if (entry.output, entry.size) != expected {
            self.fail(
                action,
                format_args!(
                    "its entry says output {} of {} bytes, expected {} of {}",
                    entry.output, entry.size, expected.0, expected.1
                ),
            );
        }
    }

    #[track_caller]
    pub(crate) fn same(&self, action: &ActionId, reader: &str, found: &[u8], expected: &[u8]) {
        if found != expected {
            let at = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
            self.fail(
                action,
                format_args!(
                    "{reader} gives {} bytes that differ from byte {at} on, expected the {} bytes \
                     that were put",
                    found.len(),
                    expected.len()
                ),
            );
        }
    }
}

/// How many readers [`Trial::given`] asks.
const READERS: usize = 6;

/// Those of them that check the bytes.
const CHECKING: [&str; 3] =
    ["get_bytes", "get_file with Check::Checksum", "open with Check::Checksum"];

fn first_bytes(id: &OutputId) -> [u8; 8] {
    std::array::from_fn(|i| id.as_bytes()[i])
}
