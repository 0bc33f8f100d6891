//! A hostile directory: links, pipes, sockets, devices, files of a tebibyte, folders with anything in
//! them and entries that say anything, in the places of entries, outputs, folders and of Larder's own
//! files. Whatever is asked of the cache, nothing outside is read, written or removed, nothing hangs
//! or fills the memory, answers are right, and what is good beside it goes on working.
//!
//! Each directory is dealt and used in a process of its own, which may take a minute and a gibibyte.

#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;
mod deal;
mod operations;
mod world;

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};
use test_attacks::{Attack, Dice, hostile};

use world::World;

/// What a process gets: a seed and the folder in which it is to work.
const VARIABLE: &str = "LARDER_TEST_HOSTILE";

/// Of the memory that a process takes for itself, in bytes.
const MEMORY: u64 = 1 << 30;

#[test]
fn a_hostile_directory_leads_out_of_it_nowhere_and_holds_nobody_up() {
    const NAME: &str = "a_hostile_directory_leads_out_of_it_nowhere_and_holds_nobody_up";
    if let Some((seed, folder)) = from_environment() {
        let mut dice = Dice::new(seed);
        let mut world = World::new(&folder, &mut dice);
        let things = 1 + dice.below(12);
        world.deal(&mut dice, things);
        operations::all_in_any_order(&mut world, &mut dice);
        return println!("\n{DEALT}{things}");
    }
    attack("hostile directory", 12, NAME, Duration::from_secs(60));
}

/// A check-up takes ten seconds when it finds anything bad, so there is more in this directory.
#[test]
fn a_check_up_of_a_hostile_directory_removes_what_is_bad_and_nothing_else() {
    const NAME: &str = "a_check_up_of_a_hostile_directory_removes_what_is_bad_and_nothing_else";
    if let Some((seed, folder)) = from_environment() {
        let mut dice = Dice::new(seed);
        let mut world = World::new(&folder, &mut dice);
        let things = 20 + dice.below(60);
        world.deal(&mut dice, things);
        operations::check_up_and_repair(&mut world);
        return println!("\n{DEALT}{things}");
    }
    attack("hostile directory, check-up", 1, NAME, Duration::from_secs(200));
}

const DEALT: &str = "dealt: ";

/// Does each round in a process of its own, and asserts that it ends well within the limit.
fn attack(name: &'static str, rounds: u64, test: &str, limit: Duration) {
    let mut attack = Attack::new(name, rounds);
    let mut things = 0;
    while attack.goes_on() {
        let scratch = Scratch::new();
        let log = scratch.0.join("log");
        let output = File::create(&log).unwrap();
        let task = format!("{} {}", attack.dice.seed(), scratch.0.display());
        let mut command = Command::new(env::current_exe().unwrap());
        command.args([test, "--exact", "--nocapture"]).env(VARIABLE, task);
        let errors = output.try_clone().unwrap();
        let child = command.stdout(output).stderr(errors).spawn().unwrap();
        let ended_well = ends_well(child, limit);
        let said = fs::read_to_string(&log).unwrap();
        assert!(ended_well, "{said}");
        let dealt = said.lines().find_map(|line| line.strip_prefix(DEALT)).expect("a number");
        things += dealt.parse::<u64>().unwrap();
    }
    attack.held("directories", format!("{things} hostile things in them"));
}

/// What this process is to do, when it is one of those; it may not take all memory then.
fn from_environment() -> Option<(u64, PathBuf)> {
    let task = env::var(VARIABLE).ok()?;
    let (seed, folder) = task.split_once(' ').expect("a seed and a folder");
    let limit = Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
    setrlimit(Resource::Data, limit).expect("a limit");
    Some((seed.parse().expect("a seed"), folder.into()))
}

fn ends_well(mut child: Child, limit: Duration) -> bool {
    let end = Instant::now() + limit;
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return status.success(),
            None if Instant::now() > end => {
                child.kill().unwrap();
                child.wait().unwrap();
                eprintln!("it hangs; the last line says where");
                return false;
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// A scratch folder, in which there may be folders deeper than a library goes.
struct Scratch(PathBuf);

impl Scratch {
    /// In memory where that can be: this is not about a disk, which would be waited for.
    fn new() -> Self {
        let mut builder = tempfile::Builder::new();
        builder.prefix("larder-hostile-");
        let folder = builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir());
        Self(folder.unwrap().keep())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        hostile::remove(Path::new(&self.0)).ok();
    }
}
