//! Saving: what it keeps of others, and what it does where it cannot.

use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, symlink};

use fs4::FileExt;

use crate::*;

#[test]
fn what_is_not_saved_is_forgotten() {
    let f = Fixture::new();
    let path = f.file("a", "content");
    f.memo().hash(&path).unwrap();
    assert!(!f.at().exists());
    assert_eq!(recall(&f.memo(), &path), None);
}

#[test]
fn what_others_saved_in_the_meantime_stays() {
    let f = Fixture::new();
    let paths = ["a", "b", "c"].map(|name| f.file(name, name));
    let memos = [f.memo(), f.memo(), f.memo()];
    for (memo, path) in memos.iter().zip(&paths) {
        memo.hash(path).unwrap();
        memo.save().unwrap();
    }
    for path in &paths {
        assert!(recall(&f.memo(), path).is_some(), "{path:?}");
        assert!(recall(&memos[2], path).is_some(), "{path:?}: the last one has seen the others");
    }
}

#[test]
fn a_change_is_written_in_place_and_nothing_at_all_when_nothing_is_new() {
    let f = Fixture::new();
    let (a, b) = (f.file("a", "a"), f.file("b", "b"));
    f.learn([&a]);
    let first = metadata(&f.at());
    let_the_clock_tick();

    f.learn([&a]);
    let unchanged = metadata(&f.at());
    assert_eq!(unchanged.modified().unwrap(), first.modified().unwrap());

    f.learn([&b]);
    let changed = metadata(&f.at());
    assert_eq!((changed.ino(), changed.len()), (first.ino(), first.len()));
    assert_ne!(changed.modified().unwrap(), first.modified().unwrap());
}

#[test]
fn fifty_thousand_files_are_remembered() {
    let f = Fixture::new();
    let files: Vec<_> = (0..1000).map(|n| f.file(&n.to_string(), &n.to_string())).collect();
    // Under fifty names each, which are as many files to a memo.
    let folders: Vec<_> = (0..50).map(|n| f.folder.path().join(format!("link-{n}"))).collect();
    for (n, folder) in folders.iter().enumerate() {
        symlink("files", folder).unwrap();
        let names = files.iter().map(|file| folder.join(file.file_name().unwrap()));
        // At first in small steps.
        if n == 0 {
            let names: Vec<_> = names.collect();
            names.chunks(100).for_each(|names| f.learn(names));
        } else if n % 10 == 9 {
            f.learn(&names.collect::<Vec<_>>());
        } else {
            let memo = f.memo();
            names.for_each(|name| _ = memo.hash(name).unwrap());
            memo.save().unwrap();
        }
    }
    let memo = f.memo();
    for folder in &folders {
        for (n, file) in files.iter().enumerate() {
            let path = folder.join(file.file_name().unwrap());
            assert_eq!(recall(&memo, &path), Some(of(&n.to_string())), "{path:?}");
        }
    }
    let per_file = metadata(&f.at()).len() / 50_000;
    assert!((80..=700).contains(&per_file), "{per_file} bytes for each file");
    assert!(!f.folder.path().join("memo.new").exists());
}

#[test]
fn who_does_not_get_the_lock_gives_up_and_may_try_again() {
    let f = Fixture::new();
    let (a, b) = (f.file("a", "a"), f.file("b", "b"));
    f.learn([&a]);
    let busy = fs::File::open(f.at()).unwrap();
    FileExt::lock(&busy).unwrap();

    let memo = f.memo();
    memo.hash(&b).unwrap();
    let error = memo.save().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert!(error.to_string().contains(f.at().to_str().unwrap()), "{error}");
    assert_eq!(recall(&memo, &a), Some(of("a")), "reading needs no lock");
    assert_eq!(recall(&memo, &b), Some(of("b")));

    drop(busy);
    memo.save().unwrap();
    assert_eq!(recall(&f.memo(), &b), Some(of("b")));
}

#[test]
fn what_a_killed_process_left_is_no_obstacle() {
    let f = Fixture::new();
    let path = f.file("a", "content");
    let left = f.folder.path().join("memo.new");
    fs::write(&left, "half of a file").unwrap();
    f.learn([&path]);
    assert_eq!(recall(&f.memo(), &path), Some(of("content")));
    assert!(!left.exists());
}

#[test]
fn what_a_killed_process_left_is_not_written_through() {
    let f = Fixture::new();
    let (path, other) = (f.file("a", "content"), f.file("b", "of someone else"));
    symlink(&other, f.folder.path().join("memo.new")).unwrap();
    f.learn([&path]);
    assert_eq!(recall(&f.memo(), &path), Some(of("content")));
    assert_eq!(fs::read_to_string(other).unwrap(), "of someone else");
}

#[test]
fn the_folder_is_made_but_not_the_one_above_it() {
    let f = Fixture::new();
    let path = f.file("a", "content");
    let memo = open(&f.folder.path().join("larder/memo"));
    memo.hash(&path).unwrap();
    memo.save().unwrap();
    assert_eq!(recall(&open(&f.folder.path().join("larder/memo")), &path), Some(of("content")));

    let gone = f.folder.path().join("gone/larder/memo");
    let memo = open(&gone);
    memo.hash(&path).unwrap();
    let error = memo.save().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains(gone.to_str().unwrap()), "{error}");
}

#[test]
fn a_folder_that_takes_no_larger_file_leaves_the_old_one() {
    let f = Fixture::new();
    let first = f.file("first", "first");
    f.learn([&first]);
    // Nothing can be put where the larger file is written.
    let obstacle = f.folder.path().join("memo.new");
    fs::create_dir(&obstacle).unwrap();
    let more: Vec<_> = (0..500).map(|n| f.file(&n.to_string(), "more")).collect();
    let memo = f.memo();
    more.iter().for_each(|path| _ = memo.hash(path).unwrap());
    assert!(memo.save().is_err());
    assert_eq!(recall(&f.memo(), &first), Some(of("first")));

    fs::remove_dir(obstacle).unwrap();
    memo.save().unwrap();
    let later = f.memo();
    assert!(more.iter().all(|path| recall(&later, path) == Some(of("more"))));
}
