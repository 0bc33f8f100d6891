//! `go clean -cache`, again and again, and how everyone knows when it was.

use std::env;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::is_gone;

/// How often the cache was cleaned, in a file for all processes: odd while it is being cleaned. What
/// was given out in an even one is there as long as that one lasts.
pub(crate) struct Generation(File);

impl Generation {
    /// The first one, in the scratch folder.
    pub(crate) fn new(scratch: &Path) -> Self {
        fs::write(scratch.join("generation"), [0; 8]).unwrap();
        Self::open(scratch)
    }

    pub(crate) fn open(scratch: &Path) -> Self {
        let path = scratch.join("generation");
        Self(File::options().read(true).write(true).open(path).unwrap())
    }

    pub(crate) fn now(&self) -> u64 {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, 0).unwrap();
        u64::from_le_bytes(bytes)
    }

    fn next(&self) {
        self.0.write_all_at(&(self.now() + 1).to_le_bytes(), 0).unwrap();
    }
}

/// Whether nothing is removed in this generation.
pub(crate) fn is_quiet(generation: u64) -> bool {
    generation.is_multiple_of(2)
}

/// Cleans until the end; returns how often.
pub(crate) fn again_and_again(
    dir: &Path,
    generation: &Generation,
    length: Duration,
    end: Instant,
) -> u64 {
    // Often enough to meet everything that is under way, and rarely enough that paths are held.
    let pause = (length / 40).clamp(Duration::from_secs(3), Duration::from_secs(20));
    let go = env::var_os("GO");
    let mut cleans = 0;
    while Instant::now() + pause < end {
        thread::sleep(pause);
        generation.next();
        match &go {
            Some(go) if cleans % 2 == 0 => {
                // It says so when a folder is not empty again at once, and that is all that it can
                // fail by here.
                Command::new(go).args(["clean", "-cache"]).env("GOCACHE", dir).output().unwrap();
            }
            _ => remove_folders(dir),
        }
        generation.next();
        cleans += 1;
    }
    cleans
}

/// What `go clean -cache` does: it does not insist on a folder that others fill again meanwhile.
fn remove_folders(dir: &Path) {
    for folder in 0..=u8::MAX {
        match fs::remove_dir_all(dir.join(format!("{folder:02x}"))) {
            Err(e) if !is_gone(&e) && e.kind() != ErrorKind::DirectoryNotEmpty => {
                panic!("cannot remove folder {folder:02x}: {e}")
            }
            _ => {}
        }
    }
}
