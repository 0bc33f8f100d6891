//! A process that puts, durably and not, trims now and then, and tells which durable puts have
//! returned.

use std::collections::VecDeque;
use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use cache_core::{Cache, PutOptions, Source, Stored};
use cache_disk::{DiskCache, TrimOptions};
use filetime::FileTime;
use rustix::fs::{Advice, fadvise};
use test_attacks::Dice;

use super::common::{action, entry_path, output_path};
use super::work;

const VARIABLE: &str = "LARDER_TEST_POWER_LOSS_WRITER";
const ACKNOWLEDGED: &str = "acknowledged ";

/// So many of its ordinary puts a writer keeps; older ones it makes old enough for a trim.
const KEPT: usize = 60;

/// The actions that get one content after the other.
const VERSIONED: usize = 8;

/// What was not used for that long is trimmed.
const OLD: Duration = Duration::from_secs(6 * 24 * 60 * 60);

/// The command that runs this very test as a writer.
pub(crate) fn command(dir: &Path, seed: u64, number: u64, dice: u64) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "what_was_put_holds_after_a_loss_of_power", "--nocapture"])
        .env(VARIABLE, format!("{seed} {number} {dice} {}", dir.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// The action and the content of a durable put, when this line of a writer tells of one.
pub(crate) fn acknowledged(line: &str) -> Option<(u64, u64)> {
    let (action, content) = line.strip_prefix(ACKNOWLEDGED)?.split_once(' ')?;
    Some((action.parse().unwrap(), content.parse().unwrap()))
}

/// This process, when it is a writer.
pub(crate) fn from_environment() -> Option<Writer> {
    let task = env::var(VARIABLE).ok()?;
    let mut words = task.splitn(4, ' ');
    let mut number = || words.next().unwrap().parse().unwrap();
    let (seed, me, dice) = (number(), number(), Dice::new(number()));
    let dir = PathBuf::from(words.next().unwrap());
    let cache = DiskCache::open(&dir).unwrap();
    let (once, versions, done) = (0, [0; VERSIONED], VecDeque::new());
    Some(Writer { cache, dir, seed, me, dice, at: 0, once, versions, done })
}

pub(crate) struct Writer {
    cache: DiskCache,
    dir: PathBuf,
    seed: u64,
    me: u64,
    dice: Dice,
    /// The ordinary actions go on from here.
    at: u64,
    /// How many actions it has put once.
    once: u64,
    /// The newest version of each action that has some.
    versions: [u64; VERSIONED],
    /// Its latest ordinary puts: action and content.
    done: VecDeque<(u64, u64)>,
}

impl Writer {
    /// Puts until it is ended, or nobody listens any more.
    pub(crate) fn run(mut self) {
        loop {
            let said = match self.dice.below(16) {
                0..4 => self.put_once(),
                4 | 5 => self.put_a_version(),
                6 if self.dice.one_in(4) => self.trim(),
                _ => self.put_ordinarily(),
            };
            if said.is_err() {
                return;
            }
        }
    }

    fn put_once(&mut self) -> io::Result<()> {
        let action = work::once(self.me, self.once);
        self.once += 1;
        let shared: Vec<_> =
            self.done.iter().map(|(_, content)| *content).filter(|c| work::is_kept(*c)).collect();
        // What was put a moment ago in the ordinary way, or is being put by another.
        let content = match self.dice.below(3) {
            0 if !shared.is_empty() => *self.dice.pick(&shared),
            1 => (self.at + self.dice.up_to(4)) & !2,
            _ => action,
        };
        self.put_durably(action, content)
    }

    fn put_a_version(&mut self) -> io::Result<()> {
        let slot = self.dice.below(VERSIONED);
        self.versions[slot] += 1;
        let action = work::versioned(self.me, slot as u64);
        self.put_durably(action, work::version(action, self.versions[slot]))
    }

    fn put_durably(&mut self, action: u64, content: u64) -> io::Result<()> {
        self.put(action, content, true);
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "\n{ACKNOWLEDGED}{action} {content}")?;
        stdout.flush()
    }

    fn put_ordinarily(&mut self) -> io::Result<()> {
        self.at += self.dice.up_to(3);
        let action = self.at;
        let content = work::content_of(action, &mut self.dice);
        let stored = self.put(action, content, false);
        self.done.push_back((action, content));
        if let Some(file) = stored.file.filter(|_| self.dice.one_in(2)) {
            self.write_back_a_part(&file.path);
        }
        if self.dice.one_in(2) {
            self.write_back_a_part(&entry_path(&self.dir, &self::action(action)));
        }
        while self.done.len() > KEPT {
            self.done.pop_front().into_iter().for_each(|(action, content)| {
                self.make_old(action, content);
            });
        }
        thread::sleep(Duration::from_millis(self.dice.up_to(20)));
        Ok(())
    }

    fn put(&mut self, action: u64, content: u64, durable: bool) -> Stored {
        let body = work::body(self.seed, content);
        let executable = work::executable(content);
        let options = PutOptions { durable, executable, ..PutOptions::default() };
        let mut slow = Slow { rest: &body, pause: self.dice.one_in(4) };
        let source =
            if self.dice.one_in(2) { Source::Bytes(&body) } else { Source::Reader(&mut slow) };
        self.cache.put(&self::action(action), source, &options).unwrap()
    }

    /// Starts writing a part of a file to the disk, and waits for nothing. Without that, what is
    /// not synced is merely short for half a minute; with it, the end of a file may be on the disk
    /// and its beginning not.
    fn write_back_a_part(&mut self, path: &Path) {
        const PAGE: u64 = 4096;
        // A trim may have been faster.
        let Ok(file) = File::open(path) else { return };
        let pages = file.metadata().unwrap().len().div_ceil(PAGE);
        let from = self.dice.up_to(pages + 1).saturating_sub(1);
        // From the first page once in three times, else up to the end.
        let from = if self.dice.one_in(3) { 0 } else { from };
        fadvise(&file, from * PAGE, None, Advice::DontNeed).unwrap();
    }

    /// Makes an ordinary put look as if it had not been used for days; what others may have put
    /// durably stays as it is.
    fn make_old(&self, action: u64, content: u64) {
        let old = FileTime::from_system_time(SystemTime::now() - OLD);
        let output = output_path(&self.dir, &work::body(self.seed, content));
        let output = (!work::is_kept(content)).then_some(output);
        let entry = Some(entry_path(&self.dir, &self::action(action)));
        for path in [entry, output].into_iter().flatten() {
            // It may have been trimmed already.
            filetime::set_file_mtime(path, old).ok();
        }
    }

    fn trim(&mut self) -> io::Result<()> {
        let options = TrimOptions { force: true, ..TrimOptions::default() };
        let report = self.cache.trim(&options).unwrap();
        assert!(report.failures.is_empty(), "{report:?}");
        Ok(())
    }
}

/// Gives its bytes in pieces, with pauses between them where it is told so: then its put has a
/// temporary file for a while.
struct Slow<'a> {
    rest: &'a [u8],
    pause: bool,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.pause {
            thread::sleep(Duration::from_millis(1));
        }
        let most = buffer.len().min(64 << 10);
        self.rest.read(&mut buffer[..most])
    }
}
