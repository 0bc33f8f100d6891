//! A directory, several caches on it with a clock each, and when they used what.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use cache_core::{
    ActionId, Cache, CacheExt, Check, Entry, FileName, Lookup, MissReason, OutputId, PutOptions,
    Source,
};
use cache_disk::DiskCache;
use test_attacks::Dice;

use crate::survey::{self, name_of};
use crate::{DAY, HOUR, at};

/// The last time that an entry has room for.
const LAST_TIME: Duration = Duration::from_nanos(i64::MAX as u64);

pub(crate) struct World {
    pub(crate) dir: PathBuf,
    pub(crate) dice: Dice,
    pub(crate) users: Vec<User>,
    /// When a file was last used, by its name and by its user's clock. What is not in here was not
    /// used since its mtime was set to something else.
    pub(crate) used: HashMap<String, SystemTime>,
    /// Temporary files whose writers live.
    pub(crate) locked: HashMap<String, File>,
    /// Whether the file system keeps times after 2038.
    pub(crate) keeps_late_times: bool,
    pub(crate) tally: Tally,
    grain: Duration,
    works: Vec<Work>,
    /// The time of each entry that was put.
    times: HashMap<ActionId, SystemTime>,
    history: VecDeque<String>,
}

/// A cache on the directory.
pub(crate) struct User {
    pub(crate) cache: DiskCache,
    /// `None`: the system's.
    clock: Option<Arc<Mutex<SystemTime>>>,
}

impl User {
    pub(crate) fn now(&self) -> SystemTime {
        self.clock.as_ref().map_or_else(SystemTime::now, |clock| *clock.lock().unwrap())
    }

    pub(crate) fn set(&self, now: SystemTime) {
        if let Some(clock) = &self.clock {
            *clock.lock().unwrap() = now;
        }
    }
}

struct Work {
    action: ActionId,
    body: Vec<u8>,
    output: OutputId,
    executable: Option<FileName>,
}

impl World {
    pub(crate) fn new(dir: &Path, seed: u64, grain: Duration) -> Self {
        let mut dice = Dice::new(seed);
        let user = |clock: Option<SystemTime>| {
            let clock = clock.map(|now| Arc::new(Mutex::new(now)));
            let mut builder = DiskCache::builder(dir);
            if let Some(clock) = clock.clone() {
                builder = builder.clock(move || *clock.lock().unwrap());
            }
            User { cache: builder.open().unwrap(), clock }
        };
        let now = SystemTime::now();
        let users = vec![user(None), user(Some(now)), user(Some(now)), user(Some(now - DAY))];
        let works = (0..12u8).map(|n| Work::new(n, &mut dice)).collect();
        Self {
            dir: dir.to_owned(),
            dice,
            users,
            used: HashMap::new(),
            locked: HashMap::new(),
            keeps_late_times: keeps(dir, at(13_000_000_000)),
            tally: Tally::default(),
            grain,
            works,
            times: HashMap::new(),
            history: VecDeque::new(),
        }
    }

    /// Does one thing, dealt by chance.
    pub(crate) fn step(&mut self) {
        match self.dice.below(20) {
            0..5 => self.put(),
            5..10 => self.get(),
            10..13 => self.jump(),
            13..15 => self.set_odd_mtime(),
            15 => self.set_odd_stamp(),
            16 => self.leave_something(),
            _ => self.trim(),
        }
    }

    pub(crate) fn note(&mut self, what: String) {
        if self.history.len() == 40 {
            self.history.pop_front();
        }
        self.history.push_back(what);
    }

    pub(crate) fn fail(&self, problem: impl fmt::Display) -> ! {
        let history: Vec<_> = self.history.iter().map(String::as_str).collect();
        panic!("{problem}\nbefore that:\n  {}", history.join("\n  "));
    }

    /// What one of the clocks says.
    pub(crate) fn any_now(&mut self) -> SystemTime {
        let user = self.dice.below(self.users.len());
        self.users[user].now()
    }

    fn jump(&mut self) {
        let user = self.dice.below(self.users.len());
        let now = self.users[user].now();
        let then = match self.dice.below(4) {
            0 => SystemTime::now(),
            1 => self.any_now(),
            _ => self.time(now),
        };
        self.users[user].set(then);
        self.note(format!("the clock of user {user} jumps to {then:?}"));
        self.tally.jumps += 1;
    }

    fn put(&mut self) {
        let (user, work) = (self.dice.below(self.users.len()), self.dice.below(self.works.len()));
        let (user_number, way) = (user, self.dice.below(4));
        let Work { action, body, output, executable } = &self.works[work];
        let options = PutOptions { executable: executable.clone(), ..PutOptions::default() };
        let user = &self.users[user];
        let before = user.now();
        let (mut reader, mut cursor) = (&body[..], Cursor::new(body));
        let source = match way {
            0 => Source::Bytes(body),
            1 => Source::Reader(&mut reader),
            2 => Source::Seekable(&mut cursor),
            _ => Source::Promised { output: *output, size: body.len() as u64, body: &mut reader },
        };
        let stored = user.cache.put(action, source, &options).unwrap();
        let after = user.now();
        let (action, output) = (*action, *output);
        if (stored.entry.output, stored.entry.size) != (output, body.len() as u64) {
            self.fail(format!("a put answers {:?}", stored.entry));
        }
        if fs::read(&stored.file.unwrap().path).unwrap() != *body {
            self.fail(format!("output {output} has wrong bytes after its put"));
        }
        self.times.insert(action, stored.entry.time);
        self.note(format!("user {user_number} puts work {work} at {before:?}"));
        self.note_use(name_of(&action, "a"), before, after);
        self.note_use(name_of(&output, "d"), before, after);
        self.tally.puts += 1;
    }

