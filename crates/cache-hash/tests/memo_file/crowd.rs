//! Many processes and threads save into one file at once, and some are killed over it.

use std::env;
use std::io::ErrorKind;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::*;

const PROCESSES: usize = 4;
const FILES: usize = 400;
const AT: &str = "LARDER_TEST_MEMO";
const TURN: &str = "LARDER_TEST_TURN";

/// Only turns a hang into a failure.
const DEADLINE: Duration = Duration::from_secs(120);

/// Tries until others leave the time for it.
fn save(memo: &FileHashMemo) {
    let start = Instant::now();
    while let Err(error) = memo.save() {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        assert!(start.elapsed() < DEADLINE, "{error}");
    }
}

/// Starts this test program again as a process of `test`, which does its part there.
fn start(test: &str, f: &Fixture, turn: usize) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test]);
    command.env(AT, f.folder.path()).env(TURN, turn.to_string());
    command.stdout(Stdio::null()).spawn().unwrap()
}

/// The folder of the test that started this process, and the number of its turn.
fn started_with() -> Option<(PathBuf, usize)> {
    Some((env::var_os(AT)?.into(), env::var(TURN).ok()?.parse().ok()?))
}

#[test]
fn processes_that_save_at_once_lose_nothing() {
    if let Some((folder, turn)) = started_with() {
        return save_a_part(&folder, turn);
    }
    let f = Fixture::new();
    let files: Vec<_> = (0..FILES).map(|n| f.file(&n.to_string(), &n.to_string())).collect();
    let children = (0..PROCESSES)
        .map(|turn| start("crowd::processes_that_save_at_once_lose_nothing", &f, turn));
    for mut child in children.collect::<Vec<_>>() {
        assert!(child.wait().unwrap().success());
    }
    let memo = f.memo();
    for (n, path) in files.iter().enumerate() {
        assert_eq!(recall(&memo, path), Some(of(&n.to_string())), "{path:?}");
    }
}

fn save_a_part(folder: &Path, turn: usize) {
    let memo = open(&folder.join("memo"));
    for n in (turn..FILES).step_by(PROCESSES) {
        memo.hash(folder.join("files").join(n.to_string())).unwrap();
        if n % 3 == 0 {
            save(&memo);
        }
    }
    save(&memo);
}

#[test]
fn threads_that_save_at_once_lose_nothing() {
    let f = Fixture::new();
    let files: Vec<_> = (0..FILES).map(|n| f.file(&n.to_string(), &n.to_string())).collect();
    let shared = f.memo();
    thread::scope(|scope| {
        for (turn, part) in files.chunks(FILES / 8).enumerate() {
            let (shared, f) = (&shared, &f);
            scope.spawn(move || {
                let own = f.memo();
                let memo = if turn % 2 == 0 { shared } else { &own };
                for path in part {
                    memo.hash(path).unwrap();
                    save(memo);
                }
            });
        }
    });
    let memo = f.memo();
    for (n, path) in files.iter().enumerate() {
        assert_eq!(recall(&memo, path), Some(of(&n.to_string())), "{path:?}");
    }
}

#[test]
fn processes_that_are_killed_while_they_save_leave_nothing_wrong() {
    if let Some((folder, _)) = started_with() {
        return save_until_killed(&folder);
    }
    let f = Fixture::new();
    let files: Vec<_> = (0..FILES).map(|n| f.file(&n.to_string(), &n.to_string())).collect();
    for turn in 0..20 {
        let mut child =
            start("crowd::processes_that_are_killed_while_they_save_leave_nothing_wrong", &f, turn);
        // Every time at another moment.
        thread::sleep(Duration::from_millis(20 + 7 * turn as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let memo = f.memo();
        for (n, path) in files.iter().enumerate() {
            let recalled = recall(&memo, path);
            assert!(recalled.is_none_or(|hash| hash == of(&n.to_string())), "{path:?}");
        }
    }
    f.learn(&files);
    let memo = f.memo();
    assert!(files.iter().all(|path| recall(&memo, path).is_some()));
}

fn save_until_killed(folder: &Path) {
    let start = Instant::now();
    while start.elapsed() < DEADLINE {
        fs::remove_file(folder.join("memo")).unwrap_or_default();
        for part in (0..FILES).collect::<Vec<_>>().chunks(40) {
            let memo = open(&folder.join("memo"));
            for n in part {
                memo.hash(folder.join("files").join(n.to_string())).unwrap();
            }
            save(&memo);
        }
    }
}
