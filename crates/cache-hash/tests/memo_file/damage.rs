//! A file that is damaged, or none of a memo's, is not believed and not in the way.

use std::os::unix::fs::{FileExt, PermissionsExt};
use std::process::Command;

use crate::*;

/// A memo's file that remembers some files.
fn remembered() -> (Fixture, Vec<(PathBuf, Metadata, OutputId)>) {
    let f = Fixture::new();
    let paths: Vec<_> = (0..80).map(|n| f.file(&n.to_string(), &n.to_string())).collect();
    f.learn(&paths);
    let files = paths.into_iter().enumerate();
    let files = files.map(|(n, path)| (path.clone(), metadata(&path), of(&n.to_string())));
    let files = files.collect();
    (f, files)
}

/// How many are still known. Nothing that is said of them is wrong.
fn known(at: &Path, files: &[(PathBuf, Metadata, OutputId)]) -> usize {
    let memo = open(at);
    let recalled = files.iter().filter_map(|(path, metadata, right)| {
        memo.recall(path, metadata).inspect(|hash| assert_eq!(hash, right, "{path:?}"))
    });
    recalled.count()
}

#[test]
fn a_byte_that_changed_anywhere_is_never_believed() {
    let (f, files) = remembered();
    assert_eq!(known(&f.at(), &files), files.len());
    let good = fs::read(f.at()).unwrap();
    let file = fs::File::options().write(true).open(f.at()).unwrap();
    for (at, byte) in good.iter().enumerate() {
        file.write_all_at(&[byte ^ (1 << (at % 8))], at as u64).unwrap();
        let records_in_its_bucket = good[at / 4096 * 4096 + 8];
        let left = files.len() - usize::from(records_in_its_bucket);
        assert!(known(&f.at(), &files) <= left, "byte {at}");
        file.write_all_at(&[*byte], at as u64).unwrap();
    }
    assert_eq!(known(&f.at(), &files), files.len());
}

#[test]
fn a_file_that_was_cut_or_lengthened_is_never_believed() {
    let (f, files) = remembered();
    let good = fs::read(f.at()).unwrap();
    let lengths = (0..good.len()).step_by(64).chain((0..good.len()).step_by(4096));
    for length in lengths.chain([4095, 4097, good.len() - 1]) {
        fs::write(f.at(), &good[..length]).unwrap();
        known(&f.at(), &files);
    }
    for more in [1, 4095, 4096] {
        fs::write(f.at(), [&good[..], &vec![0; more]].concat()).unwrap();
        known(&f.at(), &files);
    }
}

#[test]
fn buckets_that_stand_in_each_others_place_say_nothing_wrong() {
    let (f, files) = remembered();
    let mut bytes = fs::read(f.at()).unwrap();
    bytes.rotate_left(4096);
    fs::write(f.at(), bytes).unwrap();
    known(&f.at(), &files);
}

#[test]
fn two_halves_of_different_writes_are_never_believed() {
    let (f, files) = remembered();
    let old = fs::read(f.at()).unwrap();
    let more: Vec<_> = (0..40).map(|n| f.file(&format!("more {n}"), "more")).collect();
    f.learn(&more);
    let new = fs::read(f.at()).unwrap();
    assert_eq!(old.len(), new.len());
    for at in (0..old.len()).step_by(16) {
        fs::write(f.at(), [&new[..at], &old[at..]].concat()).unwrap();
        known(&f.at(), &files);
        let memo = f.memo();
        for path in &more {
            assert!(recall(&memo, path).is_none_or(|hash| hash == of("more")), "{at}");
        }
    }
}

#[test]
fn whatever_stands_in_the_file_it_is_an_empty_memo_and_the_next_save_mends_it() {
    let (f, files) = remembered();
    let zeros = vec![0; 20 << 10];
    let contents: [&[u8]; 5] = [b"", b"v1 of something else\n", &zeros, &[0xff; 4096], &[7; 9999]];
    for content in contents {
        fs::write(f.at(), content).unwrap();
        assert_eq!(known(&f.at(), &files), 0);
        f.learn(files.iter().map(|(path, ..)| path));
        assert_eq!(known(&f.at(), &files), files.len());
    }
}

#[test]
fn a_file_of_absurd_length_is_an_empty_memo_and_the_next_save_mends_it() {
    let (f, files) = remembered();
    fs::File::create(f.at()).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(known(&f.at(), &files), 0);
    f.learn(files.iter().map(|(path, ..)| path));
    assert_eq!(known(&f.at(), &files), files.len());
    assert!(metadata(&f.at()).len() < 1 << 20);
}

#[test]
fn what_is_no_regular_file_is_an_empty_memo_that_cannot_be_saved() {
    let (f, files) = remembered();
    let fifo = f.folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for at in [fifo, f.folder.path().join("files"), PathBuf::from("/dev/null")] {
        assert_eq!(known(&at, &files), 0);
        let memo = open(&at);
        let (path, _, right) = &files[0];
        assert_eq!(memo.hash(path).unwrap(), *right);
        let error = memo.save().unwrap_err();
        assert!(error.to_string().contains(at.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_file_that_may_not_be_read_is_an_empty_memo() {
    let (f, files) = remembered();
    fs::set_permissions(f.at(), fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read it all the same.
    let readable = fs::File::open(f.at()).is_ok();
    assert_eq!(known(&f.at(), &files), if readable { files.len() } else { 0 });
    let memo = f.memo();
    let new = f.file("new", "new");
    assert_eq!(memo.hash(&new).unwrap(), of("new"));
    assert_eq!(memo.save().is_ok(), readable);
}

#[test]
fn a_file_that_shrinks_while_it_is_open_says_nothing_wrong() {
    let (f, files) = remembered();
    let memo = f.memo();
    fs::File::options().write(true).open(f.at()).unwrap().set_len(0).unwrap();
    for (path, metadata, right) in &files {
        assert_eq!(memo.recall(path, metadata), None);
        assert_eq!(memo.hash(path).unwrap(), *right);
    }
    memo.save().unwrap();
    assert_eq!(known(&f.at(), &files), files.len());
}
