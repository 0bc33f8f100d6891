//! One directory, the two caches on it, and the model of it.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use cache_core::{ActionId, OutputId};
use cache_disk::DiskCache;
use tempfile::TempDir;

use crate::Result;
use crate::model::{Answer, EntryState, Model, OutputState, Reading, Who};
use crate::oracle::Oracle;
use crate::ours::{self, Way, at};
use test_attacks::Dice;

pub(crate) const HOUR: i64 = 60 * 60;
pub(crate) const DAY: i64 = 24 * HOUR;

pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) model: Model,
    /// What was done, one line each, for the report of a failure.
    pub(crate) history: Vec<String>,
    pub(crate) tally: Tally,
    /// Few, so that puts, damage and reads meet on the same ones.
    pub(crate) actions: Vec<ActionId>,
    pub(crate) bodies: Vec<Body>,
    pub(crate) program: OsString,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) go: Oracle,
    pub(crate) ours: DiskCache,
    pub(crate) scratch: TempDir,
}

/// Something to put.
pub(crate) struct Body {
    pub(crate) output: OutputId,
    pub(crate) bytes: Vec<u8>,
    /// A file with the same bytes.
    pub(crate) path: PathBuf,
}

/// How often each thing was done.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) puts: u32,
    pub(crate) refused: u32,
    pub(crate) hits: u32,
    pub(crate) misses: u32,
    pub(crate) damages: u32,
    pub(crate) clock_moves: u32,
    pub(crate) trims: u32,
    pub(crate) trimmed: u32,
}

