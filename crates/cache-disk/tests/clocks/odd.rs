//! Times that no clock should say, where the cache looks for times.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use cache_core::OutputId;
use fs4::FileExt;

use crate::survey::{self, Survey};
use crate::world::World;
use crate::{DAY, HOUR, at};

/// Around the ends of what 31, 32 and 63 bits can count, in seconds and nanoseconds.
const SPECIAL: &[i64] = &[
    -(1 << 31),
    -300_000_000,
    -1,
    0,
    1,
    1_000_000_000,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    9_223_372_036,
    9_223_372_037,
    13_000_000_000,
];

/// The first and the last time that every file system keeps, and the last that those with room for
/// late ones do.
const EVERYWHERE: (i64, i64) = (-(1 << 31), (1 << 31) - 1);
const LATE: i64 = 14_000_000_000;

impl World {
    /// A time that a clock may show, once it is wrong, and that the file system keeps.
    pub(crate) fn time(&mut self, now: SystemTime) -> SystemTime {
        let time = if self.dice.one_in(3) { at(*self.dice.pick(SPECIAL)) } else { self.near(now) };
        let (first, last) = EVERYWHERE;
        let last = if self.keeps_late_times { LATE } else { last };
        if (at(first)..=at(last)).contains(&time) { time } else { now }
    }

    /// A time at or around one of the cache's own spans from `now`.
    fn near(&mut self, now: SystemTime) -> SystemTime {
        let spans =
            [Duration::ZERO, HOUR, 2 * HOUR, 3 * HOUR, DAY, 5 * DAY, 5 * DAY + HOUR, 365 * DAY];
        let span = *self.dice.pick(&spans);
        let (second, nanosecond) = (Duration::from_secs(1), Duration::from_nanos(1));
        let span = *self.dice.pick(&[
            span.saturating_sub(second),
            span.saturating_sub(nanosecond),
            span,
            span + nanosecond,
            span + second,
            span + HOUR / 2,
        ]);
        if self.dice.one_in(2) { now + span } else { now - span }
    }

    /// Gives something an mtime that nothing has to do with its use.
    pub(crate) fn set_odd_mtime(&mut self) {
        let mut names: Vec<_> = Survey::of(&self.dir).files.into_keys().collect();
        for stamp in ["trim.txt", "larder/size-limit", "larder/trim-position"] {
            names.extend(self.dir.join(stamp).exists().then(|| stamp.to_owned()));
        }
        if names.is_empty() {
            return;
        }
        let name = self.dice.pick(&names).clone();
        let now = self.any_now();
        let time = if self.dice.one_in(8) {
            // Further than any clock goes.
            at(*self.dice.pick(&[-(1 << 60), 1 << 60]))
        } else {
            self.time(now)
        };
        survey::set_mtime(&self.dir.join(&name), time);
        self.used.remove(&name);
        self.note(format!("the mtime of {name} is {time:?}"));
        self.tally.odd_mtimes += 1;
    }

    /// Writes times into the stamps.
    pub(crate) fn set_odd_stamp(&mut self) {
        let now = self.any_now();
        let time = self.time(now);
        let seconds = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => since.as_secs() as i64,
            Err(before) => -(before.duration().as_secs() as i64),
        };
        let seconds = *self.dice.pick(&[seconds, seconds, seconds, i64::MAX, i64::MIN]);
        let next = self.dice.below(300);
        let (stamp, text) = match self.dice.below(4) {
            0 => ("larder/trim-position", format!("{} {}\n", next, self.dice.below(300))),
            1 => {
                let phase = *self.dice.pick(&["count", "remove", "done"]);
                let hour = seconds.div_euclid(3600);
                let limit = self.dice.below(100_000);
                ("larder/size-limit", format!("v1 {seconds} {phase} {next} {limit}\n{hour} 9000\n"))
            }
            _ => ("trim.txt", seconds.to_string()),
        };
        fs::create_dir_all(self.dir.join("larder")).unwrap();
        self.note(format!("{stamp} says {text:?}"));
        fs::write(self.dir.join(stamp), text).unwrap();
        self.tally.odd_stamps += 1;
    }

    /// Leaves what a writer leaves that is killed or, locked, one that is at work; or what has no
    /// business there.
    pub(crate) fn leave_something(&mut self) {
        let number = self.dice.seed();
        let folder = number as u8;
        let name = match self.dice.below(4) {
            0 => {
                let name = format!("{folder:02x}/noise-{number:x}-a");
                fs::create_dir_all(self.dir.join(&name).parent().unwrap()).unwrap();
                fs::write(self.dir.join(&name), "noise").unwrap();
                name
            }
            #[cfg(unix)]
            1 => survey::new_link(&self.dir, &OutputId::of(&number.to_le_bytes())),
            n => {
                let name = survey::new_leftover(&self.dir, folder, number, n == 2);
                if self.dice.one_in(4) {
                    let writer = File::open(self.dir.join(&name)).unwrap();
                    FileExt::lock(&writer).unwrap();
                    self.locked.insert(name.clone(), writer);
                }
                name
            }
        };
        let now = self.any_now();
        let time = self.time(now);
        survey::set_mtime(&self.dir.join(&name), time);
        self.note(format!("{name} is left with mtime {time:?}"));
        self.tally.left += 1;
    }
}
