//! By a descriptor of the top folder.
//!
//! No symbolic link is followed, be it what a name leads to or a folder on the way there: a hostile
//! directory would have other files read, written and removed through it. Linux sees to that in the
//! one step in which a file is opened; elsewhere each folder is opened by itself. What is done by name
//! alone, as renaming is, comes after an opening in the same folder.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::look::{Kind, Look, unix_time};

pub(super) struct By(OwnedFd);

impl By {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::open(path, flags, Mode::empty())?))
    }

    /// The mode bits of the folder itself.
    pub(super) fn mode(&self, _: &Path) -> io::Result<u32> {
        // Its type differs from platform to platform.
        #[allow(clippy::unnecessary_cast)]
        Ok(rustix::fs::fstat(&self.0)?.st_mode as u32)
    }

    pub(super) fn open_folder(&self, _: &Path, name: impl AsRef<OsStr>) -> io::Result<Self> {
        let name = name.as_ref();
        Ok(Self(open_beneath(&self.0, name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?))
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

    pub(super) fn open_file(&self, _: &Path, name: impl AsRef<OsStr>) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        Ok(open_beneath(&self.0, name.as_ref(), flags, Mode::empty())?.into())
    }

    pub(super) fn open_to_write(&self, _: &Path, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::NONBLOCK;
        Ok(open_beneath(&self.0, name.as_ref(), flags, Mode::empty())?.into())
    }

    pub(super) fn open_or_create(&self, _: &Path, name: &str, mode: u32) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NONBLOCK;
        Ok(open_beneath(&self.0, name.as_ref(), flags, Mode::from_raw_mode(mode as _))?.into())
    }

    /// The folders on the way are for the caller to look at.
    pub(super) fn look(&self, _: &Path, name: impl AsRef<OsStr>) -> io::Result<Look> {
        Ok(look_of(&rustix::fs::statat(&self.0, name.as_ref(), AtFlags::SYMLINK_NOFOLLOW)?))
    }

    pub(super) fn create_file(&self, _: &Path, name: &str, mode: u32) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        Ok(open_beneath(&self.0, name.as_ref(), flags, Mode::from_raw_mode(mode as _))?.into())
    }

    pub(super) fn create_folder(&self, _: &Path, name: &str, mode: u32) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(mode as _))?)
    }

    pub(super) fn rename(&self, _: &Path, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, from, &self.0, to)?)
    }

    /// Renames what is in this folder into another one.
    pub(super) fn rename_into(
        &self,
        _: &Path,
        name: &OsStr,
        (folder, _): (&Self, &Path),
        to: &str,
    ) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, name, &folder.0, to)?)
    }

    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    pub(super) fn rename_to_new(&self, _: &Path, from: &str, to: &str) -> io::Result<()> {
        use rustix::fs::{RenameFlags, renameat_with};

        match renameat_with(&self.0, from, &self.0, to, RenameFlags::NOREPLACE) {
            // A file system or a kernel without it.
            Err(Errno::INVAL | Errno::NOSYS) => Err(ErrorKind::Unsupported.into()),
            renamed => Ok(renamed?),
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    pub(super) fn rename_to_new(&self, _: &Path, _: &str, _: &str) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    /// The folders on the way are for the caller to look at.
    pub(super) fn remove_file(&self, _: &Path, name: impl AsRef<OsStr>) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name.as_ref(), AtFlags::empty())?)
    }

    /// The same of a folder that is empty.
    pub(super) fn remove_folder(&self, _: &Path, name: impl AsRef<OsStr>) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name.as_ref(), AtFlags::REMOVEDIR)?)
    }

    pub(super) fn sync_folder(&self, root: &Path, name: &str) -> io::Result<()> {
        Ok(rustix::fs::fsync(self.open_folder(root, name)?.0)?)
    }
}

/// Files without a name.
#[cfg(target_os = "linux")]
impl By {
    /// Creates one on the file system of `folder`.
    pub(super) fn create_unnamed(&self, _: &Path, folder: &str, mode: u32) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::TMPFILE;
        Ok(open_beneath(&self.0, folder.as_ref(), flags, Mode::from_raw_mode(mode))?.into())
    }

    /// Gives one a name that must not be taken. `NotFound` also where the kernel wants a right for it
    /// that hardly anyone has, as those before 6.10 do.
    pub(super) fn name_by_descriptor(&self, _: &Path, file: &File, name: &str) -> io::Result<()> {
        Ok(rustix::fs::linkat(file, "", &self.0, name, AtFlags::EMPTY_PATH)?)
    }

    /// The same by the descriptor's name in `/proc`, which takes longer and which every kernel has.
    pub(super) fn name_by_proc(&self, _: &Path, file: &File, name: &str) -> io::Result<()> {
        let from = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file));
        Ok(rustix::fs::linkat(rustix::fs::CWD, from, &self.0, name, AtFlags::SYMLINK_FOLLOW)?)
    }
}