impl World {
    pub(crate) fn new(program: OsString, seed: u64) -> Result<Self> {
        let mut dice = Dice::new(seed);
        let memory = Path::new("/dev/shm");
        let scratch = tempfile::Builder::new()
            .prefix("larder-differential-")
            .tempdir_in(if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() })?;
        let dir = scratch.path().join("cache");
        fs::create_dir(&dir)?;
        let clock = Arc::new(AtomicI64::new(real_time()?));
        let bodies = bodies(&mut dice, scratch.path())?;
        Ok(Self {
            actions: (0..48u8).map(|i| ActionId::from(*OutputId::of(&[i]).as_bytes())).collect(),
            model: Model::new(&dir),
            history: Vec::new(),
            tally: Tally::default(),
            go: Oracle::start(&program, &dir, clock.load(Ordering::SeqCst))?,
            ours: ours::open(&dir, &clock)?,
            dice,
            bodies,
            program,
            clock,
            scratch,
        })
    }

    /// Does one random operation.
    pub(crate) fn step(&mut self) -> Result {
        match self.dice.below(1000) {
            0..330 => self.put(),
            330..770 => self.read(),
            770..880 => self.damage_output(),
            880..950 => self.damage_entry(),
            950..992 => self.move_clock(),
            992..997 => self.trim(),
            _ => self.remove_folder(),
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub(crate) fn note(&mut self, line: impl Into<String>) {
        self.history.push(line.into());
    }

    /// An action or a body, by its number. A few are much more popular than the rest.
    pub(crate) fn any(&mut self, count: usize) -> usize {
        let within = if self.dice.one_in(3) { count } else { count / 3 };
        self.dice.below(within)
    }

    fn put(&mut self) -> Result {
        let (a, b) = (self.any(self.actions.len()), self.any(self.bodies.len()));
        let who = *self.dice.pick(&[Who::Go, Who::Ours]);
        let way = *self.dice.pick(Way::ALL);
        let name = [None, None, Some("tool"), Some("other")][self.dice.below(4)];
        self.tally.puts += 1;
        let (action, body) = (&self.actions[a], &self.bodies[b]);
        let (output, size) = (body.output, body.bytes.len() as u64);
        self.history
            .push(format!("put by {who:?} ({way:?}): action {a}, body {b} of {size}, {name:?}"));

        let stored = self.model.put(who, action, &output, size, name);
        let begun = SystemTime::now();
        match who {
            Who::Go => match (self.go.put(action, &body.path, name)?, stored) {
                (Ok(given), true) => same("Go's put gave", given, (output, size))?,
                (Err(_), false) => self.tally.refused += 1,
                (done, _) => return Err(format!("Go's put: {done:?}, and not {stored}").into()),
            },
            Who::Ours => {
                let stored = ours::put(&self.ours, action, body, way, name)?;
                let entry = stored.entry;
                same("our put gave", (entry.output, entry.size), (output, size))?;
                same("our put's time", entry.time, at(self.clock.load(Ordering::SeqCst)))?;
                let file = stored.file.ok_or("our put gave no file")?;
                same("our put's file has", fs::read(&file.path)? == body.bytes, true)?;
                same("our put's file's size", file.size, size)?;
                if name.is_some() {
                    same("our put's file is executable", is_executable(&file.path)?, true)?;
                }
            }
        }
        let on_disk = OutputState::on_disk(&self.model.output_path(&output))?;
        same("the output on disk", &on_disk, self.model.output(&output))?;
        if stored { self.check_put(who, a, b, begun) } else { Ok(()) }
    }

    /// Checks what a put that was done has left on disk.
    fn check_put(&mut self, who: Who, a: usize, b: usize, begun: SystemTime) -> Result {
        let (action, body) = (&self.actions[a], &self.bodies[b]);
        let (path, size) = (self.model.entry_path(action), body.bytes.len());
        let text = fs::read_to_string(&path)?;
        let time: i64 = text.get(154..174).ok_or("a short entry")?.trim_start().parse()?;
        same("the entry", &text, &format!("v1 {action} {} {size:20} {time:20}\n", body.output))?;
        let time_is = SystemTime::UNIX_EPOCH + Duration::from_nanos(time.unsigned_abs());
        match who {
            // Go writes the real time, whatever the cache's clock says.
            Who::Go => same("Go's time", (begun..=SystemTime::now()).contains(&time_is), true)?,
            Who::Ours => same("our time", time_is, at(self.now()))?,
        }
        let state = EntryState::Valid { output: body.output, size: size as u64, time };
        self.model.set_entry(action, state);
        same("the entry's mtime", mtime(&path)?, at(self.now()))?;
        // To put what is there already is to use it; Go leaves its mtime.
        let output = self.model.output_path(&body.output);
        if who == Who::Ours {
            let marked = mtime(&output)?;
            same("the mtime after our put", used(Who::Ours, marked, self.now()), marked)?;
        }
        Ok(())
    }

    fn read(&mut self) -> Result {
        let a = self.any(self.actions.len());
        let reading = *self.dice.pick(&[Reading::Entry, Reading::File, Reading::Bytes]);
        let order = *self.dice.pick(&[[Who::Go, Who::Ours], [Who::Ours, Who::Go]]);
        self.note(format!("{reading:?} of action {a}, {order:?}"));
        let action = self.actions[a];

        for who in order {
            let expected = self.model.answer(who, reading, &action);
            let mut files = vec![self.model.entry_path(&action)];
            if let (Answer::Hit { output, .. }, true) = (&expected, reading != Reading::Entry) {
                files.push(self.model.output_path(output));
            }
            // What cannot be looked at is what Go takes for the empty output.
            let before: Vec<_> = files.iter().map(|file| mtime(file).ok()).collect();
            let answer = match who {
                Who::Go => self.go.read(reading, &action)?,
                Who::Ours => ours::read(&self.ours, reading, &action)?,
            };
            same(&format!("{who:?} answers"), &answer, &expected)?;
            if matches!(answer, Answer::Miss(_)) {
                self.tally.misses += 1;
                continue;
            }
            self.tally.hits += 1;
            for (file, before) in files.iter().zip(before) {
                let expected = before.map(|before| used(who, before, self.now()));
                let what = format!("{who:?}: the mtime of {} (was {before:?})", file.display());
                same(&what, mtime(file).ok(), expected)?;
            }
        }
        Ok(())
    }

    fn move_clock(&mut self) -> Result {
        const MOVES: &[i64] =
            &[1, 60, 1000, HOUR - 1, HOUR, HOUR + 1, 5 * HOUR, -60, -HOUR, -2 * HOUR, DAY, 3 * DAY];
        self.tally.clock_moves += 1;
        let now = match self.dice.below(20) {
            0 => real_time()?,
            1 => self.now() - 3 * DAY,
            _ => self.now() + self.dice.pick(MOVES),
        };
        self.note(format!("the clock moves by {} s to {now}", now - self.now()));
        self.clock.store(now, Ordering::SeqCst);
        self.go.set_clock(now)
    }

    /// Looks at the directory once more, after the last operation.
    pub(crate) fn finish(&mut self) -> Result {
        for first in 0..=255u8 {
            let folder = self.model.dir.join(format!("{first:02x}"));
            for file in fs::read_dir(&folder).into_iter().flatten() {
                let name = file?.file_name().into_string().map_err(|name| format!("{name:?}"))?;
                if !name.ends_with("-a") && !name.ends_with("-d") && !name.starts_with("stray") {
                    return Err(format!("{name} was left in {first:02x}").into());
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { puts, refused, hits, misses, damages, clock_moves, trims, trimmed } = self;
        write!(
            f,
            "{puts} puts ({refused} of them refused by Go), {hits} hits and {misses} misses, \
             {damages} damages, {clock_moves} clock moves, {trims} trims that removed {trimmed}"
        )
    }
}

pub(crate) fn same<T: PartialEq + fmt::Debug>(what: &str, found: T, expected: T) -> Result {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: {found:?}, where {expected:?} was expected").into())
}

pub(crate) fn mtime(path: &Path) -> Result<SystemTime> {
    Ok(fs::metadata(path)?.modified()?)
}

/// What a use at `now` makes of a file's mtime: set when it is an hour old. Ours sets it also when
/// it is more than an hour ahead.
fn used(who: Who, mtime: SystemTime, now: i64) -> SystemTime {
    let hour = Duration::from_secs(HOUR.unsigned_abs());
    let stale = match at(now).duration_since(mtime) {
        Ok(age) => age >= hour,
        Err(ahead) => who == Who::Ours && ahead.duration() > hour,
    };
    if stale { at(now) } else { mtime }
}

fn real_time() -> Result<i64> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs().try_into()?)
}

fn bodies(dice: &mut Dice, scratch: &Path) -> Result<Vec<Body>> {
    // The popular ones are in the first third.
    let mut sizes = vec![0, 1, 2, 100, 175, 1000, 4096, 5000, 65_536, 70_000];
    sizes.extend((0..18).map(|i| dice.below(2 << (i / 2 + 5))));
    sizes.extend([200_000, 1 << 20, 3 << 20]);
    let mut bodies = Vec::new();
    for (i, size) in sizes.into_iter().enumerate() {
        let (bytes, path) = (dice.bytes(size), scratch.join(format!("body-{i}")));
        fs::write(&path, &bytes)?;
        bodies.push(Body { output: OutputId::of(&bytes), bytes, path });
    }
    Ok(bodies)
}

fn is_executable(path: &Path) -> Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        Ok(fs::metadata(path)?.permissions().mode() & 0o100 != 0)
    }
    #[cfg(not(unix))]
    Ok(path.exists())
}
