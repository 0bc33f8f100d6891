//! A file system whose mtimes are whole seconds, and none after January 2038: ext4 with inodes of
//! 128 bytes, in a file.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::UNIX_EPOCH;

use tempfile::TempDir;

/// It is mounted as long as this lives. Takes Linux, root, `mkfs.ext4` and loop devices.
pub(crate) struct Image {
    folder: TempDir,
}

impl Image {
    pub(crate) fn mounted() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (image, mount) = (folder.path().join("image"), folder.path().join("mount"));
        File::create(&image).unwrap().set_len(64 << 20).unwrap();
        fs::create_dir(&mount).unwrap();
        run(Command::new("mkfs.ext4").args(["-q", "-I", "128"]).arg(&image));
        run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&mount));
        let image = Self { folder };
        let probe = image.mount().join("probe");
        fs::write(&probe, "").unwrap();
        let written = fs::metadata(&probe).unwrap().modified().unwrap();
        let since = written.duration_since(UNIX_EPOCH).unwrap();
        assert_eq!(since.subsec_nanos(), 0, "its times are finer than that");
        image
    }

    /// Where it is mounted.
    pub(crate) fn mount(&self) -> PathBuf {
        self.folder.path().join("mount")
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.mount()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("cannot unmount {}", self.mount().display());
        }
    }
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(status.success(), "{command:?}: {status}");
}
