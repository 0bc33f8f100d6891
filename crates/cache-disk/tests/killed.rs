//! A writer that is killed leaves nothing that is taken for an output, and nothing for ever.
#![cfg(unix)]

mod common;

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use cache_core::{Cache, FileName, OutputId, PutOptions, Source};
use cache_disk::{CheckUpOptions, DiskCache, TrimOptions};
use common::{action, names, set_mtime};

const DIR: &str = "LARDER_TEST_KILLED_WRITER_DIR";

/// Gives some bytes, says so on stdout, and then gives nothing and does not end.
struct Stuck(bool);

impl Read for Stuck {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if std::mem::replace(&mut self.0, true) {
            writeln!(io::stdout(), "\nin the middle")?;
            loop {
                thread::sleep(Duration::from_secs(60));
            }
        }
        buffer.fill(7);
        Ok(buffer.len())
    }
}

#[test]
fn a_writer_that_is_killed_leaves_one_leftover_which_a_trim_removes() {
    if let Some(dir) = env::var_os(DIR) {
        let executable = Some(FileName::new("tool").unwrap());
        let options = PutOptions { executable, ..PutOptions::default() };
        let cache = DiskCache::open(dir).unwrap();
        cache.put(&action(1), Source::Reader(&mut Stuck(false)), &options).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_writer_that_is_killed_leaves_one_leftover_which_a_trim_removes"])
        .arg("--nocapture")
        .env(DIR, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    assert!(lines.map(Result::unwrap).any(|line| line == "in the middle"));

    let cache = DiskCache::open(folder.path()).unwrap();
    let trim = || {
        let name = &names(folder.path())[0];
        let path = folder.path().join(&format!("{}", action(1))[..2]).join(name);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        set_mtime(&path, now.as_secs() - 11 * 60);
        let options = TrimOptions { force: true, ..TrimOptions::default() };
        cache.trim(&options).unwrap()
    };
    let report = trim();
    assert_eq!((report.in_use, report.removed.leftovers), (1, 0), "its writer is alive");

    writer.kill().unwrap();
    writer.wait().unwrap();
    assert!(!cache.get(&action(1)).unwrap().is_hit());
    assert_eq!(cache.output_file(&OutputId::of(&[7; 128 << 10])).unwrap(), None);
    let report = cache.check_up(&CheckUpOptions::default()).unwrap();
    assert_eq!((report.entries, report.outputs, report.foreign), (0, 0, 0));
    assert_eq!(trim().removed.leftovers, 1);
    assert_eq!(names(folder.path()), [""; 0]);
    assert!(fs::read_dir(folder.path()).unwrap().count() > 0);
}
