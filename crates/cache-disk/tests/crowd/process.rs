//! One process of the crowd.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{Cursor, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use cache_core::{Cache, Entry, Lookup, MissReason, OutputId, PutOptions, Source};
use cache_disk::{DiskCache, Outcome, TrimOptions};
use test_attacks::Dice;

use super::work::Work;
use super::{Clock, Counts, HOUR, LIMIT};

const VARIABLE: &str = "LARDER_CROWD_PROCESS";

/// New pieces of work in every hour. All processes choose among the same.
const NEW_WORK: usize = 1000;

/// A path is good for this long after its use.
const PROMISE: Duration = Duration::from_secs(2 * 60 * 60);

/// How many paths a process holds at most.
const MOST_HELD: usize = 400;

/// The command that runs this very test as a process of the crowd.
pub(crate) fn command(
    test: &str,
    dir: &Path,
    clock: Clock,
    seed: u64,
    seconds: u64,
    number: u64,
) -> Command {
    let start = clock.start.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .env(VARIABLE, format!("{start} {seed} {seconds} {number} {}", dir.display()));
    command
}

/// This process, when it is one of the crowd.
pub(crate) fn from_environment() -> Option<Process> {
    let task = env::var(VARIABLE).ok()?;
    let mut words = task.splitn(5, ' ');
    let mut number = || words.next().unwrap().parse().unwrap();
    let (start, seed, seconds, me) = (number(), number(), number(), number());
    let dir = PathBuf::from(words.next().unwrap());
    let clock = Clock { start: SystemTime::UNIX_EPOCH + Duration::from_nanos(start) };
    let cache = DiskCache::builder(&dir).clock(move || clock.now()).max_size(LIMIT).open().unwrap();
    Some(Process {
        cache,
        dir,
        clock,
        seed,
        me,
        end: Instant::now() + Duration::from_secs(seconds),
        dice: Dice::new(seed.wrapping_add(me + 1)),
        held: BTreeMap::new(),
        used: HashMap::new(),
        counts: Counts::new(),
    })
}

/// The counts in what a process printed.
pub(crate) fn parse(output: &str) -> Counts {
    let line = output.lines().find_map(|line| line.strip_prefix(COUNTS)).expect("its counts");
    let pairs = line.split(',').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(what, count)| (what.to_owned(), count.parse().unwrap())).collect()
}

const COUNTS: &str = "counts:";

pub(crate) struct Process {
    cache: DiskCache,
    dir: PathBuf,
    clock: Clock,
    seed: u64,
    me: u64,
    end: Instant,
    dice: Dice,
    /// By the time until which they are held.
    held: BTreeMap<SystemTime, Held>,
    /// When this process last put or got a piece of work, which is use as well.
    used: HashMap<u64, SystemTime>,
    counts: Counts,
}

/// A path that was given out and is used for a while.
struct Held {
    path: PathBuf,
    work: u64,
    output: OutputId,
    since: SystemTime,
    how: &'static str,
}

impl Process {
    /// Works until its time is up; returns its counts as a line.
    pub(crate) fn run(mut self) -> String {
        while Instant::now() < self.end {
            match self.dice.below(48) {
                0 => self.trim(),
                1..12 => self.look_at_a_held_path(),
                _ => self.work(),
            }
            while let Some(entry) = self.held.first_entry()
                && *entry.key() <= self.clock.now()
            {
                let held = entry.remove();
                self.look_at(&held);
                self.count("paths held to the end", 1);
            }
        }
        self.cache.close().unwrap();
        let pairs: Vec<_> = self.counts.iter().map(|(what, n)| format!("{what}={n}")).collect();
        format!("{COUNTS}{}", pairs.join(","))
    }

    fn count(&mut self, what: &str, by: u64) {
        *self.counts.entry(what.to_owned()).or_default() += by;
    }

    /// Mostly this hour's work, and now and then some of an earlier hour: rarely enough that most
    /// of that goes unused until trims remove it, and often enough to come just then.
    fn choose(&mut self) -> u64 {
        let this_hour = self.clock.elapsed().as_secs() / HOUR.as_secs();
        let ago = if self.dice.one_in(8) { self.dice.below(12) as u64 } else { 0 };
        this_hour.saturating_sub(ago) * NEW_WORK as u64 + self.dice.below(NEW_WORK) as u64
    }

