//! What goes through all files of a directory.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::SystemTime;

use rustix::fs::{AtFlags, Dir, FileType, Stat};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::calls::{open, open_folder};
use crate::work::Result;

/// Looks at every file, in one thread.
pub fn walk(dir: &Path) -> Result {
    let top = open_folder(dir)?;
    (0..256).try_for_each(|folder| each_file(&top, folder, |_, _, _| Ok(())))
}

/// Reads and hashes every file, with all cores.
pub fn hash(dir: &Path) -> Result {
    let top = open_folder(dir)?;
    with_all_cores(|folder| {
        let mut piece = vec![0; 128 << 10];
        each_file(&top, folder, |folder, name, _| {
            let (file, mut hash) = (open(folder, name)?, Sha256::new());
            loop {
                let n = rustix::io::read(&file, &mut piece)?;
                if n == 0 {
                    break;
                }
                hash.update(&piece[..n]);
            }
            std::hint::black_box(hash.finalize());
            Ok(())
        })
    })
}

/// Removes what was not used for five days and an hour, with all cores.
pub fn remove_old(top: &OwnedFd) -> Result {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() as i64;
    let oldest = now - (5 * 24 + 1) * 60 * 60;
    with_all_cores(|folder| {
        each_file(top, folder, |folder, name, look| {
            if look.st_mtime < oldest as _ {
                rustix::fs::unlinkat(folder, name, AtFlags::empty())?;
            }
            Ok(())
        })
    })
}

/// Deals the 256 folders to as many threads as there are cores.
fn with_all_cores(each: impl Fn(u32) -> Result + Sync) -> Result {
    let next = AtomicU32::new(0);
    let turns = || -> Result {
        loop {
            match next.fetch_add(1, Ordering::Relaxed) {
                folder @ 0..256 => each(folder)?,
                _ => return Ok(()),
            }
        }
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(turns)).collect();
        let failed = || Err("a thread failed".into());
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| failed()))
    })
}

/// Looks at every file in one of the 256 folders, if it is there.
fn each_file(
    top: &OwnedFd,
    folder: u32,
    mut each: impl FnMut(&OwnedFd, &[u8], &Stat) -> Result,
) -> Result {
    let folder = match open(top, format!("{folder:02x}").as_bytes()) {
        Err(Errno::NOENT) => return Ok(()),
        folder => folder?,
    };
    for file in Dir::read_from(&folder)? {
        let file = file?;
        let name = file.file_name().to_bytes();
        if file.file_type() != FileType::Directory {
            let look = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
            each(&folder, name, &look)?;
        }
    }
    Ok(())
}
