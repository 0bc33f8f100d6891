//! One of our processes.

mod failing;
mod lookups;
mod paths;

use std::collections::HashMap;
use std::env;
use std::fmt::Display;
use std::fs::File;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use cache_core::{Cache, CacheExt, PutOptions, Source};
use cache_disk::{CheckUpOptions, DiskCache, TrimOptions};
use test_attacks::Dice;

use crate::clean::Generation;
use crate::world::{Body, Kind, Litter, World, tool};
use crate::{Counts, OURS, cache_dir, count, name_of};

use paths::Held;

const VARIABLE: &str = "LARDER_RACES_PROCESS";

const COUNTS: &str = "counts:";

/// Old results that each process makes in a second.
const LITTER: u64 = 10;

/// How far the clock is behind by which they are made: too old for a size limit, too young for Go's
/// trims, which take no locks and so can take away what was just given out.
const BEHIND: Duration = Duration::from_secs(5 * 60 * 60);

/// The command that runs this very test as one of the processes.
pub(crate) fn command(
    test: &str,
    scratch: &Path,
    seed: u64,
    length: Duration,
    number: u64,
) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .env(VARIABLE, format!("{seed} {} {number} {}", length.as_secs(), scratch.display()));
    command
}

/// This process, when it is one of them.
pub(crate) fn from_environment() -> Option<Process> {
    let task = env::var(VARIABLE).ok()?;
    let mut words = task.splitn(4, ' ');
    let mut number = || words.next().unwrap().parse().unwrap();
    let (seed, seconds, me) = (number(), number(), number());
    let scratch = PathBuf::from(words.next().unwrap());
    let dir = cache_dir(&scratch);
    let behind = DiskCache::builder(&dir).clock(|| SystemTime::now() - BEHIND).open().unwrap();
    Some(Process {
        cache: DiskCache::open(&dir).unwrap(),
        behind,
        world: World::new(seed),
        generation: Generation::open(&scratch),
        scratch,
        seed,
        me,
        end: Instant::now() + Duration::from_secs(seconds),
        dice: Dice::new(seed.wrapping_add(me + 1)),
        littered: unix_seconds(),
        held: Vec::new(),
        used: HashMap::new(),
        counts: Counts::new(),
    })
}

/// The counts in what a process printed.
pub(crate) fn parse(printed: &str) -> Counts {
    let line = printed.lines().find_map(|line| line.strip_prefix(COUNTS)).expect("its counts");
    let pairs = line.split(',').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(what, count)| (what.to_owned(), count.parse().unwrap())).collect()
}

pub(crate) struct Process {
    cache: DiskCache,
    /// The same directory by a clock that is behind.
    behind: DiskCache,
    scratch: PathBuf,
    world: World,
    generation: Generation,
    seed: u64,
    me: u64,
    end: Instant,
    dice: Dice,
    /// The second up to which this process has made its litter.
    littered: u64,
    held: Vec<Held>,
    /// In which generation an entry or an output was used that was all right then, by its name.
    used: HashMap<String, u64>,
    counts: Counts,
}

impl Process {
    /// Works until its time is up; returns its counts as a line.
    pub(crate) fn run(mut self) -> String {
        let mut last_check = Instant::now();
        while Instant::now() < self.end {
            match self.dice.below(128) {
                0..2 => self.trim(),
                2 => self.list(),
                3..28 => self.look_at_a_held_path(),
                28..50 => self.put(),
                50..60 => self.fail_to_put(),
                60..84 => self.take_litter(),
                84..88 => self.make_litter(),
                _ => self.get(),
            }
            // One that meets files being written takes up to a minute for each of its two halves.
            let minutes = |n: u64| Duration::from_secs(60 * n);
            if self.me == 0
                && last_check.elapsed() > minutes(1) / 2
                && Instant::now() + minutes(2) < self.end
            {
                self.check_up();
                last_check = Instant::now();
            }
        }
        for held in std::mem::take(&mut self.held) {
            self.is_there(&held);
        }
        self.cache.close().unwrap();
        let pairs: Vec<_> = self.counts.iter().map(|(what, n)| format!("{what}={n}")).collect();
        format!("{COUNTS}{}", pairs.join(","))
    }

    fn count(&mut self, what: &str) {
        count(&mut self.counts, what, 1);
    }

