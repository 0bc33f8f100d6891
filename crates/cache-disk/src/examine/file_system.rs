//! The file system on which a directory is.

mod kinds;

use std::io;

use cache_core::{Error, Result};

use super::Examination;

/// The file system on which a directory is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileSystem {
    /// Its kind, as `ext4` or `fuse.sshfs`. `None`: the platform does not say, or says a number that
    /// is not known here.
    pub name: Option<String>,
    /// What that means for a cache.
    pub nature: Nature,
    /// Whether nothing can be written.
    pub is_read_only: bool,
    /// What this user can still write, in bytes.
    pub available: u64,
    /// How large it is, in bytes.
    pub total: u64,
    /// The same for files. `None`: it makes room for them as it goes, or does not say.
    pub inodes: Option<Inodes>,
}

/// How many files a file system can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inodes {
    /// How many more this user can make.
    pub available: u64,
    /// How many in all.
    pub total: u64,
}

/// What a file system's kind means for a cache on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Nature {
    /// On a disk of this machine.
    Local,
    /// On other machines too, or made by a program (FUSE), which mostly reaches for another machine:
    /// locks there keep nobody out, or only some.
    Network,
    /// In memory: gone after a restart.
    Memory,
    /// A layer over others, as containers have: mostly gone with the container.
    Layered,
    /// Not known.
    Unknown,
}

impl Examination {
    /// The file system on which the directory is.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn file_system(&self) -> Result<FileSystem> {
        let path = self.root.path();
        self.look_below().map_err(Error::io("look at the file system of", path))
    }

    #[cfg(unix)]
    fn look_below(&self) -> io::Result<FileSystem> {
        use rustix::fs::StatVfsMountFlags;

        let path = self.root.path();
        let found = rustix::fs::statvfs(path)?;
        let (name, nature) = kind(path)?;
        let inodes = Inodes { available: found.f_favail, total: found.f_files };
        Ok(FileSystem {
            name,
            nature,
            is_read_only: found.f_flag.contains(StatVfsMountFlags::RDONLY),
            available: found.f_bavail.saturating_mul(found.f_frsize),
            total: found.f_blocks.saturating_mul(found.f_frsize),
            // Btrfs and others that know no number of files say 0.
            inodes: (inodes.total > 0).then_some(inodes),
        })
    }

    #[cfg(not(unix))]
    fn look_below(&self) -> io::Result<FileSystem> {
        let found = fs4::statvfs(self.root.path())?;
        Ok(FileSystem {
            name: None,
            nature: Nature::Unknown,
            is_read_only: false,
            available: found.available_space(),
            total: found.total_space(),
            inodes: None,
        })
    }
}

#[cfg(target_os = "linux")]
fn kind(path: &std::path::Path) -> io::Result<(Option<String>, Nature)> {
    use std::os::unix::fs::MetadataExt;

    // The field's type differs from platform to platform, and its numbers have 32 bits.
    let magic = rustix::fs::statfs(path)?.f_type as u32;
    if magic != kinds::FUSE {
        return Ok(match kinds::by_magic(magic) {
            Some((name, nature)) => (Some(name.to_owned()), nature),
            None => (None, Nature::Unknown),
        });
    }
    let device = std::fs::metadata(path)?.dev();
    let device = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let name = kinds::mounted_as(&mounts, &device).unwrap_or("fuse");
    Ok((Some(name.to_owned()), kinds::of_fuse(name)))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn kind(_: &std::path::Path) -> io::Result<(Option<String>, Nature)> {
    Ok((None, Nature::Unknown))
}
