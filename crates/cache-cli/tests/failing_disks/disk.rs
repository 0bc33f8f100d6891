//! A small disk that gets full, or read-only, and is mended again.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use test_attacks::Dice;
use test_attacks::mount::{Mounted, make_image};

use crate::world::Trouble;

const MIB: u64 = 1 << 20;

/// A small disk.
pub struct Disk {
    mounted: Mounted,
    /// Where its image is, when it has one.
    _image: Option<TempDir>,
}

/// What can be wrong with a disk.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// It has room for a few KiB at most.
    Full,
    /// It has room, and none for another file.
    NoMoreFiles,
    ReadOnly,
}

impl Disk {
    /// 10 MiB of memory.
    pub fn in_memory(at: &Path) -> Self {
        Self { mounted: Mounted::in_memory("size=10m,nr_inodes=2000", at), _image: None }
    }

    /// 20 MiB of ext4.
    pub fn ext4(at: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let image = folder.path().join("ext4.img");
        make_image(&image, 20 * MIB, &["mkfs.ext4", "-q", "-F", "-m", "0", "-N", "2000"]);
        Self { mounted: Mounted::image(&image, "", at), _image: Some(folder) }
    }

    /// Breaks it, and says what users are told.
    pub fn fails(&self, fault: Fault, dice: &mut Dice) -> Trouble {
        let full = ("No space left on device", "larder clean");
        let (cause, advice) = match fault {
            Fault::Full => {
                let left = if dice.one_in(3) { 0 } else { dice.up_to(200 << 10) };
                self.fill(left);
                full
            }
            Fault::NoMoreFiles => {
                self.take_every_file(dice.below(3));
                full
            }
            Fault::ReadOnly => {
                self.mounted.remount("ro");
                ("Read-only file system", "name another directory with --dir")
            }
        };
        Trouble { cause, advice, is_readable: true, limits: String::new() }
    }

    /// Mends it.
    pub fn works_again(&self, fault: Fault) {
        match fault {
            Fault::Full => fs::remove_file(self.filler()).expect("the filler"),
            Fault::NoMoreFiles => fs::remove_dir_all(self.crowd()).expect("the crowd"),
            Fault::ReadOnly => self.mounted.remount("rw"),
        }
    }

    /// Fills it, but for so many bytes or a little less.
    pub fn fill(&self, left: u64) {
        let mut filler = File::create(self.filler()).expect("a filler");
        let piece = vec![b'f'; 64 << 10];
        let mut size = 0;
        // Down to single bytes: a file system may have room for a part of a piece.
        let mut most = piece.len();
        while most > 0 {
            match filler.write(&piece[..most]) {
                Ok(n) => size += n as u64,
                Err(e) if e.kind() == ErrorKind::StorageFull => most /= 2,
                Err(e) => panic!("the filler: {e}"),
            }
        }
        // What is only reserved is not there yet.
        filler.sync_all().ok();
        filler.set_len(size.saturating_sub(left)).expect("room again");
        filler.sync_all().ok();
    }

    /// Makes files until no more can be made, but for so many.
    fn take_every_file(&self, left: usize) {
        fs::create_dir(self.crowd()).expect("a folder");
        let file = |n: usize| self.crowd().join(n.to_string());
        let made = (0..).take_while(|n| File::create(file(*n)).is_ok()).count();
        (made.saturating_sub(left)..made).for_each(|n| fs::remove_file(file(n)).expect("a file"));
    }

    fn filler(&self) -> PathBuf {
        self.mounted.path().join("filler")
    }

    fn crowd(&self) -> PathBuf {
        self.mounted.path().join("crowd")
    }
}
