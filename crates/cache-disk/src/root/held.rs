//! By a descriptor of the top folder.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};

use crate::look::{Kind, Look, unix_time};

pub(super) struct By(OwnedFd);

impl By {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::open(path, flags, Mode::empty())?))
    }

    pub(super) fn open_folder(&self, _: &Path, name: &str) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::openat(&self.0, name, flags, Mode::empty())?))
    }

    pub(super) fn each_name(
        &self,
        _: &Path,
        each: &mut dyn FnMut(&OsStr) -> io::Result<()>,
    ) -> io::Result<()> {
        for item in Dir::read_from(&self.0)? {
            let item = item?;
            let name = OsStr::from_bytes(item.file_name().to_bytes());
            if name != "." && name != ".." {
                each(name)?;
            }
        }
        Ok(())
    }

    pub(super) fn open_file(&self, _: &Path, name: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        Ok(rustix::fs::openat(&self.0, name, flags, Mode::empty())?.into())
    }

    pub(super) fn open_to_write(&self, _: &Path, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        Ok(rustix::fs::openat(&self.0, name, flags, Mode::empty())?.into())
    }

    pub(super) fn look(&self, _: &Path, name: &str) -> io::Result<Look> {
        Ok(look_of(&rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    pub(super) fn create_file(&self, _: &Path, name: &str, mode: u32) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.0, name, flags, Mode::from_raw_mode(mode as _))?.into())
    }

    pub(super) fn create_folder(&self, _: &Path, name: &str) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(0o777))?)
    }

    pub(super) fn rename(&self, _: &Path, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, from, &self.0, to)?)
    }

    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    pub(super) fn rename_to_new(&self, _: &Path, from: &str, to: &str) -> io::Result<()> {
        use rustix::fs::{RenameFlags, renameat_with};
        use rustix::io::Errno;

        match renameat_with(&self.0, from, &self.0, to, RenameFlags::NOREPLACE) {
            // A file system or a kernel without it.
            Err(Errno::INVAL | Errno::NOSYS) => Err(io::ErrorKind::Unsupported.into()),
            renamed => Ok(renamed?),
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    pub(super) fn rename_to_new(&self, _: &Path, _: &str, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn remove_file(&self, _: &Path, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    pub(super) fn sync_folder(&self, root: &Path, name: &str) -> io::Result<()> {
        Ok(rustix::fs::fsync(self.open_folder(root, name)?.0)?)
    }
}

/// Looks at an open file. The standard library asks for more, in a form that takes longer to fill.
pub(super) fn look_at(file: &File) -> io::Result<Look> {
    Ok(look_of(&rustix::fs::fstat(file)?))
}

fn look_of(stat: &Stat) -> Look {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        _ => Kind::Other,
    };
    // The fields' types differ from platform to platform.
    #[allow(clippy::unnecessary_cast)]
    Look {
        kind,
        size: stat.st_size as u64,
        mtime: unix_time(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        changed: unix_time(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        on_disk: stat.st_blocks as u64 * 512,
        identity: Some((stat.st_dev as u64, stat.st_ino as u64)),
    }
}
