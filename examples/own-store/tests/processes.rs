//! Several processes on one folder, and processes that are killed.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use own_store::SqliteCache;

const HOUR: Duration = Duration::from_secs(60 * 60);

fn own_store(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_own-store"));
    command.arg(dir).args(arguments);
    command
}

fn get(dir: &Path, key: &str) -> Output {
    own_store(dir, &["get", key]).output().unwrap()
}

/// Starts to put what is still to be written to its stdin.
fn start_put(dir: &Path, key: &str) -> Child {
    let mut put = own_store(dir, &["put", key, "-"]);
    put.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

fn temporary_files(dir: &Path) -> Vec<PathBuf> {
    let items = fs::read_dir(dir.join("temporary")).into_iter().flatten();
    items.map(|item| item.unwrap().path()).collect()
}

/// Waits for what another process does; the limit only turns a hang into a failure.
fn wait_until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn what_one_process_puts_another_gets() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "some result").unwrap();
    let store = dir.path().join("store");
    let put = own_store(&store, &["put", "key", file.to_str().unwrap()]).output().unwrap();
    assert!(put.status.success(), "{put:?}");
    let found = get(&store, "key");
    assert!(found.status.success(), "{found:?}");
    assert_eq!(found.stdout, b"some result");
    let missed = get(&store, "another key");
    assert_eq!(missed.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&missed.stderr), "a miss: no entry\n");
}

/// From an empty folder on, so that they also make it at the same time.
#[test]
fn eight_processes_put_and_get_at_once_beside_trims() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let body = |worker: usize, round: usize| format!("{worker} {round} ").repeat(20_000);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|worker| {
                let store = &store;
                scope.spawn(move || {
                    for round in 0..6 {
                        // Every key is put by two workers, with two results.
                        let key = format!("{} {round}", worker / 2);
                        let mut put = start_put(store, &key);
                        let mut stdin = put.stdin.take().unwrap();
                        stdin.write_all(body(worker, round).as_bytes()).unwrap();
                        drop(stdin);
                        assert!(put.wait().unwrap().success());
                        let found = get(store, &key);
                        if found.stderr.starts_with(b"a miss") {
                            continue; // trimmed
                        }
                        assert!(found.status.success(), "{found:?}");
                        let text = String::from_utf8(found.stdout).unwrap();
                        assert!(
                            text == body(worker, round) || text == body(worker ^ 1, round),
                            "{key}: {} bytes that nobody put",
                            text.len()
                        );
                    }
                })
            })
            .collect();
        // Down to nothing, whatever is in use: nothing but misses may come of it.
        let trimmer = SqliteCache::open(&store).unwrap();
        while !workers.iter().all(|worker| worker.is_finished()) {
            trimmer.trim(SystemTime::now() + HOUR).unwrap();
            thread::sleep(Duration::from_millis(20));
        }
    });
}

#[test]
fn a_put_that_is_killed_leaves_nothing_but_a_file_that_a_trim_removes() {
    let dir = tempfile::tempdir().unwrap();
    let mut put = start_put(dir.path(), "key");
    let stdin = put.stdin.as_mut().unwrap();
    stdin.write_all(b"the first half").unwrap();
    stdin.flush().unwrap();
    wait_until(|| !temporary_files(dir.path()).is_empty());

    let cache = SqliteCache::open(dir.path()).unwrap();
    let [file] = &temporary_files(dir.path())[..] else { panic!("one file expected") };
    let trim_hours_later = || {
        let file = File::options().write(true).open(file).unwrap();
        file.set_modified(SystemTime::now() - HOUR).unwrap();
        drop(file);
        cache.trim(SystemTime::now() - HOUR).unwrap();
    };
    // Its writer lives, however long the source takes.
    trim_hours_later();
    assert!(file.exists());

    put.kill().unwrap();
    put.wait().unwrap();
    assert_eq!(get(dir.path(), "key").status.code(), Some(1));
    trim_hours_later();
    assert!(!file.exists());
}

/// At moments all over its life.
#[test]
fn a_process_that_is_killed_at_any_moment_leaves_no_wrong_result_and_no_lock() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let body = "a result of some size ".repeat(50_000);
    fs::write(&file, &body).unwrap();
    let store = dir.path().join("store");
    for moment in 0..60 {
        let key = format!("key {}", moment % 7);
        let mut put = own_store(&store, &["put", &key, file.to_str().unwrap()]);
        let mut put = put.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_micros(500 * moment));
        put.kill().ok();
        put.wait().unwrap();
        let found = get(&store, &key);
        match found.status.code() {
            Some(0) => assert!(found.stdout == body.as_bytes(), "a wrong result"),
            Some(1) if found.stderr.starts_with(b"a miss") => {}
            _ => panic!("{found:?}"),
        }
    }
    let put = own_store(&store, &["put", "key", file.to_str().unwrap()]).status().unwrap();
    assert!(put.success());
    assert!(get(&store, "key").stdout == body.as_bytes());
}
