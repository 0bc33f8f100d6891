//! `larder serve` on a disk that fails and works again in the middle.

use std::time::Duration;

use cache_core::{ActionId, Cache, CacheExt};
use cache_prog_client::ProgCache;
use test_attacks::Dice;

use crate::disk::{Disk, Fault};
use crate::world::World;

/// Puts and gets through one helper before, while and after the disk fails. Returns how many puts
/// failed. The disk works again afterwards.
pub fn while_it_fails(world: &World, disk: &Disk, fault: Fault, dice: &mut Dice) -> u64 {
    let command =
        format!("'{}' --dir '{}' serve", env!("CARGO_BIN_EXE_larder"), world.dir().display());
    let builder = ProgCache::builder(command, world.project.larder.path("fuzz"));
    let helper = builder.close_deadline(Duration::from_secs(60)).start().expect("larder serve");
    let action = |n: u8| ActionId::from_bytes([0xf0 + n; 32]);
    let bytes: Vec<_> = (0..6).map(|_| dice.below(400_000)).collect();
    let bytes: Vec<_> = bytes.into_iter().map(|size| dice.bytes(size)).collect();
    let is_there = |n: u8| {
        let found = helper.get_bytes(&action(n), u64::MAX).expect("a lookup").hit();
        found.map(|(_, found)| assert!(found == bytes[usize::from(n)], "request {n}")).is_some()
    };
    for n in 0..2 {
        helper.put_bytes(&action(n), &bytes[usize::from(n)]).expect("a put");
    }
    let trouble = disk.fails(fault, dice);
    let mut failed = 0;
    for n in 2..6 {
        match helper.put_bytes(&action(n), &bytes[usize::from(n)]) {
            Ok(_) => assert!(is_there(n), "request {n}"),
            Err(error) => {
                let dir = world.dir().display().to_string();
                let text = error.to_string();
                assert!(text.contains(&dir) && text.contains(trouble.cause), "{text}");
                assert!(!is_there(n), "request {n}");
                failed += 1;
            }
        }
        assert!(is_there(n % 2), "request {n}");
    }
    disk.works_again(fault);
    for n in 0..6 {
        helper.put_bytes(&action(n), &bytes[usize::from(n)]).expect("a put");
        assert!(is_there(n), "request {n}");
    }
    helper.close().expect("an orderly end");
    failed
}
