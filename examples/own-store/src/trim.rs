//! Removing what nobody wants any more.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cache_core::{Error, OutputId, Result};

use crate::body;
use crate::entries::Entries;
use crate::store::{outputs, temporary};

/// What was not used for five days is trimmed: essentially all reuse comes within five days of the
/// use before (golang.org/issue/22990).
pub const MAX_AGE: Duration = Duration::from_secs(5 * DAY.as_secs());

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A temporary file that is younger may have been created a moment ago and not be locked yet.
const LEFT_BEHIND_AFTER: Duration = Duration::from_secs(10 * 60);

/// What a trim removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Outputs.
    pub outputs: u64,
    /// Bytes in them.
    pub bytes: u64,
}

pub(crate) fn trim_when_due(dir: &Path, entries: &mut Entries) -> Result<()> {
    let now = SystemTime::now();
    let last = entries.last_trim()?;
    // A last trim in the future is a clock that went wrong.
    if last.is_some_and(|last| now.duration_since(last).is_ok_and(|ago| ago < DAY)) {
        return Ok(());
    }
    trim(dir, entries, now.checked_sub(MAX_AGE).unwrap_or(SystemTime::UNIX_EPOCH))?;
    Ok(())
}

pub(crate) fn trim(dir: &Path, entries: &mut Entries, unused_since: SystemTime) -> Result<Trimmed> {
    let mut trimmed = Trimmed::default();
    entries.write(false, |rows| {
        rows.forget(unused_since)?;
        // Files go before the rows are committed. The other way round, a put could come in between,
        // find the output there and keep it, and have it taken away. A process that is killed here
        // leaves entries whose outputs are gone, and these are misses.
        for path in list(&outputs(dir))? {
            let name = path.file_name().and_then(|name| name.to_str());
            // A put that was killed between renaming and committing left a file without a row.
            let known = match name.and_then(|name| name.parse::<OutputId>().ok()) {
                Some(output) => rows.has_output(&output)?,
                None => true, // not a file of ours
            };
            if !known {
                let size = fs::metadata(&path).map_or(0, |found| found.len());
                fs::remove_file(&path).or_else(gone).map_err(Error::io("remove", &path))?;
                trimmed.outputs += 1;
                trimmed.bytes += size;
            }
        }
        Ok(())
    })?;
    for path in list(&temporary(dir))? {
        let modified = fs::metadata(&path).and_then(|found| found.modified());
        let age = modified.map(|modified| modified.elapsed().unwrap_or_default());
        if age.is_ok_and(|age| age > LEFT_BEHIND_AFTER) {
            body::remove_left_behind(&path).or_else(gone).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(trimmed)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let items = fs::read_dir(folder).and_then(|items| items.map(|item| Ok(item?.path())).collect());
    items.map_err(Error::io("list", folder))
}

/// Another trim was faster.
fn gone(e: io::Error) -> io::Result<()> {
    if e.kind() == ErrorKind::NotFound { Ok(()) } else { Err(e) }
}
