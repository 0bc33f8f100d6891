//! Eight processes put, get and trim one directory at once, with a size limit far below what they
//! put: every answer is right, no path goes within two hours of its use, and nothing is left that
//! is neither an entry nor an output.
//!
//! The variables of `test_attacks` say how long, and which seed: the same one makes the same bodies and the same rolls of the dice in every process, though not the same
//! meetings of the processes.

mod process;
mod work;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use cache_core::{CacheExt, Lookup, MissReason};
use cache_disk::{CheckUpOptions, DiskCache, Outcome, TrimOptions};
use test_attacks::Attack;

const PROCESSES: u64 = 8;

/// The size limit in bytes.
const LIMIT: u64 = 4 << 20;

/// How many seconds of cache time a real one has. At this speed 20 s are ten hours: a mark of use
/// goes stale after 2 s, a path is held for up to 4 s, the guard is 6 s, and a trim by size is due
/// every 2 s, so that everything the size limit goes by comes round many times. Faster, a process
/// that the scheduler keeps waiting for a moment would seem to sleep for hours, which no promise
/// covers.
const SPEED: u32 = 1800;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The clock of all processes: it started with the test, and is fast. It begins at the present, so
/// that no temporary file seems old by the kernel's clock, which their age is taken by.
#[derive(Clone, Copy)]
struct Clock {
    start: SystemTime,
}

impl Clock {
    fn now(self) -> SystemTime {
        self.start + self.elapsed()
    }

    fn elapsed(self) -> Duration {
        SystemTime::now().duration_since(self.start).unwrap_or_default() * SPEED
    }
}

#[test]
fn eight_processes_put_get_and_trim_one_directory() {
    const NAME: &str = "eight_processes_put_get_and_trim_one_directory";
    if let Some(process) = process::from_environment() {
        println!("\n{}", process.run());
        return;
    }
    let mut attack = Attack::of_seconds("crowd", 20);
    let (seed, seconds) = (attack.seed(), attack.length().unwrap_or_default().as_secs());
    assert!(seconds >= 12, "the first file may go after 6 s: LARDER_SECONDS is too small");
    assert!(attack.goes_on());

    let folder = scratch();
    let dir = folder.path();
    let clock = Clock { start: SystemTime::now() };
    let start = Instant::now();
    let crowd: Vec<_> = (0..PROCESSES)
        .map(|number| process::command(NAME, dir, clock, seed, seconds, number))
        .map(|mut command| command.stdout(Stdio::piped()).spawn().unwrap())
        .collect();
    let patience = Duration::from_secs(3 * seconds + 60);
    let outputs: Vec<_> = crowd.into_iter().map(|child| wait(child, start + patience)).collect();
    for (number, (ended_well, _)) in outputs.iter().enumerate() {
        assert!(ended_well, "process {number} failed, see above");
    }
    let total = sum(outputs.iter().map(|(_, output)| process::parse(output)));

    let cache = DiskCache::builder(dir).clock(move || clock.now() + 4 * HOUR).open().unwrap();
    assert_only_entries_and_outputs(dir);
    assert_all_is_well(&cache);
    assert_the_limit_can_be_kept(&cache, dir);
    assert_only_entries_and_outputs(dir);
    assert_all_is_well(&cache);
    assert_it_was_a_crowd(&total);
    let looked = total.get("looks at a held path").copied().unwrap_or_default();
    attack.held(
        &format!("crowd of {PROCESSES} processes for {seconds} s"),
        format!("{looked} looks at a path that was held"),
    );
}

/// A folder in memory where there is one: this is about who meets whom, not about a disk.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix("larder-crowd-");
    match builder.tempdir_in(memory) {
        Ok(folder) => folder,
        Err(_) => builder.tempdir().unwrap(),
    }
}

/// Waits for a process to end; returns whether it ended well, and what it printed. One that does
/// not end is ended.
fn wait(mut child: Child, end: Instant) -> (bool, String) {
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.success(),
            None if Instant::now() > end => {
                eprintln!("a process did not end");
                child.kill().unwrap();
                child.wait().unwrap();
                break false;
            }
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    (status, output)
}

