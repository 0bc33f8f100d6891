//! The system calls, on names relative to the held top folder.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::{self, Errno, Result};

use crate::work::Key;

/// The bytes of an entry.
pub const ENTRY: usize = 175;
/// Where in an entry the output begins, and where the time.
const OUTPUT_AT: usize = 68;
const TIME_AT: usize = 154;

/// `xx/HEX-a` or `xx/HEX-d`.
pub type Name = [u8; 69];

/// Fits in the processor's second cache, so that what was read is hashed and written from there.
pub const PIECE: usize = 128 << 10;

pub fn name(id: &Key, kind: u8) -> Name {
    let mut name = [0; 69];
    // The buffer has the length that the encoding needs.
    let _ = hex::encode_to_slice(id, &mut name[3..67]);
    name.copy_within(3..5, 0);
    (name[2], name[67], name[68]) = (b'/', b'-', kind);
    name
}

/// The name of the output that an entry leads to.
pub fn output_name(entry: &[u8; ENTRY]) -> Name {
    let mut name = [0; 69];
    name[3..67].copy_from_slice(&entry[OUTPUT_AT..OUTPUT_AT + 64]);
    name.copy_within(3..5, 0);
    (name[2], name[67], name[68]) = (b'/', b'-', b'd');
    name
}

pub fn open_folder(dir: &Path) -> Result<OwnedFd> {
    fs::open(dir, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

pub fn open(top: &OwnedFd, name: &[u8]) -> Result<OwnedFd> {
    fs::openat(top, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

pub fn exists(top: &OwnedFd, name: &[u8]) -> Result<bool> {
    fs::statat(top, name, AtFlags::SYMLINK_NOFOLLOW).map(|_| true)
}

pub fn read_entry(top: &OwnedFd, name: &[u8]) -> Result<Option<[u8; ENTRY]>> {
    let file = match open(top, name) {
        Err(Errno::NOENT) => return Ok(None),
        file => file?,
    };
    let mut entry = [0; ENTRY];
    io::read(&file, &mut entry)?;
    fs::fstat(&file)?;
    Ok(Some(entry))
}

/// Whether a file holds these bytes.
pub fn has_bytes(file: &OwnedFd, mut bytes: &[u8]) -> crate::work::Result<bool> {
    if fs::fstat(file)?.st_size as usize != bytes.len() {
        return Ok(false);
    }
    let mut piece = vec![0; PIECE.min(bytes.len())];
    while !bytes.is_empty() {
        let n = io::read(file, &mut piece)?;
        if n == 0 || bytes.get(..n) != Some(&piece[..n]) {
            return Ok(false);
        }
        bytes = &bytes[n..];
    }
    Ok(true)
}

/// A file that nobody sees yet.
pub enum New {
    /// It has no name.
    Unnamed(OwnedFd),
    /// It has a temporary name.
    Named(String, OwnedFd),
}

impl New {
    /// In the folder of `id`, without a name if that can be.
    pub fn create(top: &OwnedFd, id: &Key) -> Result<Self> {
        match create_unnamed(top, id) {
            Some(file) => Ok(New::Unnamed(file)),
            None => create(top, id).map(|(name, file)| New::Named(name, file)),
        }
    }

    pub fn file(&self) -> &OwnedFd {
        let (New::Unnamed(file) | New::Named(_, file)) = self;
        file
    }

    /// Gives it a name that nothing has.
    pub fn publish(&self, top: &OwnedFd, to: &[u8]) -> Result<()> {
        match self {
            New::Unnamed(file) => in_folder(top, &to[..2], || give_name(top, file, to)),
            New::Named(name, _) => in_folder(top, &to[..2], || fs::renameat(top, name, top, to)),
        }
    }
}

/// Writes a new file and gives it a name that another has.
pub fn replace(top: &OwnedFd, id: &Key, bytes: &[u8], to: &[u8]) -> Result<()> {
    let (name, file) = create(top, id)?;
    write_all(&file, bytes)?;
    fs::renameat(top, name, top, to)
}

/// Does `work`, and does it again when `folder` was not there, which is made then.
fn in_folder<T>(top: &OwnedFd, folder: &[u8], work: impl Fn() -> Result<T>) -> Result<T> {
    match work() {
        Err(Errno::NOENT) => {
            fs::mkdirat(top, folder, Mode::from_raw_mode(0o777))?;
            work()
        }
        done => done,
    }
}

/// Creates a file without a name in the folder of `id`, where such files can be had.
#[cfg(target_os = "linux")]
fn create_unnamed(top: &OwnedFd, id: &Key) -> Option<OwnedFd> {
    const UNNAMED: OFlags = OFlags::RDWR.union(OFlags::TMPFILE).union(OFlags::CLOEXEC);
    static MAY_NAME: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    let may_name = MAY_NAME.get_or_init(|| {
        let file = fs::openat(top, ".", UNNAMED, Mode::from_raw_mode(0o666));
        // That a name is taken is told only to those who may give one.
        let given = file.and_then(|file| fs::linkat(&file, "", fs::CWD, "/", AtFlags::EMPTY_PATH));
        given == Err(Errno::EXIST)
    });
    if !may_name {
        return None;
    }
    let folder = format!("{:02x}", id[0]);
    let open = || fs::openat(top, folder.as_str(), UNNAMED, Mode::from_raw_mode(0o666));
    in_folder(top, folder.as_bytes(), open).ok()
}

#[cfg(target_os = "linux")]
fn give_name(top: &OwnedFd, file: &OwnedFd, to: &[u8]) -> Result<()> {
    fs::linkat(file, "", top, to, AtFlags::EMPTY_PATH)
}

#[cfg(not(target_os = "linux"))]
fn create_unnamed(_: &OwnedFd, _: &Key) -> Option<OwnedFd> {
    None
}

#[cfg(not(target_os = "linux"))]
fn give_name(_: &OwnedFd, _: &OwnedFd, _: &[u8]) -> Result<()> {
    Err(Errno::NOSYS)
}

/// Creates a file under a temporary name in the folder of `id`, which is made when it is not there.
fn create(top: &OwnedFd, id: &Key) -> Result<(String, OwnedFd)> {
    let folder = format!("{:02x}", id[0]);
    let name = format!("{folder}/temporary");
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(0o666);
    let open = || fs::openat(top, name.as_str(), flags, mode);
    let file = in_folder(top, folder.as_bytes(), open)?;
    Ok((name, file))
}

/// Writes the present time into an entry, in place.
pub fn write_time(top: &OwnedFd, name: &[u8]) -> Result<()> {
    let file = fs::openat(top, name, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    io::pwrite(&file, format!("{:20}", now()).as_bytes(), TIME_AT as u64).map(drop)
}

pub fn entry_text(action: &Key, output: &Key, size: usize) -> String {
    let (action, output) = (hex::encode(action), hex::encode(output));
    format!("v1 {action} {output} {size:20} {:20}\n", now())
}

pub fn write_all(file: &OwnedFd, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        let n = io::write(file, bytes)?;
        bytes = &bytes[n..];
    }
    Ok(())
}

/// Unix nanoseconds.
fn now() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_nanos())
}
