//! A loss of power at any moment: `get_bytes` gives what was put or a miss, and `get_file` without
//! the checksum gives right bytes for all that was put durably.
//!
//! Processes put into a cache on a file system whose image lies on an XFS. While they do, the image
//! is cloned, which XFS does at one instant: what the clone holds is what the disk would hold if the
//! power went at that moment. (A plain copy takes its time, and shows faults that no power loss
//! makes.) The clone is mounted, which replays the journal, and checked. What a clone cannot show is
//! a disk that forgets what it was told to flush.
//!
//! It mounts file systems, so it takes Linux and root, and `mkfs.ext4` and `mkfs.xfs`.
#![cfg(target_os = "linux")]

mod check;
#[path = "../common/mod.rs"]
mod common;
mod disk;
mod work;
mod writer;

use std::collections::VecDeque;
use std::panic;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use check::Seen;
use disk::{Host, Live};
use test_attacks::Attack;

/// After so many snapshots the writers begin anew, on an empty disk.
const PER_DISK: u64 = 10;

/// So many snapshots are checked at once: a check-up waits until what looks bad has not changed for ten
/// seconds.
const AT_ONCE: usize = 6;

/// How long the writers are left alone between two snapshots, at most.
const PAUSE: Duration = Duration::from_millis(600);

#[test]
fn what_was_put_holds_after_a_loss_of_power() {
    if let Some(writer) = writer::from_environment() {
        return writer.run();
    }
    let mut attack = Attack::new("power loss", 6);
    let (host, seed) = (Host::new(), attack.seed());
    let mut seen = Seen::default();
    thread::scope(|scope| {
        let (mut live, mut checks) = (None, VecDeque::new());
        while attack.goes_on() {
            let round = attack.round();
            if round % PER_DISK == 1 {
                drop(live.take());
                live = Some(Live::new(&host, seed, &mut attack.dice));
            }
            let live: &Live = live.as_ref().expect("one of this or an earlier round");
            thread::sleep(PAUSE / 4 + attack.dice.part_of(PAUSE * 3 / 4));
            let acknowledged = live.acknowledged();
            let snapshot = live.snapshot(&host, round);
            let dice = attack.dice.seed();
            let check = move || check::check(snapshot, &acknowledged, seed, dice);
            checks.push_back(scope.spawn(check));
            if checks.len() == AT_ONCE {
                seen += outcome(checks.pop_front().expect("one of them"));
            }
        }
        drop(live);
        checks.into_iter().for_each(|check| seen += outcome(check));
    });
    // Else the write-back is not what it should be, and nothing here could fail.
    assert!(seen.damaged() > 0, "no output was short or wrong: {seen}");
    attack.held("snapshots", seen);
}

fn outcome(check: ScopedJoinHandle<'_, Seen>) -> Seen {
    check.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
}
