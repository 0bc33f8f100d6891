//! File systems of a test's own, mounted for as long as it lives. They take Linux and root.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// A file system of a test's own. It is unmounted when this goes.
#[derive(Debug)]
pub struct Mounted(PathBuf);

impl Mounted {
    /// Mounts `source` at `at`, which is made, as `mount ARGS` does.
    ///
    /// # Panics
    ///
    /// When it cannot be mounted, with what `mount` says.
    pub fn new(args: &[&str], source: impl AsRef<Path>, at: impl Into<PathBuf>) -> Self {
        let at = at.into();
        fs::create_dir_all(&at).expect("a folder to mount at");
        run(Command::new("mount").args(args).arg(source.as_ref()).arg(&at));
        Self(at)
    }

    /// A file system in memory, with options as `mount` takes them: `size=10m`.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn in_memory(options: &str, at: impl Into<PathBuf>) -> Self {
        // By itself everybody could write to it.
        let options = ["mode=755", options].join(",");
        Self::new(&["-t", "tmpfs", "-o", &options], "tmpfs", at)
    }

    /// The file system in the file `image`, with options as `mount` takes them.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn image(image: &Path, options: &str, at: impl Into<PathBuf>) -> Self {
        let options = ["loop", options].join(",");
        Self::new(&["-o", options.trim_end_matches(',')], image, at)
    }

    /// Changes its options: `ro`, `rw`.
    ///
    /// # Panics
    ///
    /// When it cannot be done, with what `mount` says.
    pub fn remount(&self, options: &str) {
        let mut mount = Command::new("mount");
        mount.arg("-o").arg(format!("remount,{options}")).arg(&self.0);
        // It is refused as long as somebody has a file open for writing.
        if let Err(says) = patiently(&mut mount, Duration::from_secs(20)) {
            panic!("{mount:?} (which takes root): {says}");
        }
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Somebody who was ended a moment ago may still hold it.
        let mut unmount = Command::new("umount");
        if patiently(unmount.arg(&self.0), Duration::from_secs(2)).is_err() {
            // It goes once nobody holds it.
            Command::new("umount").arg("--lazy").arg(&self.0).status().ok();
        }
    }
}

/// Makes a file of so many bytes, none of which take room yet, with a file system in it, as
/// `MKFS[0] MKFS[1..] FILE` does.
///
/// # Panics
///
/// When it cannot be made, with what that command says.
pub fn make_image(image: &Path, bytes: u64, mkfs: &[&str]) {
    let file = File::create(image).expect("a file for a file system");
    file.set_len(bytes).expect("room for a file system");
    run(Command::new(mkfs[0]).args(&mkfs[1..]).arg(image));
}

/// Runs a command again and again until it goes well or the time is up. Returns what it says then.
fn patiently(command: &mut Command, patience: Duration) -> Result<(), String> {
    let start = Instant::now();
    loop {
        let says = match command.output() {
            Ok(ran) if ran.status.success() => return Ok(()),
            Ok(ran) => String::from_utf8_lossy(&ran.stderr).into_owned(),
            Err(e) => e.to_string(),
        };
        if start.elapsed() > patience {
            return Err(says);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a command that has to go well.
fn run(command: &mut Command) {
    let ran = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let says = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?} (which takes root): {says}");
}