type Counts = BTreeMap<String, u64>;

fn sum(counts: impl Iterator<Item = Counts>) -> Counts {
    let mut total = Counts::new();
    for (what, count) in counts.flatten() {
        *total.entry(what).or_default() += count;
    }
    total
}

/// Every writer has ended, so no temporary file is in use any more.
fn assert_only_entries_and_outputs(dir: &Path) {
    let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    for folder in names(dir) {
        if matches!(folder.as_str(), "larder" | "trim.txt") {
            continue;
        }
        assert!(folder.len() == 2 && hex(&folder), "a stray {folder} in the cache's folder");
        for name in names(&dir.join(&folder)) {
            let id = name.strip_suffix("-a").or(name.strip_suffix("-d")).unwrap_or_default();
            assert!(
                id.len() == 64 && hex(id) && id.starts_with(&folder),
                "{folder}/{name} is neither an entry nor an output"
            );
            let path = dir.join(&folder).join(&name);
            if path.is_dir() {
                assert_eq!(names(&path).len(), 1, "an executable is alone in its folder {name}");
            }
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let items = fs::read_dir(folder).unwrap();
    items.map(|item| item.unwrap().file_name().into_string().unwrap()).collect()
}

fn assert_all_is_well(cache: &DiskCache) {
    let report = cache.check_up(&CheckUpOptions::default()).unwrap();
    println!(
        "check-up: {} entries, {} of them without an output, {} outputs of {} bytes",
        report.entries, report.without_output, report.outputs, report.output_bytes
    );
    assert!(report.bad.is_empty(), "{:?}", report.bad);
    assert_eq!((report.unsettled, report.foreign), (0, 0));
    for listed in cache.entries() {
        let action = listed.unwrap().action;
        match cache.get_bytes(&action, u64::MAX).unwrap() {
            Lookup::Hit(_) | Lookup::Miss(MissReason::OutputGone(_)) => {}
            Lookup::Miss(reason) => panic!("action {action}: {reason}"),
        }
    }
}

/// Hours after the last use nothing is guarded any more, and one trim is enough.
fn assert_the_limit_can_be_kept(cache: &DiskCache, dir: &Path) {
    // The check has used everything.
    let start = SystemTime::now();
    let later = DiskCache::builder(dir)
        .clock({
            let last = cache.totals().unwrap().newest_use.unwrap_or(start);
            move || last + 4 * HOUR
        })
        .open()
        .unwrap();
    let trim = TrimOptions { max_size: Some(LIMIT), force: true, ..TrimOptions::default() };
    let report = later.trim(&trim).unwrap();
    assert_eq!(report.by_size, Some(Outcome::Done), "{report:?}");
    assert_eq!(report.over_limit, 0, "{report:?}");
    assert!(report.failures.is_empty(), "{report:?}");
    let left = cache.totals().unwrap().disk_bytes;
    println!("{} removed at the end, {left} bytes left on disk", report.removed.bytes);
    assert!(left <= LIMIT, "{left} bytes on disk, over the limit of {LIMIT}");
    assert!(left > LIMIT / 2 || report.removed.bytes == 0, "only {left} bytes left of {LIMIT}");
}

/// What the test claims has happened, and not just once.
fn assert_it_was_a_crowd(total: &Counts) {
    for (what, at_least) in [
        ("bytes put", 4 * LIMIT),
        ("hits", 500),
        ("executables held", 100),
        ("paths held to the end", 500),
        ("looks at a held path", 1000),
        ("stale marks refreshed", 100),
        ("entries trimmed", 200),
        ("outputs trimmed", 200),
        ("trims done", 20),
        ("trims cut by their budget", 5),
        ("puts of what was trimmed", 50),
    ] {
        let count = total.get(what).copied().unwrap_or_default();
        assert!(count >= at_least, "{what}: {count}, expected {at_least} at least: {total:?}");
    }
}
