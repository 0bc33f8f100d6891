//! Doing once what a put does, to see whether it can be done.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::time::{Duration, SystemTime};

use cache_core::{Error, Result};
use fs4::{FileExt, TryLockError};

use super::Examination;
use crate::root::{FILE_MODE, Root, look_at};
use crate::{layout, usage};

/// A file smaller than a block may be kept without one.
const BYTES: usize = 4096;

/// A time that no coarser clock has, in an odd second, for FAT counts in twos.
const FINE: Duration = Duration::new(1_600_000_001, 123_456_789);

/// How coarsely file systems keep times.
const STEPS: [Duration; 7] = [
    Duration::from_nanos(1),
    Duration::from_nanos(100),
    Duration::from_micros(1),
    Duration::from_millis(1),
    Duration::from_millis(10),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// What came of writing a file as a put does, beside that it could be done.
#[derive(Debug)]
#[non_exhaustive]
pub struct Trial {
    /// Whether locks keep others out.
    pub locking: Locking,
    /// How finely times are kept. `None`: more coarsely than in two seconds, or not as they are set.
    pub time_step: Option<Duration>,
    /// How far the clock by which files are stamped is from this machine's.
    pub clock_off: Duration,
    /// Whether files can share their blocks, so that a copy takes no time and no space. `None`: the
    /// platform has no such thing.
    pub shares_blocks: Option<bool>,
    /// The mode of the file, which the umask had a part in. `None`: the platform has none.
    pub mode: Option<u32>,
}

/// Whether locks keep others out.
#[derive(Debug)]
#[non_exhaustive]
pub enum Locking {
    /// They do, on this machine at least.
    Works,
    /// A file that is locked can be locked once more.
    KeepsNobodyOut,
    /// None is to be had.
    Fails(io::Error),
}

impl Examination {
    /// Writes a file as a put does, in one of the 256 folders that is there, or else in one that is
    /// made for it, and removes it again.
    ///
    /// # Errors
    ///
    /// What a put would meet: when no file can be made, written, renamed or removed.
    pub fn try_writing(&self) -> Result<Trial> {
        let root = &self.root;
        let is_there = |folder: &u8| root.open_folder(*folder).is_ok();
        let there = (0..=u8::MAX).find(is_there);
        let tried = self.try_in(there.unwrap_or_default());
        if there.is_none() {
            // Not when a put has made use of it meanwhile.
            fs::remove_dir(root.path_of(&layout::folder(0))).ok();
        }
        tried
    }

    fn try_in(&self, folder: u8) -> Result<Trial> {
        let root = &self.root;
        let place = || root.path_of(&layout::folder(folder));
        let mut file =
            Tried::create(root, folder).map_err(Error::io("create a file in", place()))?;
        let written = |e| Error::io("write to a file in", place())(e);

        let before = SystemTime::now();
        file.file.write_all(&[b'x'; BYTES]).map_err(written)?;
        // A full disk, a quota and another machine's clock show at the latest now.
        file.file.sync_all().map_err(written)?;
        let stamped = look_at(&file.file).map_err(written)?.mtime;
        let clock_off = outside(stamped, before, SystemTime::now());

        let fine = SystemTime::UNIX_EPOCH + FINE;
        usage::set_mtime(&file.file, fine).map_err(written)?;
        let kept = look_at(&file.file).map_err(written)?.mtime;
        let trial = Trial {
            locking: locking(root, &file),
            time_step: step(kept),
            clock_off,
            shares_blocks: shares_blocks(root, folder, &file.file),
            mode: mode(&file.file),
        };
        file.rename(folder).map_err(Error::io("rename a file in", place()))?;
        file.remove().map_err(Error::io("remove a file from", place()))?;
        Ok(trial)
    }
}

/// A file that is removed again.
struct Tried<'a> {
    root: &'a Root,
    name: String,
    file: File,
}

impl<'a> Tried<'a> {
    fn create(root: &'a Root, folder: u8) -> io::Result<Self> {
        let (name, file) = root.create_temporary(folder, FILE_MODE)?;
        Ok(Self { root, name, file })
    }

    fn rename(&mut self, folder: u8) -> io::Result<()> {
        let name = self.root.temporary_name(folder);
        self.root.rename(&self.name, &name)?;
        self.name = name;
        Ok(())
    }

    fn remove(&self) -> io::Result<()> {
        self.root.remove_file(&self.name)
    }
}

impl Drop for Tried<'_> {
    fn drop(&mut self) {
        self.remove().ok();
    }
}

fn locking(root: &Root, tried: &Tried<'_>) -> Locking {
    match FileExt::try_lock(&tried.file) {
        Ok(()) => {}
        // Nobody else knows its name.
        Err(TryLockError::WouldBlock) => return Locking::Fails(ErrorKind::WouldBlock.into()),
        Err(TryLockError::Error(e)) => return Locking::Fails(e),
    }
    match root.open_file(&tried.name).map(|again| FileExt::try_lock_shared(&again)) {
        Ok(Err(TryLockError::WouldBlock)) => Locking::Works,
        Ok(Ok(())) => Locking::KeepsNobodyOut,
        Ok(Err(TryLockError::Error(e))) | Err(e) => Locking::Fails(e),
    }
}

/// By how much a time is before or after a span of time. The kernel stamps by a clock that goes on
/// a hundred times a second at least.
fn outside(time: SystemTime, from: SystemTime, to: SystemTime) -> Duration {
    let early = from.duration_since(time).unwrap_or_default();
    early.max(time.duration_since(to).unwrap_or_default())
}

/// How coarsely [`FINE`] was kept.
fn step(kept: SystemTime) -> Option<Duration> {
    let kept = kept.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos();
    let fine = FINE.as_nanos();
    STEPS.into_iter().find(|step| fine - fine % step.as_nanos() == kept)
}

#[cfg(target_os = "linux")]
fn shares_blocks(root: &Root, folder: u8, from: &File) -> Option<bool> {
    let to = Tried::create(root, folder).ok()?;
    Some(rustix::fs::ioctl_ficlone(&to.file, from).is_ok())
}

#[cfg(not(target_os = "linux"))]
fn shares_blocks(_: &Root, _: u8, _: &File) -> Option<bool> {
    None
}

fn mode(file: &File) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        Some(file.metadata().ok()?.permissions().mode() & 0o7777)
    }
    #[cfg(not(unix))]
    {
        _ = file;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(seconds: u64, nanoseconds: u32) -> Option<Duration> {
        step(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds))
    }

    #[test]
    fn how_coarsely_a_time_was_kept() {
        assert_eq!(kept(1_600_000_001, 123_456_789), Some(Duration::from_nanos(1)));
        assert_eq!(kept(1_600_000_001, 123_456_700), Some(Duration::from_nanos(100)));
        assert_eq!(kept(1_600_000_001, 123_456_000), Some(Duration::from_micros(1)));
        assert_eq!(kept(1_600_000_001, 120_000_000), Some(Duration::from_millis(10)));
        assert_eq!(kept(1_600_000_001, 0), Some(Duration::from_secs(1)));
        assert_eq!(kept(1_600_000_000, 0), Some(Duration::from_secs(2)));
        assert_eq!(kept(1_700_000_000, 0), None);
    }

    #[test]
    fn how_far_a_time_is_from_the_span_in_which_it_should_be() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(outside(at(105), at(100), at(110)), Duration::ZERO);
        assert_eq!(outside(at(97), at(100), at(110)), Duration::from_secs(3));
        assert_eq!(outside(at(114), at(100), at(110)), Duration::from_secs(4));
    }
}
