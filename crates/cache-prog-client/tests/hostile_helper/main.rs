//! Whatever a helper does, and wherever it stops: every call ends in time, with a right answer or an
//! error that names the helper; memory is bounded; no process is left; and no path is taken for an
//! output's that is not absolute, a regular file and of the right size.
//!
//! Each client is a process of its own, so that its memory can be measured and one that hangs is
//! ended. The variables of `test_attacks` say how long, and which seed.

#![cfg(target_os = "linux")]

mod client;
mod endings;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use endings::{ENDINGS, OUTPUTS};
use test_attacks::{Attack, Dice};

/// How many clients there are at once. Most of them wait most of the time.
const AT_ONCE: usize = 9;

/// Turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn whatever_a_helper_does_no_call_hangs_or_lies() {
    const NAME: &str = "whatever_a_helper_does_no_call_hangs_or_lies";
    if let Some(client) = client::from_environment() {
        println!("\n{}", client.run());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let mut attack = Attack::new("hostile helper", 4);
    let mut counts = BTreeMap::new();
    let mut endings = BTreeSet::new();
    while attack.goes_on() {
        let first = (attack.round() as usize - 1) * AT_ONCE;
        let clients: Vec<_> = (first..first + AT_ONCE)
            .map(|number| (ENDINGS[number % ENDINGS.len()], attack.dice.seed()))
            .map(|(ending, seed)| (ending, seed, start(NAME, ending, seed, folder.path())))
            .collect();
        for (ending, seed, client) in clients {
            let (ended_well, output) = wait(client);
            assert!(ended_well, "the client of a helper that {ending}, seed {seed}:\n{output}");
            for (what, count) in client::parse(&output) {
                *counts.entry(what).or_insert(0) += count;
            }
            endings.insert(ending);
        }
    }
    let total: Vec<_> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
    attack.held(
        &format!("rounds of {AT_ONCE} helpers with {} ways to end", endings.len()),
        total.join(", "),
    );
    if endings.len() == BTreeSet::from(ENDINGS).len() {
        for what in ["hits", "misses", "outputs put", "outputs read", "files seen", "errors"] {
            assert!(counts.get(what).is_some_and(|count| *count > 0), "no {what}: {counts:?}");
        }
    }
}

/// Makes what helpers name as outputs: see [`endings`].
fn furnish(folder: &Path) {
    for number in 0..OUTPUTS {
        let size = [0, 1, 1000, 300_000, (1 << 20) + 5][number];
        let mut bytes = Dice::new(number as u64).bytes(size);
        fs::write(folder.join(format!("out-{number}")), &bytes).unwrap();
        bytes.reverse();
        fs::write(folder.join(format!("wrong-{number}")), &bytes).unwrap();
    }
    fs::create_dir(folder.join("folder")).unwrap();
    assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
    // It stays there when nobody listens any more.
    drop(UnixListener::bind(folder.join("socket")).unwrap());
    symlink("out-2", folder.join("link")).unwrap();
    symlink("pipe", folder.join("link-to-pipe")).unwrap();
    symlink("gone", folder.join("link-to-nothing")).unwrap();
    symlink("link-to-itself", folder.join("link-to-itself")).unwrap();
    File::create(folder.join("hole")).unwrap().set_len(1 << 40).unwrap();
}

/// Starts this test as a client.
fn start(test: &str, ending: &str, seed: u64, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(client::VARIABLE, format!("{ending} {seed} {}", folder.display()))
        .stdout(Stdio::piped())
        // The helper's too, which may flood it.
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whether a client ended well, and what it printed.
fn wait(mut client: Child) -> (bool, String) {
    let begun = Instant::now();
    let ended_well = loop {
        match client.try_wait().unwrap() {
            Some(status) => break status.success(),
            None if begun.elapsed() > PATIENCE => {
                client.kill().unwrap();
                client.wait().unwrap();
                break false;
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    let mut output = String::new();
    client.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    (ended_well, output)
}
