//! A list is read back, or refused.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::claims;
use crate::random::{damaged, list, times};

fn day(number: u32) -> Day {
    Day::new(number).unwrap()
}

fn action(number: u32) -> ActionId {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    id.into()
}

fn pack(bytes: u64) -> PackRef {
    PackRef { day: day(1), id: PackId([9; 32]), bytes }
}

/// One pack, two loose actions, three that were used.
fn some() -> List {
    List::new(
        day(20777),
        vec![pack(5)],
        vec![action(2), action(1)],
        vec![action(3), action(1), action(2)],
    )
}

/// The problem of a list with these bytes at that place, and then a checksum that is right.
fn refused(at: usize, new: &[u8]) -> Malformed {
    let mut bytes = some().to_bytes();
    bytes[at..at + new.len()].copy_from_slice(new);
    let end = bytes.len() - 32;
    let sha = Sha256::digest(&bytes[..end]);
    bytes[end..].copy_from_slice(&sha);
    List::parse(&bytes).unwrap_err()
}

proptest! {
    #![proptest_config(times(200))]

    #[test]
    fn a_list_is_read_back(list in list()) {
        prop_assert_eq!(List::parse(&list.to_bytes()).unwrap(), list);
    }

    #[test]
    fn a_flipped_bit_a_cut_or_a_tail_is_refused(
        list in list(), at in any::<prop::sample::Index>(), bit in 0u32..8,
    ) {
        let mut bytes = list.to_bytes();
        let at = at.index(bytes.len());
        prop_assert!(List::parse(&bytes[..at]).is_err());
        bytes[at] ^= 1u8 << bit;
        prop_assert!(List::parse(&bytes).is_err());
        bytes[at] ^= 1u8 << bit;
        bytes.push(bytes[at]);
        prop_assert!(List::parse(&bytes).is_err());
    }

    #[test]
    fn nearly_a_list_is_read_or_refused(bytes in list().prop_flat_map(|it| damaged(it.to_bytes()))) {
        claims::list(&bytes);
    }

    #[test]
    fn anything_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        claims::list(&bytes);
        claims::list(&[b"LARDERls\x01\0\0\0", &bytes[..]].concat());
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let at = |at, new: &[u8]| refused(at, new).at;
    assert_eq!(refused(0, b"x").problem, Problem::Magic);
    assert_eq!(refused(8, &[9]).problem, Problem::Version(9));
    assert_eq!(at(11, &[1]), 9);
    assert_eq!(refused(12, &[255; 4]).problem, Problem::Field("no such day"));
    assert_eq!(at(28, &[1]), 28);
    assert_eq!(at(32, &[255; 4]), 32, "the day of the pack");
    let over = refused(68, &(pack::LIMIT + 1).to_le_bytes());
    assert_eq!(over.at, 68);
    assert!(over.to_string().contains("over the limit of 16777216"), "{over}");
    // Loose ones may be in any order; used ones are sorted.
    let used = 32 + 44 + 2 * 32;
    assert_eq!(at(used + 32, action(0).as_bytes()), used as u64 + 32);
    assert_eq!(at(used + 64, action(2).as_bytes()), used as u64 + 64);
}

#[test]
fn a_count_takes_no_memory_before_the_bytes_are_there() {
    for (at, limit) in [(16, MAX_PACKS), (20, MAX_ACTIONS), (24, MAX_ACTIONS)] {
        let most = refused(at, &(limit as u32).to_le_bytes());
        assert_eq!(most.problem, Problem::Cut);
        for over in [limit as u32 + 1, u32::MAX] {
            let wrong = refused(at, &over.to_le_bytes());
            assert_eq!(wrong.at, at as u64);
            assert!(matches!(wrong.problem, Problem::OverLimit { .. }), "{wrong}");
        }
    }
}

#[test]
fn what_is_over_the_limits_is_left_out_from_the_end() {
    let most = 200_000;
    let actions: Vec<_> = (0..most + 5).map(action).collect();
    let mut packs = vec![pack(pack::LIMIT); MAX_PACKS + 1];
    packs[0].bytes += 1;
    packs.push(pack(3));
    let list = List::new(day(1), packs, actions.clone(), actions.clone());
    assert_eq!(list.packs(), &[pack(pack::LIMIT); MAX_PACKS]);
    assert_eq!(list.loose(), &actions[..most as usize]);
    assert_eq!(list.used(), &actions[..most as usize]);
    let bytes = list.to_bytes();
    assert_eq!(bytes.len() as u64, LIMIT);
    assert_eq!(List::parse(&bytes).unwrap(), list);
}

#[test]
fn used_actions_are_sorted_and_there_once() {
    let list = List::new(day(1), vec![], vec![], [3, 1, 2, 3, 1].map(action).to_vec());
    assert_eq!(list.used(), [1, 2, 3].map(action));
}
