//! Executables, and outputs that meet in the other form.
#![cfg(unix)]

mod common;

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cache_core::{Cache, CacheExt, FileName, PutOptions, Source, Stored};
use cache_disk::{DiskCache, TrimOptions};
use common::{Clock, DAY, HOUR, action, bytes_of, mtime, names, output_path};

const SCRIPT: &[u8] = b"#!/bin/sh\necho from the cache\n";

fn put_executable(cache: &DiskCache, n: u64, name: &str, bytes: &[u8]) -> Stored {
    let executable = Some(FileName::new(name).unwrap());
    let options = PutOptions { executable, ..PutOptions::default() };
    cache.put(&action(n), Source::Bytes(bytes), &options).unwrap()
}

fn inside(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    names.map(|item| item.unwrap().file_name().into_string().unwrap()).collect()
}

/// Runs a program that was written just now: another test's child may still hold the descriptor it
/// was written through, between its fork and its exec, and until then the file is busy.
fn output_of(program: &Path) -> Vec<u8> {
    loop {
        match Command::new(program).output() {
            Err(e) if e.kind() == ErrorKind::ExecutableFileBusy => thread::yield_now(),
            output => return output.unwrap().stdout,
        }
    }
}

#[test]
fn an_executable_is_a_folder_with_one_file_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let path = put_executable(&cache, 1, "greet", SCRIPT).file.unwrap().path;
    assert_eq!(path, output_path(folder.path(), SCRIPT).join("greet"));
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, (mode & 0o444) >> 2, "who may read it may execute it: {mode:o}");
    assert_eq!(output_of(&path), b"from the cache\n");
    let entry = cache.get(&action(1)).unwrap().hit().unwrap();
    assert_eq!(cache.output_file(&entry.output).unwrap().unwrap().path, path);
    assert_eq!(bytes_of(&cache, &action(1)).unwrap(), SCRIPT);
}

#[test]
fn an_executable_that_is_running_is_present_when_it_is_put_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let sleep = fs::read("/bin/sleep").unwrap();
    let path = put_executable(&cache, 1, "sleep", &sleep).file.unwrap().path;
    let inode = fs::metadata(&path).unwrap().ino();
    let mut running = loop {
        match Command::new(&path).arg("60").stdin(Stdio::null()).spawn() {
            Err(e) if e.kind() == ErrorKind::ExecutableFileBusy => thread::yield_now(),
            running => break running.unwrap(),
        }
    };
    put_executable(&cache, 2, "sleep", &sleep);
    running.kill().unwrap();
    running.wait().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
}

#[test]
fn a_second_name_keeps_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    put_executable(&cache, 1, "first", SCRIPT);
    let stored = put_executable(&cache, 2, "second", SCRIPT);
    assert_eq!(inside(&output_path(folder.path(), SCRIPT)), ["first"]);
    assert_eq!(stored.file.unwrap().path.file_name().unwrap(), "first");
    assert_eq!(bytes_of(&cache, &action(2)).unwrap(), SCRIPT);
}

#[test]
fn a_plain_put_of_an_executables_bytes_is_present() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    put_executable(&cache, 1, "greet", SCRIPT);
    let stored = cache.put_bytes(&action(2), SCRIPT).unwrap();
    assert!(stored.file.unwrap().path.ends_with("greet"));
    assert_eq!(bytes_of(&cache, &action(2)).unwrap(), SCRIPT);
}

#[test]
fn an_executable_put_of_a_plain_outputs_bytes_makes_that_executable() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let plain = cache.put_bytes(&action(1), SCRIPT).unwrap().file.unwrap().path;
    let path = put_executable(&cache, 2, "greet", SCRIPT).file.unwrap().path;
    assert_eq!(path, plain, "a path that was given out stays good");
    assert_eq!(output_of(&path), b"from the cache\n");
}

