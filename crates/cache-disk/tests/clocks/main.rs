//! Clocks that jump, and times of files that no clock ever said: nothing is removed that is in use,
//! and once the clock is right again, nothing stays for ever.
//!
//! In use is what was used within two hours, by the clock of whoever trims: an mtime is all that a
//! trim knows of a use. So a use that lies ahead of that clock protects too, until the trim has set
//! it to now, which it does with whatever lies over an hour ahead. Temporary files go by the
//! kernel's clock.

#[cfg(feature = "root")]
mod coarse;
mod odd;
mod survey;
mod trims;
mod world;

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use cache_core::{ActionId, CacheExt, OutputId};
use cache_disk::{DiskCache, Outcome, TrimOptions};
use test_attacks::Attack;

use survey::{Kind, Survey};
use world::World;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the coarsest file systems count mtimes in.
#[cfg(feature = "root")]
const GRAIN: Duration = Duration::from_secs(2);

/// The time so many seconds after 1970, or before it.
fn at(unix_seconds: i64) -> SystemTime {
    let since = Duration::from_secs(unix_seconds.unsigned_abs());
    if unix_seconds < 0 { SystemTime::UNIX_EPOCH - since } else { SystemTime::UNIX_EPOCH + since }
}

/// Rounds of operations with jumping clocks, each in a new folder in `place`, whose file system
/// counts mtimes in steps of `grain` at most.
fn attack(mut attack: Attack, place: &Path, grain: Duration) {
    let mut done = world::Tally::default();
    while attack.goes_on() {
        let folder = tempfile::Builder::new().prefix("larder-clocks-").tempdir_in(place).unwrap();
        let mut world = World::new(folder.path(), attack.dice.seed(), grain);
        for _ in 0..60 {
            world.step();
        }
        world.all_goes_once_the_clock_is_right();
        done.add(&world.tally);
    }
    attack.held("directories under clocks that jump", &done);
}

/// A folder in memory where there is one: its file system keeps any time at all.
fn memory() -> &'static Path {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory } else { Path::new(env!("CARGO_TARGET_TMPDIR")) }
}

#[test]
fn nothing_in_use_goes_and_nothing_stays_for_ever() {
    attack(Attack::new("clocks", 20), memory(), Duration::ZERO);
}

#[test]
fn the_same_where_times_may_end_in_2446() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    attack(Attack::new("clocks on disk", 2), place, Duration::ZERO);
}

#[cfg(feature = "root")]
#[test]
fn the_same_where_times_are_whole_seconds_and_end_in_2038() {
    let image = coarse::Image::mounted();
    attack(Attack::new("clocks on a coarse file system", 5), &image.mount(), GRAIN);
}

fn cache_at(dir: &Path, now: SystemTime) -> DiskCache {
    DiskCache::builder(dir).clock(move || now).open().unwrap()
}

fn forced() -> TrimOptions<'static> {
    TrimOptions { force: true, ..TrimOptions::default() }
}

#[test]
fn a_temporary_file_from_the_future_goes_too() {
    let folder = tempfile::tempdir().unwrap();
    let name = survey::new_leftover(folder.path(), 0xab, 1, false);
    survey::set_mtime(&folder.path().join(&name), at(4_300_000_000));
    let cache = DiskCache::open(folder.path()).unwrap();
    let begun = SystemTime::now();
    assert_eq!(cache.trim(&forced()).unwrap().removed.leftovers, 0, "its writer may be alive");
    let mark = survey::mtime(&folder.path().join(&name)).unwrap();
    assert!(mark + HOUR > begun && mark < SystemTime::now() + HOUR, "it is now ten minutes young");
    survey::set_mtime(&folder.path().join(&name), begun - HOUR);
    assert_eq!(cache.trim(&forced()).unwrap().removed.leftovers, 1);
}

#[test]
fn a_temporary_file_keeps_the_time_that_its_writer_gave_it() {
    let folder = tempfile::tempdir().unwrap();
    let name = survey::new_leftover(folder.path(), 0xab, 1, false);
    let path = folder.path().join(&name);
    survey::set_mtime(&path, at(4_300_000_000));
    // As a writer holds it that goes by another clock than the kernel's.
    let writer = File::open(&path).unwrap();
    writer.lock_shared().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    cache.trim(&forced()).unwrap();
    assert_eq!(survey::mtime(&path).unwrap(), at(4_300_000_000));
    drop(writer);
    cache.trim(&forced()).unwrap();
    assert!(survey::mtime(&path).unwrap() < SystemTime::now() + HOUR);
}

#[cfg(unix)]
#[test]
fn a_link_from_the_future_goes_too() {
    let folder = tempfile::tempdir().unwrap();
    let name = survey::new_link(folder.path(), &OutputId::of(b"a link"));
    survey::set_mtime(&folder.path().join(&name), at(4_300_000_000));
    let cache = DiskCache::open(folder.path()).unwrap();
    assert_eq!(cache.trim(&forced()).unwrap().removed.outputs, 1);
}

#[test]
fn what_is_kept_whatever_its_age_is_kept_before_1970_too() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache_at(folder.path(), at(-300_000_000));
    cache.put_bytes(&ActionId::from([1; 32]), b"content").unwrap();
    let options = TrimOptions { max_age: Duration::MAX, ..forced() };
    let report = cache.trim(&options).unwrap();
    assert_eq!((report.by_age, report.removed.outputs), (Outcome::Done, 0));
    assert!(Survey::of(folder.path()).files.values().any(|file| file.kind == Kind::Entry));
}
