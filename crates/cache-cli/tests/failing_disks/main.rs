//! Disks that are full or read-only: each command says so in one line, keeps everything that was
//! there, and works again when the disk does.
//!
//! It mounts file systems, so it takes Linux and root, and `mkfs.ext4`. The builds with `go`
//! are behind the feature `go` as well.
#![cfg(target_os = "linux")]

#[cfg(feature = "go")]
mod build;
mod claims;
mod disk;
#[cfg(feature = "go")]
#[allow(dead_code, reason = "the builds use their part of it")]
#[path = "../go_helper/go.rs"]
mod go;
#[path = "../project/mod.rs"]
mod project;
mod served;
#[path = "../support/mod.rs"]
mod support;
mod world;

use disk::{Disk, Fault};
use test_attacks::Attack;
use world::World;

/// So much is done while a disk fails.
const WHILE_FAILING: usize = 6;

#[test]
fn a_disk_that_fails_keeps_what_it_has_and_is_told() {
    let mut attack = Attack::new("failing disks", 3);
    let mut world = World::new(None);
    // After the world, so that it is unmounted before the folder is removed.
    let (mut disk, mut served) = (None, 0);
    while attack.goes_on() {
        let round = attack.round();
        let dice = &mut attack.dice;
        if round % 10 == 1 {
            disk.take();
            world = World::new(None);
            let at = world.dir();
            disk = Some(if dice.one_in(2) { Disk::in_memory(&at) } else { Disk::ext4(&at) });
        }
        let disk: &Disk = disk.as_ref().expect("one of this or an earlier round");
        for _ in 0..4 {
            let work = world.deal(dice);
            world.does_well(&work, dice);
        }
        world.tidies_up(dice);
        let fault = *dice.pick(&[Fault::Full, Fault::Full, Fault::NoMoreFiles, Fault::ReadOnly]);
        if dice.one_in(2) {
            served += served::while_it_fails(&world, disk, fault, dice);
        }
        world.suffer(Some(disk.fails(fault, dice)));
        let work: Vec<_> = (0..WHILE_FAILING).map(|_| world.deal(dice)).collect();
        let undone: Vec<_> = work.iter().filter(|work| !world.does(work)).collect();
        world.is_right();
        disk.works_again(fault);
        world.suffer(None);
        for work in undone {
            world.does_well(work, dice);
        }
        world.is_right();
    }
    let failures = world.failures;
    assert!(failures + served > 0, "no disk failed");
    attack.held("disks broken", format!("{failures} commands and {served} requests that failed"));
}