#[test]
fn a_folder_with_anything_but_the_one_right_file_is_a_miss_and_a_put_rebuilds_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let path = output_path(folder.path(), SCRIPT);
    let damages: [&dyn Fn(); 4] = [
        &|| fs::remove_file(path.join("greet")).unwrap(),
        &|| fs::write(path.join("other"), SCRIPT).unwrap(),
        &|| fs::write(path.join("greet"), b"#!/bin/sh\necho from elsewhere\n").unwrap(),
        &|| {
            fs::remove_file(path.join("greet")).unwrap();
            fs::create_dir(path.join("greet")).unwrap();
        },
    ];
    for (n, damage) in damages.iter().enumerate() {
        for executable in [true, false] {
            put_executable(&cache, 1, "greet", SCRIPT);
            damage();
            assert_eq!(bytes_of(&cache, &action(1)), None, "damage {n}");
            if executable {
                put_executable(&cache, 1, "greet", SCRIPT);
                assert_eq!(inside(&path), ["greet"], "damage {n}");
            } else {
                cache.put_bytes(&action(1), SCRIPT).unwrap();
                assert!(path.is_file(), "damage {n}");
            }
            assert_eq!(bytes_of(&cache, &action(1)).unwrap(), SCRIPT, "damage {n}");
            cache.clean(false).unwrap();
        }
    }
}

#[test]
fn writers_that_put_one_executable_under_many_names_agree_on_one() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..50u64 {
        let cache = Arc::new(DiskCache::open(folder.path()).unwrap());
        let script = format!("#!/bin/sh\necho {round}\n").into_bytes();
        thread::scope(|scope| {
            for n in 0..4 {
                let (cache, script) = (&cache, &script);
                scope.spawn(move || put_executable(cache, n, &format!("name{n}"), script));
            }
        });
        assert_eq!(inside(&output_path(folder.path(), &script)).len(), 1);
        assert_eq!(bytes_of(&cache, &action(0)).unwrap(), script);
    }
    assert!(names(folder.path()).iter().all(|name| name.ends_with("-a") || name.ends_with("-d")));
}

/// Go makes the folder and then writes the file in it in place. Taken away from under Go, it could be
/// just then that it is whole and given out, and that path would be gone again.
#[test]
fn an_executable_that_go_is_writing_is_waited_for_in_either_form() {
    // A machine with much to do may hold the writer up for longer than anybody waits.
    let is_waited_for = |round: u64| {
        let folder = tempfile::tempdir().unwrap();
        let cache = DiskCache::open(folder.path()).unwrap();
        let output = output_path(folder.path(), SCRIPT);
        fs::create_dir_all(&output).unwrap();
        let written = output.join("greet");
        thread::scope(|scope| {
            scope.spawn(|| {
                let Ok(mut file) = File::create(&written) else { return };
                for byte in SCRIPT {
                    thread::sleep(Duration::from_millis(1));
                    file.write_all(&[*byte]).unwrap();
                }
            });
            let stored = if round.is_multiple_of(2) {
                put_executable(&cache, 1, "greet", SCRIPT)
            } else {
                cache.put_bytes(&action(1), SCRIPT).unwrap()
            };
            stored.file.unwrap().path == written
        }) && fs::read(&written).is_ok_and(|found| found == SCRIPT)
    };
    for round in [0, 1] {
        assert!((0..20).any(|n| is_waited_for(2 * n + round)), "it is taken away: {round}");
    }
}

#[test]
fn use_and_trim_go_by_the_folders_mtime() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    let output = put_executable(&cache, 1, "greet", SCRIPT).entry.output;
    let path = output_path(folder.path(), SCRIPT);
    assert_eq!(mtime(&path), clock.seconds());
    clock.pass(5 * DAY);
    cache.output_file(&output).unwrap().unwrap();
    assert_eq!(mtime(&path), clock.seconds());
    clock.pass(5 * DAY + HOUR);
    cache.trim(&TrimOptions::default()).unwrap();
    assert!(path.exists(), "used exactly five days and an hour ago");
    clock.pass(DAY);
    let report = cache.trim(&TrimOptions::default()).unwrap();
    assert_eq!(report.removed.outputs, 1);
    assert!(!path.exists());
}
