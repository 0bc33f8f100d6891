//! Which runs are under way, as their locks say.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use fs4::{FileExt, TryLockError};

use crate::lock::{COMMAND, is_lock};

/// The runs that are under way on this machine, as the locks in a folder say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunsUnderWay {
    /// The processes that run a command now, by their numbers where they are known.
    pub processes: Vec<Option<u32>>,
    /// The commands of runs that were killed which still run themselves, or left something behind
    /// that does. Equal runs wait for them, and store nothing when that takes too long.
    pub orphans: u64,
}

/// Which runs are under way whose locks are in this folder, the [`Runner`](crate::Runner)'s `locks`.
///
/// To see whether a lock is held, it is taken (shared) for a moment; a run that comes in that moment
/// waits for a millisecond.
///
/// # Errors
///
/// When the folder is there and cannot be read. A lock that cannot be opened counts as not held.
pub fn runs_under_way(folder: &Path) -> io::Result<RunsUnderWay> {
    let mut runs = RunsUnderWay::default();
    let names = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(runs),
        names => names?,
    };
    for name in names {
        let name = name?.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = folder.join(name);
        match name.strip_suffix(COMMAND) {
            Some(key) if is_lock(key) => {
                // In this order, and the first once more: a run gives them back in the other one.
                let is_orphan = held(&path).is_some()
                    && held(&folder.join(key)).is_none()
                    && held(&path).is_some();
                runs.orphans += u64::from(is_orphan);
            }
            None if is_lock(name) => runs.processes.extend(held(&path)),
            _ => {}
        }
    }
    runs.processes.sort_unstable();
    Ok(runs)
}

/// What is known of the process that holds a lock; `None`: nobody does.
fn held(path: &Path) -> Option<Option<u32>> {
    // Opening a FIFO may take for ever.
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut file = File::open(path).ok()?;
    match FileExt::try_lock_shared(&file) {
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            (&mut file).take(16).read_to_string(&mut text).ok();
            Some(text.trim().parse().ok())
        }
        // Closing gives it back.
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use cache_core::ActionId;

    use super::*;
    use crate::lock::take;

    fn key(byte: u8) -> ActionId {
        ActionId::from_bytes([byte; 32])
    }

    #[test]
    fn who_runs_is_named_as_long_as_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let locks = folder.path().join("locks");
        assert_eq!(runs_under_way(&locks).unwrap(), RunsUnderWay::default());
        let lock = take(&locks, &key(1), &mut |_| {}, &|| false).unwrap().unwrap();
        let runs = runs_under_way(&locks).unwrap();
        assert_eq!(runs.processes, [Some(std::process::id())]);
        assert_eq!(runs.orphans, 0);
        drop(lock);
        assert_eq!(runs_under_way(&locks).unwrap(), RunsUnderWay::default());
    }

    #[test]
    fn a_command_whose_run_is_gone_is_an_orphan() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create(folder.path().join(format!("{}-command", key(2)))).unwrap();
        FileExt::lock(&file).unwrap();
        let runs = runs_under_way(folder.path()).unwrap();
        assert_eq!((runs.processes.len(), runs.orphans), (0, 1));
    }

    #[test]
    fn what_nobody_holds_and_what_is_no_lock_is_no_run() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(key(3).to_string()), "4711\n").unwrap();
        fs::write(folder.path().join("notes"), "4711\n").unwrap();
        fs::create_dir(folder.path().join(key(4).to_string())).unwrap();
        assert_eq!(runs_under_way(folder.path()).unwrap(), RunsUnderWay::default());
    }
}