    fn get(&mut self) {
        let (user, work) = (self.dice.below(self.users.len()), self.dice.below(self.works.len()));
        let way = self.dice.below(3);
        let Work { action, body, output, .. } = &self.works[work];
        let (action, output) = (*action, *output);
        let (entry_name, output_name) = (name_of(&action, "a"), name_of(&output, "d"));
        let there = [&entry_name, &output_name].map(|name| self.dir.join(name).exists());
        let before = self.users[user].now();
        let cache = &self.users[user].cache;
        let bytes_at = |path: PathBuf| fs::read(path).unwrap();
        let found: Lookup<(Entry, Vec<u8>)> = match way {
            0 => cache.get_bytes(&action, u64::MAX).unwrap(),
            n => {
                let check = if n == 1 { Check::Size } else { Check::Checksum };
                match cache.get_file(&action, check).unwrap() {
                    Lookup::Hit((entry, path)) => Lookup::Hit((entry, bytes_at(path))),
                    Lookup::Miss(reason) => Lookup::Miss(reason),
                }
            }
        };
        let after = self.users[user].now();
        match (found, there) {
            (Lookup::Hit((entry, bytes)), [true, true]) => {
                let time = self.times[&action];
                let time = time.clamp(at(0), at(0) + LAST_TIME);
                let expected = Entry { output, size: body.len() as u64, time };
                if entry != expected || bytes != *body {
                    self.fail(format!("got {entry:?}, expected {expected:?}"));
                }
                self.note_use(output_name, before, after);
                self.tally.hits += 1;
            }
            (Lookup::Miss(MissReason::NotFound), [false, _]) => {}
            (Lookup::Miss(MissReason::OutputGone(_)), [true, false]) => {}
            (found, there) => {
                let found = found.miss();
                self.fail(format!("work {work}: a miss: {found:?}; what is there: {there:?}"));
            }
        }
        self.note(format!("user {user} gets work {work} at {before:?}; there: {there:?}"));
        if there[0] {
            self.note_use(entry_name, before, after);
        }
    }

    /// A file was used, so its mtime says so to within an hour.
    fn note_use(&mut self, name: String, before: SystemTime, after: SystemTime) {
        let Some(mark) = survey::mtime(&self.dir.join(&name)) else {
            self.fail(format!("{name}, just used, is gone"));
        };
        if mark + HOUR + self.grain < before || mark > after + HOUR + self.grain {
            self.fail(format!("{name} was used at {before:?} and has the mark {mark:?}"));
        }
        self.used.insert(name, before);
    }
}

impl Work {
    /// Two neighbours have equal outputs; every fourth such pair is an executable.
    fn new(number: u8, dice: &mut Dice) -> Self {
        let content = number / 2;
        let body = Dice::new(content.into()).bytes(usize::from(content) * 700);
        let executable = content % 4 == 3 && number % 2 == dice.below(2) as u8;
        Self {
            action: ActionId::from(*OutputId::of(&[number, 1]).as_bytes()),
            output: OutputId::of(&body),
            body,
            executable: executable.then(|| FileName::new("tool").unwrap()),
        }
    }
}

/// Whether the file system of `dir` keeps this mtime.
fn keeps(dir: &Path, time: SystemTime) -> bool {
    let file = tempfile::NamedTempFile::new_in(dir).unwrap();
    survey::set_mtime(file.path(), time);
    survey::mtime(file.path()) == Some(time)
}

/// How often each thing was done.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) puts: u64,
    pub(crate) hits: u64,
    pub(crate) jumps: u64,
    pub(crate) odd_mtimes: u64,
    pub(crate) odd_stamps: u64,
    pub(crate) left: u64,
    pub(crate) trims: u64,
    pub(crate) removed: u64,
    /// Uses within two hours, over all trims.
    pub(crate) guarded: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.puts += other.puts;
        self.hits += other.hits;
        self.jumps += other.jumps;
        self.odd_mtimes += other.odd_mtimes;
        self.odd_stamps += other.odd_stamps;
        self.left += other.left;
        self.trims += other.trims;
        self.removed += other.removed;
        self.guarded += other.guarded;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { puts, hits, jumps, odd_mtimes, odd_stamps, left, trims, removed, guarded } =
            self;
        write!(
            f,
            "{puts} puts, {hits} hits, {jumps} jumps, {odd_mtimes} odd mtimes, {odd_stamps} odd \
             stamps, {left} left by others, {trims} trims that removed {removed} and had to leave \
             {guarded}"
        )
    }
}
