use std::fs;

use super::*;

fn stamp() -> Stamp {
    let identity = Identity { device: 1, inode: 2, ctime: 1_700_000_000_123_456_789 };
    Stamp { size: 3, mtime: 1_600_000_000_000_000_000, identity }
}

#[test]
fn stamps_that_differ_in_anything_are_kept_as_different_ones() {
    let Stamp { size, mtime, identity } = stamp();
    let others = [
        Stamp { size: size + 1, ..stamp() },
        Stamp { mtime: mtime + 1, ..stamp() },
        Stamp { identity: Identity { ctime: identity.ctime + 1, ..identity }, ..stamp() },
        Stamp { identity: Identity { device: identity.device + 1, ..identity }, ..stamp() },
        Stamp { identity: Identity { inode: identity.inode + 1, ..identity }, ..stamp() },
    ];
    for other in others {
        assert!(other.to_kept().is_some(), "{other:?}");
        assert_ne!(other.to_kept(), stamp().to_kept(), "{other:?}");
    }
}

#[test]
fn a_stamp_is_kept_as_five_numbers() {
    let numbers: [u64; 5] = [3, 1_600_000_000_000_000_000, 1_700_000_000_123_456_789, 1, 2];
    let kept = stamp().to_kept().unwrap();
    assert_eq!(kept.to_bytes()[..], numbers.map(u64::to_le_bytes).concat());
    assert_eq!(KeptStamp::from_bytes(&kept.to_bytes()), kept);
}

#[test]
fn the_times_of_a_coarse_clock_are_not_kept() {
    for ctime in [0, 1_700_000_000_000_000_000, 1_700_000_000_010_000_000, -990_000_000] {
        let identity = Identity { ctime, ..stamp().identity };
        assert_eq!(Stamp { identity, ..stamp() }.to_kept(), None, "{ctime}");
    }
}

#[test]
fn times_that_do_not_fit_are_not_kept() {
    let far = Nanoseconds::from(i64::MAX) + 1;
    assert_eq!(Stamp { mtime: far, ..stamp() }.to_kept(), None);
    assert_eq!(Stamp { mtime: -far - 1, ..stamp() }.to_kept(), None);
}

#[test]
fn only_regular_files_have_a_stamp() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Stamp::of(&fs::metadata(folder.path()).unwrap()), None);
}