    fn work(&mut self) {
        let number = self.choose();
        let work = Work::new(self.seed, number);
        if self.dice.one_in(4) || !self.get(number, &work) {
            self.put(number, &work);
        }
    }

    /// Looks the work up and uses its output. `false` when it has to be done.
    fn get(&mut self, number: u64, work: &Work) -> bool {
        let before = self.clock.now();
        let entry_path = self.dir.join(path_of(&work.action, "-a"));
        let old_mark = mtime(&entry_path);
        let entry = match self.cache.get(&work.action).unwrap() {
            Lookup::Hit(entry) => entry,
            Lookup::Miss(reason @ MissReason::NotFound) => {
                self.may_be_gone(number, &reason);
                return false;
            }
            Lookup::Miss(reason) => self.fail(number, format_args!("a miss: {reason}")),
        };
        self.is_right(number, work, &entry);
        match mtime(&entry_path) {
            None => self.may_be_gone_since(number, before, "its entry, just looked up, is gone"),
            Some(mark) => {
                if mark + HOUR < before {
                    self.fail(number, "looking it up did not mark it as used");
                }
                if old_mark.is_some_and(|old| old + HOUR < before && old != mark) {
                    self.count("stale marks refreshed", 1);
                }
            }
        }
        let Some(file) = self.cache.output_file(&work.output).unwrap() else {
            self.may_be_gone(number, &"its entry is there, and its output is not");
            return false;
        };
        if file.size != work.body.len() as u64 {
            self.fail(number, format_args!("its output has {} bytes", file.size));
        }
        self.used.insert(number, before);
        self.hold(number, work, file.path, before, "got");
        self.count("hits", 1);
        true
    }

    fn put(&mut self, number: u64, work: &Work) {
        let before = self.clock.now();
        let options = PutOptions { executable: work.executable.clone(), ..PutOptions::default() };
        let put = |source: Source<'_>| self.cache.put(&work.action, source, &options).unwrap();
        let (mut bytes, mut cursor) = (&work.body[..], Cursor::new(&work.body));
        let stored = match self.dice.below(5) {
            0 => put(Source::Bytes(&work.body)),
            1 => put(Source::Reader(&mut bytes)),
            2 => put(Source::Seekable(&mut cursor)),
            3 => put(Source::Promised {
                output: work.output,
                size: work.body.len() as u64,
                body: &mut bytes,
            }),
            _ => {
                let mut file = tempfile::tempfile().unwrap();
                file.write_all(&work.body).unwrap();
                file.rewind().unwrap();
                put(Source::File(&file))
            }
        };
        self.is_right(number, work, &stored.entry);
        let file = stored.file.expect("a cache in a directory has a file");
        self.used.insert(number, before);
        self.hold(number, work, file.path, before, "put");
        self.count("puts", 1);
        self.count("bytes put", work.body.len() as u64);
    }

    fn is_right(&self, number: u64, work: &Work, entry: &Entry) {
        if (entry.output, entry.size) != (work.output, work.body.len() as u64) {
            self.fail(number, format_args!("the answer is {entry:?}, expected {}", work.output));
        }
    }

    /// The time of use is when the call began: whatever it looked at, it looked at later.
    fn hold(
        &mut self,
        number: u64,
        work: &Work,
        path: PathBuf,
        since: SystemTime,
        how: &'static str,
    ) {
        if path.is_dir() {
            self.fail(number, format_args!("{} is a folder, not its file", path.display()));
        }
        if path.parent().is_some_and(|folder| folder.to_string_lossy().ends_with("-d")) {
            self.count("executables held", 1);
        }
        let held = Held { path, work: number, output: work.output, since, how };
        self.look_at(&held);
        if self.held.len() < MOST_HELD {
            let most = PROMISE.mul_f64(0.98).as_secs() as usize;
            // The nanoseconds of `since` keep two of them apart.
            let until = since + Duration::from_secs(self.dice.below(most) as u64);
            self.held.insert(until, held);
        }
    }

