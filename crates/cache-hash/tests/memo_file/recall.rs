//! What is remembered, and what makes it forgotten.

use std::os::unix::fs::symlink;

use filetime::FileTime;

use crate::*;

#[test]
fn a_file_that_is_as_it_was_is_not_read_by_the_next_process() {
    let f = Fixture::new();
    let path = f.file("a", "content");
    f.learn([&path]);
    let (memo, readings) = counting(f.memo());
    assert_eq!(recall(&memo, &path), Some(of("content")));
    assert_eq!(memo.hash(&path).unwrap(), of("content"));
    assert_eq!(readings(), 0);
}

#[test]
fn recalling_opens_nothing() {
    let f = Fixture::new();
    let path = f.file("a", "content");
    f.learn([&path]);
    let metadata = metadata(&path);
    fs::remove_file(&path).unwrap();
    assert_eq!(f.memo().recall(&path, &metadata), Some(of("content")));
}

#[test]
fn a_memo_recalls_what_it_learnt_itself() {
    let f = Fixture::new();
    let path = f.file("a", "content");
    for memo in [f.memo(), FileHashMemo::new().with_clock(|| SystemTime::now() + HOUR)] {
        assert_eq!(recall(&memo, &path), None);
        memo.hash(&path).unwrap();
        assert_eq!(recall(&memo, &path), Some(of("content")));
        memo.save().unwrap();
        assert_eq!(recall(&memo, &path), Some(of("content")));
    }
}

#[test]
fn a_file_of_another_size_is_read_again() {
    let f = Fixture::new();
    let path = f.file("a", "old");
    f.learn([&path]);
    f.file("a", "new content");
    assert_eq!(recall(&f.memo(), &path), None);
    assert_eq!(f.memo().hash(&path).unwrap(), of("new content"));
}

#[test]
fn a_file_with_another_mtime_is_read_again() {
    let f = Fixture::new();
    let path = f.file("a", "content");
    f.learn([&path]);
    filetime::set_file_mtime(&path, FileTime::from_unix_time(1_000_000_000, 0)).unwrap();
    assert_eq!(recall(&f.memo(), &path), None);
}

#[test]
fn a_change_that_keeps_the_size_and_restores_the_mtime_is_noticed() {
    let f = Fixture::new();
    let path = f.file("a", "old");
    let mtime = FileTime::from_unix_time(1_000_000_000, 0);
    filetime::set_file_mtime(&path, mtime).unwrap();
    f.learn([&path]);
    assert_eq!(recall(&f.memo(), &path), Some(of("old")));
    let_the_clock_tick();
    f.file("a", "new");
    filetime::set_file_mtime(&path, mtime).unwrap();
    assert_eq!(recall(&f.memo(), &path), None);
    assert_eq!(f.memo().hash(&path).unwrap(), of("new"));
}

#[test]
fn a_file_in_the_place_of_another_is_read() {
    let f = Fixture::new();
    let (path, other) = (f.file("a", "old"), f.file("b", "new"));
    f.learn([&path]);
    fs::rename(&other, &path).unwrap();
    assert_eq!(recall(&f.memo(), &path), None);
    assert_eq!(f.memo().hash(&path).unwrap(), of("new"));
}

#[test]
fn a_file_that_changed_and_was_read_again_is_remembered_again() {
    let f = Fixture::new();
    let path = f.file("a", "old");
    f.learn([&path]);
    let_the_clock_tick();
    f.file("a", "new");
    f.learn([&path]);
    assert_eq!(recall(&f.memo(), &path), Some(of("new")));
}

#[test]
fn a_file_that_was_just_written_is_not_kept() {
    let f = Fixture::new();
    let path = f.file("a", "content");
    let memo = FileHashMemo::open(f.at());
    memo.hash(&path).unwrap();
    memo.save().unwrap();
    assert!(!f.at().exists());
}

#[test]
fn a_file_from_the_future_is_not_kept() {
    let f = Fixture::new();
    let path = f.file("a", "content");
    filetime::set_file_mtime(&path, (SystemTime::now() + 2 * HOUR).into()).unwrap();
    f.learn([&path]);
    assert!(!f.at().exists());
}

#[test]
fn a_promise_is_not_kept() {
    let f = Fixture::new();
    let path = f.file("a", "content");
    let memo = f.memo();
    memo.set(&path, of("what the caller says")).unwrap();
    assert_eq!(recall(&memo, &path), Some(of("what the caller says")));
    memo.save().unwrap();
    assert!(!f.at().exists());
}

#[test]
fn a_link_is_followed_by_metadata_that_follow() {
    let f = Fixture::new();
    let (old, new) = (f.file("old", "old"), f.file("new", "new"));
    let link = f.path("link");
    symlink(&old, &link).unwrap();
    f.learn([&link, &new]);
    assert_eq!(recall(&f.memo(), &link), Some(of("old")));
    assert_eq!(f.memo().recall(&link, &fs::symlink_metadata(&link).unwrap()), None);

    fs::remove_file(&link).unwrap();
    symlink(&new, &link).unwrap();
    assert_eq!(recall(&f.memo(), &link), None);
    assert_eq!(f.memo().hash(&link).unwrap(), of("new"));
}

#[test]
fn a_path_through_a_link_that_leads_elsewhere_is_read_again() {
    let f = Fixture::new();
    for (folder, content) in [("one", "old"), ("two", "new")] {
        fs::create_dir(f.path(folder)).unwrap();
        f.file(&format!("{folder}/a"), content);
    }
    let link = f.path("link");
    symlink("one", &link).unwrap();
    let path = link.join("a");
    f.learn([&path]);
    assert_eq!(recall(&f.memo(), &path), Some(of("old")));
    fs::remove_file(&link).unwrap();
    symlink("two", &link).unwrap();
    assert_eq!(recall(&f.memo(), &path), None);
}

#[test]
fn the_metadata_of_another_file_recall_nothing() {
    let f = Fixture::new();
    let (a, b) = (f.file("a", "content"), f.file("b", "content"));
    f.learn([&a, &b]);
    assert_eq!(f.memo().recall(&a, &metadata(&b)), None);
}

#[test]
fn a_path_that_is_no_text_is_remembered() {
    use std::os::unix::ffi::OsStrExt;

    let f = Fixture::new();
    let path = f.path("").join(std::ffi::OsStr::from_bytes(b"\xff\xfe"));
    if fs::write(&path, "content").is_err() {
        return; // A file system with rules about names.
    }
    f.learn([&path]);
    assert_eq!(recall(&f.memo(), &path), Some(of("content")));
}

#[test]
fn what_is_no_regular_file_is_not_kept() {
    let f = Fixture::new();
    let path = PathBuf::from("/dev/null");
    f.learn([&path]);
    assert!(!f.at().exists());
    assert_eq!(recall(&f.memo(), &path), None);
}
