//! Processes of ours and of Go's real cache, by the real clock, on one directory: few actions that
//! all of them put with different outputs, writers that fail beside good ones, entries and outputs
//! that Go rewrites in place under readers, trims with a tiny size limit beside builds that hold
//! paths, and `go clean -cache` in between.
//!
//! No wrong byte from `get_bytes`; no path gone that was given out, but by `go clean -cache`; no
//! entry mixed of two.
//!
//! What nobody can promise beside Go is looked at as far as it goes: Go truncates an output when its
//! own write fails, so of the outputs on which it fails here, only `get_bytes` and the checksum tell
//! the truth.
//!
//! `cargo xtask e2e races` runs it. It takes the oracle in `GO_ORACLE`, and uses the go command in
//! `GO` where there is one.

mod clean;
mod end;
mod go;
mod ours;
mod world;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use test_attacks::Attack;

use clean::Generation;
use world::World;

const OURS: u64 = 10;
const GOS: u64 = 6;

type Counts = BTreeMap<String, u64>;

#[test]
fn ours_and_go_on_one_directory() {
    const NAME: &str = "ours_and_go_on_one_directory";
    if let Some(process) = ours::from_environment() {
        println!("\n{}", process.run());
        return;
    }
    let oracle = env::var_os("GO_ORACLE")
        .unwrap_or_else(|| panic!("GO_ORACLE does not name the oracle: run cargo xtask e2e"));
    let mut attack = Attack::of_seconds("races", 10);
    let length = attack.length().unwrap_or_default();
    assert!(length >= Duration::from_secs(10), "LARDER_SECONDS is too small for a crowd");
    assert!(attack.goes_on());

    let scratch = scratch();
    let dir = scratch.path().join("cache");
    fs::create_dir(&dir).unwrap();
    let world = World::new(attack.seed());
    let flips = world.write_bodies(scratch.path());
    let generation = Generation::new(scratch.path());
    let end = Instant::now() + length;
    let over = AtomicBool::new(false);
    let mut total = thread::scope(|scope| {
        let _end = SetOnDrop(&over);
        let flipping = scope.spawn(|| world::flip(&flips, &over));
        let cleaning = scope.spawn(|| clean::again_and_again(&dir, &generation, length, end));
        let gos: Vec<_> = (0..GOS)
            .map(|number| {
                let seed = attack.dice.seed();
                let (oracle, dir, scratch, world) = (&oracle, &dir, scratch.path(), &world);
                scope.spawn(move || {
                    go::Driver::new(oracle, dir, scratch, world, seed, number).run(end)
                })
            })
            .collect();
        let ours: Vec<_> = (0..OURS)
            .map(|number| ours::command(NAME, scratch.path(), attack.seed(), length, number))
            .map(|mut command| Process(command.stdout(Stdio::piped()).spawn().unwrap()))
            .collect();
        let patience = end + length * 2 + Duration::from_secs(60);
        let printed: Vec<_> = ours.into_iter().map(|process| process.wait(patience)).collect();
        let mut counts: Vec<_> =
            gos.into_iter().map(|go| go.join().expect("a process of Go's, see above")).collect();
        for (number, (ended_well, printed)) in printed.iter().enumerate() {
            assert!(ended_well, "process {number} of ours failed, see above");
            counts.push(ours::parse(printed));
        }
        counts.push(Counts::from([("cleans".to_owned(), cleaning.join().unwrap())]));
        over.store(true, Ordering::Relaxed);
        flipping.join().unwrap();
        sum(counts)
    });

    end::all_is_well(&dir, &world);
    println!("{total:#?}");
    end::it_was_a_crowd(&total, length);
    let mut take = |what: &str| total.remove(what).unwrap_or_default();
    let (hits, looks) = (take("bytes got"), take("looks at a held path"));
    let (cleans, litter) = (take("cleans"), take("outputs trimmed"));
    attack.held(
        &format!("crowd of {OURS} processes and {GOS} of Go's for {} s", length.as_secs()),
        format!(
            "{hits} get_bytes, {looks} looks at a held path, {litter} outputs trimmed, {cleans} cleans"
        ),
    );
}

/// In memory where there is one: this is about who meets whom, not about a disk.
fn scratch() -> tempfile::TempDir {
    let mut builder = tempfile::Builder::new();
    builder.prefix("larder-races-");
    builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir()).unwrap()
}

/// Ends the threads also when the test fails.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A process of ours, which does not outlive the test.
struct Process(Child);

impl Process {
    /// Waits until it has ended; returns whether it ended well, and what it printed.
    fn wait(mut self, end: Instant) -> (bool, String) {
        let status = loop {
            match self.0.try_wait().unwrap() {
                Some(status) => break status.success(),
                None if Instant::now() > end => {
                    eprintln!("a process did not end");
                    return (false, String::new());
                }
                None => thread::sleep(Duration::from_millis(10)),
            }
        };
        let mut printed = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        (status, printed)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn sum(counts: Vec<Counts>) -> Counts {
    let mut total = Counts::new();
    for (what, count) in counts.into_iter().flatten() {
        *total.entry(what).or_default() += count;
    }
    total
}

fn count(counts: &mut Counts, what: &str, by: u64) {
    *counts.entry(what.to_owned()).or_default() += by;
}

/// Where an entry or an output stands.
fn name_of(id: &dyn std::fmt::Display, suffix: &str) -> String {
    let id = id.to_string();
    format!("{}/{id}-{suffix}", &id[..2])
}

/// Whether it says that a path leads nowhere, or to an output in its other form.
fn is_gone(e: &io::Error) -> bool {
    use ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(e.kind(), NotFound | NotADirectory | IsADirectory)
}

fn cache_dir(scratch: &Path) -> PathBuf {
    scratch.join("cache")
}