    fn look_at_a_held_path(&mut self) {
        if !self.held.is_empty() {
            let which = self.dice.below(self.held.len());
            if let Some((&until, _)) = self.held.iter().nth(which) {
                let held = self.held.remove(&until).expect("it was just there");
                self.look_at(&held);
                self.held.insert(until, held);
            }
        }
    }

    /// What is at the path is the output, as long as the promise holds.
    fn look_at(&mut self, held: &Held) {
        match File::open(&held.path) {
            Ok(mut file) => {
                let (found, size) = OutputId::of_reader(&mut file).unwrap();
                if found != held.output {
                    self.fail(held.work, format_args!("{size} wrong bytes at its path"));
                }
                self.count("looks at a held path", 1);
            }
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                let problem = format!("{} ({}): {e}", held.path.display(), held.how);
                self.may_be_gone_since(held.work, held.since, problem);
                self.count("paths gone after their time", 1);
            }
            Err(e) => self.fail(held.work, format_args!("{}: {e}", held.path.display())),
        }
    }

    /// Something of this piece of work is gone, which is right when it was not used lately.
    fn may_be_gone(&mut self, number: u64, problem: &dyn Display) {
        if let Some(&since) = self.used.get(&number) {
            self.may_be_gone_since(number, since, problem);
            self.count("puts of what was trimmed", 1);
        }
    }

    /// The clock is read after the file was found gone, so that a process that was kept waiting in
    /// between is in no doubt about who was late.
    fn may_be_gone_since(&self, number: u64, since: SystemTime, problem: impl Display) {
        if self.clock.now() < since + PROMISE {
            let ago = self.clock.now().duration_since(since).unwrap_or_default();
            self.fail(number, format_args!("{problem}, {} s after its use", ago.as_secs()));
        }
    }

    fn trim(&mut self) {
        let budget = self.dice.one_in(3).then(|| Duration::from_millis(self.dice.below(6) as u64));
        let mut options = TrimOptions {
            max_size: (!self.dice.one_in(8)).then_some(LIMIT),
            force: self.dice.one_in(2),
            dry_run: self.dice.one_in(16),
            budget,
            ..TrimOptions::default()
        };
        if self.dice.one_in(4) {
            options.max_age = 3 * HOUR;
        }
        let report = self.cache.trim(&options).unwrap();
        assert!(report.failures.is_empty(), "process {}: {report:?}", self.me);
        if !options.dry_run {
            self.count("entries trimmed", report.removed.entries);
            self.count("outputs trimmed", report.removed.outputs);
            self.count("leftovers trimmed", report.removed.leftovers);
            self.count("in use when trimmed", report.in_use);
        }
        for outcome in [Some(report.by_age), report.by_size].into_iter().flatten() {
            self.count(
                match outcome {
                    Outcome::Done => "trims done",
                    Outcome::NotDue { .. } => "trims not due",
                    Outcome::Cut { .. } => "trims cut by their budget",
                    Outcome::Busy => "trims left to another process",
                    _ => "trims that ended otherwise",
                },
                1,
            );
        }
    }

    fn fail(&self, number: u64, problem: impl Display) -> ! {
        let work = Work::new(self.seed, number);
        let mark = |name| {
            let age = mtime(&self.dir.join(name)).map(|mark| self.clock.now().duration_since(mark));
            format!("{age:?}")
        };
        panic!(
            "process {}, work {number} ({} bytes{}, action {}, output {}): {problem}\n\
             it is {} s past the start; age of the entry's mark: {}, of the output's: {}",
            self.me,
            work.body.len(),
            work.executable.as_ref().map_or(String::new(), |name| format!(", executable {name}")),
            work.action,
            work.output,
            self.clock.elapsed().as_secs(),
            mark(path_of(&work.action, "-a")),
            mark(path_of(&work.output, "-d")),
        );
    }
}

fn path_of(id: &dyn Display, suffix: &str) -> String {
    let id = id.to_string();
    format!("{}/{id}{suffix}", &id[..2])
}

fn mtime(path: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(path).ok()?.modified().ok()
}
