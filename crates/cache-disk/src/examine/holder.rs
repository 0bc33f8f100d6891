//! Who holds a lock.

use std::fs::File;
use std::io;

use fs4::{FileExt, TryLockError};

/// A process that has locked a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// Its number. `None`: the system does not say.
    pub process: Option<u32>,
}

/// Who has locked a file so that nobody else may; `None`: nobody.
pub(super) fn holder(file: &File) -> io::Result<Option<Holder>> {
    match FileExt::try_lock_shared(file) {
        Ok(()) => {
            FileExt::unlock(file).ok();
            Ok(None)
        }
        Err(TryLockError::WouldBlock) => Ok(Some(Holder { process: process(file) })),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// By what Linux tells about all locks. Where a file system has one number for its devices there and
/// another one in `stat`, as Btrfs has, nothing is found.
#[cfg(target_os = "linux")]
fn process(file: &File) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;

    let metadata = file.metadata().ok()?;
    let device = (rustix::fs::major(metadata.dev()), rustix::fs::minor(metadata.dev()));
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| process_in(line, device, metadata.ino()))
}

#[cfg(not(target_os = "linux"))]
fn process(_: &File) -> Option<u32> {
    None
}

/// A line is `1: FLOCK  ADVISORY  WRITE 4711 fd:01:131073 0 EOF`: the process's number, then the
/// device's two, in hexadecimal, and the inode's. One of who waits has `->` after its number.
#[cfg(target_os = "linux")]
fn process_in(line: &str, device: (u32, u32), inode: u64) -> Option<u32> {
    let mut words = line.split_whitespace().skip(1);
    let is_flock = words.next() == Some("FLOCK") && words.nth(1) == Some("WRITE");
    let process = words.next()?.parse().ok().filter(|&process| process > 0)?;
    let mut numbers = words.next()?.split(':');
    let mut hexadecimal = || u32::from_str_radix(numbers.next()?, 16).ok();
    let found = (hexadecimal()?, hexadecimal()?);
    let is_it = found == device && numbers.next()?.parse() == Ok(inode);
    (is_flock && is_it).then_some(process)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::process_in;

    #[test]
    fn a_line_about_a_lock_names_its_process() {
        let held = "2: FLOCK  ADVISORY  WRITE 4711 fd:1f:131073 0 EOF";
        assert_eq!(process_in(held, (0xfd, 0x1f), 131_073), Some(4711));
        for (line, inode) in [
            (held, 131_074),
            ("2: -> FLOCK  ADVISORY  WRITE 4711 fd:1f:131073 0 EOF", 131_073),
            ("2: FLOCK  ADVISORY  READ 4711 fd:1f:131073 0 EOF", 131_073),
            ("2: POSIX  ADVISORY  WRITE 4711 fd:1f:131073 0 EOF", 131_073),
            // Of another container, whose processes have no number here.
            ("2: FLOCK  ADVISORY  WRITE 0 fd:1f:131073 0 EOF", 131_073),
            ("2: FLOCK", 131_073),
            ("", 131_073),
        ] {
            assert_eq!(process_in(line, (0xfd, 0x1f), inode), None, "{line}");
        }
    }
}
