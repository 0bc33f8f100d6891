use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use cache_core::ActionId;
use fs4::FileExt;

use super::{Lock, take, take_within};
use crate::Note;

const KEY: ActionId = ActionId::from_bytes([7; 32]);

fn now(folder: &std::path::Path) -> Lock {
    take(folder, &KEY, &mut |_| panic!("it is free"), &|| false).unwrap().unwrap()
}

#[test]
fn one_at_a_time_has_it_although_its_file_comes_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let inside = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let lock = take(folder.path(), &KEY, &mut |_| {}, &|| false).unwrap().unwrap();
                    assert!(lock.for_command().is_some());
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two have it");
                    thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn who_waits_is_told_for_whom_and_can_stop() {
    let folder = tempfile::tempdir().unwrap();
    let lock = now(folder.path());
    let mut told = Vec::new();
    let mut tell = |note: &Note<'_>| match note {
        Note::Waiting(process) => told.push(*process),
        other => panic!("its owner lives: {other}"),
    };
    let until = Instant::now() + Duration::from_millis(50);
    let stopped = take(folder.path(), &KEY, &mut tell, &|| Instant::now() > until).unwrap();
    assert!(stopped.is_none());
    assert_eq!(told, [Some(std::process::id())], "once");
    drop(lock);
    now(folder.path());
}

#[test]
fn what_the_command_left_behind_does_not_hold_it_after_an_orderly_end() {
    let folder = tempfile::tempdir().unwrap();
    let lock = now(folder.path());
    // What a process has that inherited the descriptor.
    let inherited = lock.for_command().unwrap().try_clone().unwrap();
    drop(lock);
    now(folder.path());
    drop(inherited);
}

#[test]
fn what_a_killed_run_has_started_is_waited_for_so_long_and_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    // The owner's own file may be there or not; nobody has it.
    let orphans = fs::File::create(folder.path().join(format!("{KEY}-command"))).unwrap();
    FileExt::try_lock(&orphans).unwrap();
    let mut told = 0;
    let mut tell = |note: &Note<'_>| match note {
        Note::WaitingForOrphans => told += 1,
        other => panic!("nobody has it: {other}"),
    };
    let limit = Duration::from_millis(50);
    let lock = take_within(folder.path(), &KEY, &mut tell, &|| false, limit).unwrap().unwrap();
    assert!(lock.for_command().is_none(), "nothing may be stored");
    drop(lock);
    // The next has to wait too.
    let lock = take_within(folder.path(), &KEY, &mut tell, &|| false, limit).unwrap().unwrap();
    assert!(lock.for_command().is_none());
    drop(lock);
    assert_eq!(told, 2);
    drop(orphans);
    assert!(now(folder.path()).for_command().is_some());
}

#[test]
fn what_killed_runs_of_other_keys_have_left_goes_when_nobody_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let lock = |byte: u8, end: &str, minutes: u64| {
        let path = folder.path().join(format!("{}{end}", ActionId::from_bytes([byte; 32])));
        let file = fs::File::create(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(60 * minutes)).unwrap();
        (path, file)
    };
    let left = [lock(1, "", 11), lock(1, "-command", 11)];
    let held = lock(2, "-command", 11);
    FileExt::try_lock(&held.1).unwrap();
    let stay = [held, lock(3, "", 9), lock(4, "-notes", 11)];
    drop(now(folder.path()));
    assert!(left.iter().all(|(path, _)| path.exists() == cfg!(not(unix))));
    assert!(stay.iter().all(|(path, _)| path.exists()));
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_lock_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    fs::write(&outside, "bytes").unwrap();
    for name in [KEY.to_string(), format!("{KEY}-command")] {
        let locks = folder.path().join("locks");
        fs::create_dir(&locks).unwrap();
        std::os::unix::fs::symlink(&outside, locks.join(name)).unwrap();
        let error = take(&locks, &KEY, &mut |_| {}, &|| false).err().unwrap();
        assert!(error.to_string().contains("is not a regular file"), "{error}");
        assert_eq!(fs::read(&outside).unwrap(), b"bytes");
        fs::remove_dir_all(locks).unwrap();
    }
}