    fn fail(&self, problem: impl Display) -> ! {
        panic!("process {} of ours, generation {}: {problem}", self.me, self.generation.now())
    }

    fn put(&mut self) {
        let action = self.dice.below(self.world.actions.len());
        let number = self.dice.below(4);
        let (way, as_tool) = (self.dice.below(5), self.dice.one_in(2));
        let generation = self.generation.now();
        let Body { kind, bytes, output, file } = &self.world.bodies(action)[number];
        let executable = (*kind == Kind::Executable && as_tool).then(tool);
        let options = PutOptions { executable, ..PutOptions::default() };
        let (mut reader, mut cursor, size) = (&bytes[..], Cursor::new(bytes), bytes.len() as u64);
        let opened = File::open(self.scratch.join(file)).unwrap();
        let source = match way {
            0 => Source::Bytes(bytes),
            1 => Source::Reader(&mut reader),
            2 => Source::Seekable(&mut cursor),
            3 => Source::File(&opened),
            _ => Source::Promised { output: *output, size, body: &mut reader },
        };
        let stored = match self.cache.put(&self.world.actions[action], source, &options) {
            Ok(stored) => stored,
            Err(e) => self.fail(format_args!("a put failed: {e}")),
        };
        let (output, is_safe) = (*output, *kind != Kind::Twin);
        if (stored.entry.output, stored.entry.size) != (output, size) {
            self.fail(format_args!("a put of {output} answers {:?}", stored.entry));
        }
        let path = stored.file.unwrap().path;
        self.note_use(name_of(&self.world.actions[action], "a"), generation);
        if is_safe {
            self.note_use(name_of(&output, "d"), generation);
        }
        self.hold(Held { path, output, is_safe, generation, how: "put" });
        self.count("puts");
    }

    /// Makes results that trims want, each once.
    fn make_litter(&mut self) {
        for second in self.littered..unix_seconds() {
            for n in 0..LITTER {
                let number = (second * OURS + self.me) * LITTER + n;
                let Litter { action, bytes, .. } = Litter::new(self.seed, number);
                if let Err(e) = self.behind.put_bytes(&action, &bytes) {
                    self.fail(format_args!("a put failed: {e}"));
                }
                self.count("old results put");
            }
        }
        self.littered = unix_seconds();
    }

    fn trim(&mut self) {
        let sizes = [Some(0), Some(64 << 10), Some(1 << 20), None];
        let options = TrimOptions {
            max_age: if self.dice.one_in(2) { Duration::ZERO } else { Duration::MAX },
            max_size: *self.dice.pick(&sizes),
            force: !self.dice.one_in(4),
            budget: self.dice.one_in(3).then(|| Duration::from_millis(self.dice.up_to(6))),
            ..TrimOptions::default()
        };
        let report = self.cache.trim(&options).unwrap();
        if !report.failures.is_empty() {
            self.fail(format_args!("a trim failed: {report:?}"));
        }
        count(&mut self.counts, "entries trimmed", report.removed.entries);
        count(&mut self.counts, "outputs trimmed", report.removed.outputs);
        count(&mut self.counts, "in use when trimmed", report.in_use);
        self.count("trims");
    }

    /// Every entry in a listing is one that was put.
    fn list(&mut self) {
        let mut listed = 0;
        for entry in self.cache.entries() {
            let entry = entry.unwrap_or_else(|e| self.fail(format_args!("a listing failed: {e}")));
            let action = self.world.actions.iter().position(|action| *action == entry.action);
            if let Some(action) = action {
                if self.world.put(action, &entry.entry).is_none() {
                    self.fail(format_args!("an entry that nobody put is listed: {entry:?}"));
                }
                listed += 1;
            }
        }
        if let Err(e) = self.cache.totals() {
            self.fail(format_args!("counting failed: {e}"));
        }
        count(&mut self.counts, "entries listed", listed);
    }

    /// Nothing is bad but what Go's own failed writers have truncated.
    fn check_up(&mut self) {
        let report = self.cache.check_up(&CheckUpOptions::default()).unwrap();
        for bad in &report.bad {
            let name = bad.path.file_name().unwrap().to_string_lossy();
            let is_it = |body: &Body| *name == format!("{}-d", body.output);
            if !self.world.all_bodies().any(|body| body.kind == Kind::Twin && is_it(body)) {
                self.fail(format_args!("a check-up found {bad:?}"));
            }
        }
        self.count("check-ups");
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}