/// Opens `name`, and follows no symbolic link anywhere in it.
fn open_beneath(top: &OwnedFd, name: &OsStr, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC;
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{ResolveFlags, openat2};

        match openat2(top, name, flags, mode, ResolveFlags::NO_SYMLINKS) {
            // An old kernel, or a filter of system calls that does not know this one.
            Err(Errno::NOSYS | Errno::PERM) => {}
            opened => return opened.map_err(in_words),
        }
    }
    step_by_step(top.as_fd(), name, flags, mode).map_err(in_words)
}

/// The same where the system cannot do it at once.
fn step_by_step(
    top: BorrowedFd<'_>,
    name: &OsStr,
    flags: OFlags,
    mode: Mode,
) -> rustix::io::Result<OwnedFd> {
    let name = name.as_bytes();
    let (folders, last) = match name.iter().rposition(|&byte| byte == b'/') {
        Some(at) => (Some(&name[..at]), &name[at + 1..]),
        None => (None, name),
    };
    let mut held: Option<OwnedFd> = None;
    for folder in folders.into_iter().flat_map(|folders| folders.split(|&byte| byte == b'/')) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let within = held.as_ref().map_or(top, AsFd::as_fd);
        held = Some(rustix::fs::openat(within, folder, flags, Mode::empty())?);
    }
    let within = held.as_ref().map_or(top, AsFd::as_fd);
    rustix::fs::openat(within, last, flags | OFlags::NOFOLLOW, mode)
}

/// A link that is not followed is told as that, and not as one of too many.
fn in_words(e: Errno) -> io::Error {
    match e {
        Errno::LOOP => io::Error::new(
            ErrorKind::NotADirectory,
            "a symbolic link is in the way, and none is followed",
        ),
        e => e.into(),
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
        names: stat.st_nlink as u64,
        owner: Some(stat.st_uid),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    type Open = fn(&OwnedFd, &str) -> io::Result<OwnedFd>;

    /// In one step where the system can, and folder by folder.
    const OPENINGS: [Open; 2] = [
        |top, name| open_beneath(top, name.as_ref(), OFlags::RDONLY, Mode::empty()),
        |top, name| {
            let opened = step_by_step(top.as_fd(), name.as_ref(), OFlags::RDONLY, Mode::empty());
            opened.map_err(in_words)
        },
    ];

    #[test]
    #[cfg(target_os = "linux")]
    fn both_ways_of_naming_give_a_free_name_and_no_other() {
        use std::io::Write;

        type Give = fn(&By, &Path, &File, &str) -> io::Result<()>;
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("ab")).unwrap();
        fs::write(dir.path().join("ab/taken"), "old").unwrap();
        let by = By::open(dir.path()).unwrap();
        let Ok(mut file) = by.create_unnamed(dir.path(), "ab", 0o666) else {
            println!("the file system of {} has no files without a name", dir.path().display());
            return;
        };
        file.write_all(b"bytes").unwrap();
        let ways: [(&str, Give); 2] =
            [("ab/by-descriptor", By::name_by_descriptor), ("ab/by-proc", By::name_by_proc)];
        for (name, give) in ways {
            match give(&by, dir.path(), &file, name) {
                // Only the kernels before 6.10 may say so, and only of the first.
                Err(e) if e.kind() == ErrorKind::NotFound && name == "ab/by-descriptor" => continue,
                given => given.unwrap(),
            }
            assert_eq!(fs::read_to_string(dir.path().join(name)).unwrap(), "bytes");
            let error = give(&by, dir.path(), &file, "ab/taken").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(dir.path().join("ab/taken")).unwrap(), "old");
        }
    }

    #[test]
    fn both_ways_of_opening_follow_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("ab/cd")).unwrap();
        fs::write(at("ab/cd/file"), "bytes").unwrap();
        symlink(at("ab"), at("link")).unwrap();
        symlink(at("ab/cd"), at("ab/link")).unwrap();
        symlink("file", at("ab/cd/link")).unwrap();
        let By(top) = By::open(dir.path()).unwrap();
        for open in OPENINGS {
            let mut text = String::new();
            File::from(open(&top, "ab/cd/file").unwrap()).read_to_string(&mut text).unwrap();
            assert_eq!(text, "bytes");
            open(&top, "ab").unwrap();
            for name in ["link", "link/cd/file", "ab/link/file", "ab/cd/link"] {
                let error = open(&top, name).expect_err(name);
                assert_eq!(error.kind(), ErrorKind::NotADirectory, "{name}: {error}");
            }
            assert_eq!(open(&top, "ab/ef/file").unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(open(&top, "ab/ef").unwrap_err().kind(), ErrorKind::NotFound);
        }
    }
}
