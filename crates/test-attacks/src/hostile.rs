//! Hostile things in a directory, and what is outside of it and must not be touched through them.

mod outside;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::Dice;
pub use outside::{Outside, SECRET};

/// The size of a file that is one hole: more than any memory, and no room on the disk.
pub const SPARSE: u64 = 1 << 40;

/// What is in a cache directory beside the 256 folders.
pub const OWN: [&str; 14] = [
    "trim.txt",
    "README",
    "fuzz",
    "larder",
    "larder/trim.lock",
    "larder/trim-position",
    "larder/size-limit",
    "larder/counters",
    "larder/counters.lock",
    "larder/counters.new",
    "larder/file-hashes",
    "larder/file-hashes.new",
    "larder/locks",
    "larder/uploads",
];

/// How deep a deep folder is at most: deeper than a path can say.
const DEEP: usize = 2100;

/// What can stand where a file or a folder of a cache should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A symbolic link to this.
    Link(PathBuf),
    /// Another name of this file.
    HardLink(PathBuf),
    /// A named pipe, at whose other end nobody is.
    Fifo,
    /// A socket, at which nobody listens.
    Socket,
    /// A device that gives zeros without end: a link to one, where no device can be made.
    Device,
    /// A file that is one hole, of so many bytes.
    Sparse(u64),
    /// A file with these bytes.
    File(Vec<u8>),
    /// A folder with files of these names.
    Folder(Vec<OsString>),
    /// A folder with so many folders, one in the other.
    Deep(usize),
    /// A folder with one of the other things in it.
    Holding(Box<Thing>),
}

impl Thing {
    /// One of all kinds. `others` are files in the directory that it may lead to, at least one.
    pub fn deal(dice: &mut Dice, outside: &Outside, others: &[PathBuf]) -> Self {
        match dice.below(16) {
            0..6 => Self::Link(link_target(dice, outside, others)),
            6 => Self::Fifo,
            7 => Self::Socket,
            8 => Self::Device,
            9 => Self::Sparse(SPARSE),
            10 => Self::HardLink(match dice.one_in(2) {
                true => outside.linked(),
                false => dice.pick(others).clone(),
            }),
            11 => {
                let size = dice.below(400);
                Self::File(dice.bytes(size))
            }
            12 => Self::Folder((0..dice.below(300)).map(|n| format!("{n}-d").into()).collect()),
            13 => Self::Folder(vec![name_that_is_not_utf8()]),
            14 => {
                let deepest = if dice.one_in(8) { DEEP } else { 100 };
                Self::Deep(1 + dice.below(deepest))
            }
            _ => Self::Holding(Box::new(Self::deal(dice, outside, others))),
        }
    }

    /// Puts it somewhere in `dir`, and prints what and where, for who looks for a fault. Does nothing
    /// where the place would be reached through what is no folder, as what was put before may not be.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn put_within(&self, dir: &Path, place: &Path) -> io::Result<()> {
        let folders = place.ancestors().skip(1).take_while(|folder| *folder != dir);
        let mut folders = folders.map(fs::symlink_metadata);
        if folders.any(|found| found.is_ok_and(|found| !found.is_dir())) {
            return Ok(());
        }
        println!("at {}: {:.200}", place.display(), format!("{self:?}"));
        self.put(place)
    }

    /// Puts it at `path`, in the place of what is there. The folder that `path` is in is made when it
    /// is not there.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn put(&self, path: &Path) -> io::Result<()> {
        remove(path)?;
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        match self {
            Self::Link(to) => symlink(to, path),
            Self::HardLink(file) => match fs::hard_link(file, path) {
                // What another thing took away, or made a folder.
                Err(_) => fs::write(path, "nothing"),
                Ok(()) => Ok(()),
            },
            Self::Fifo => Ok(mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o644), 0)?),
            Self::Socket => {
                Ok(mknodat(CWD, path, FileType::Socket, Mode::from_raw_mode(0o644), 0)?)
            }
            Self::Device => {
                let (mode, zero) = (Mode::from_raw_mode(0o666), makedev(1, 5));
                match mknodat(CWD, path, FileType::CharacterDevice, mode, zero) {
                    Err(_) => symlink("/dev/zero", path),
                    Ok(()) => Ok(()),
                }
            }
            Self::Sparse(size) => File::create(path)?.set_len(*size),
            Self::File(bytes) => fs::write(path, bytes),
            Self::Folder(names) => {
                fs::create_dir(path)?;
                names.iter().try_for_each(|name| fs::write(path.join(name), "in a folder"))
            }
            Self::Deep(levels) => deep(path, *levels),
            Self::Holding(thing) => {
                fs::create_dir(path)?;
                thing.put(&path.join("held"))
            }
        }
    }

    /// Whether reading it gives bytes that an equal name inside the directory may give too: another
    /// name of a file is as much inside as outside.
    pub fn is_hard_link(&self) -> bool {
        match self {
            Self::HardLink(_) => true,
            Self::Holding(thing) => thing.is_hard_link(),
            _ => false,
        }
    }
}

/// What a link may lead to.
fn link_target(dice: &mut Dice, outside: &Outside, others: &[PathBuf]) -> PathBuf {
    match dice.below(10) {
        0..2 => outside.file(),
        2..5 => outside.folder(),
        5 => outside.fifo(),
        6 => "/dev/zero".into(),
        7 => dice.pick(others).clone(),
        8 => outside.nothing(),
        // In the folder that it stands in: most often itself, or a loop.
        _ => dice.pick(others).file_name().unwrap_or_default().into(),
    }
}

/// A name that is not UTF-8.
pub fn name_that_is_not_utf8() -> OsString {
    OsStr::from_bytes(b"not \xff UTF-8 \n").to_owned()
}

/// Removes whatever is there, however deep it is.
///
/// # Errors
///
/// When something stays.
pub fn remove(path: &Path) -> io::Result<()> {
    let look = match fs::symlink_metadata(path) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(());
        }
        look => look?,
    };
    if !look.is_dir() {
        return fs::remove_file(path);
    }
    // The standard library's own goes down with the stack.
    match Command::new("rm").arg("-rf").arg("--").arg(path).status()?.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("rm leaves something of {}", path.display()))),
    }
}

/// So many folders, one in the other: made from within, for a path has no more than 4096 bytes.
fn deep(path: &Path, levels: usize) -> io::Result<()> {
    use rustix::fs::{OFlags, mkdirat, openat};

    fs::create_dir(path)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut folder = openat(CWD, path, flags, Mode::empty())?;
    for _ in 0..levels {
        mkdirat(&folder, "deeper", Mode::from_raw_mode(0o755))?;
        folder = openat(&folder, "deeper", flags, Mode::empty())?;
    }
    Ok(())
}
