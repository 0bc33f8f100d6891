//! What killed writers leave in the folder where an `fs` store writes what is not whole yet.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// No write takes longer; whoever left a file that is older was killed.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes the files in `folder` that are over a day old. When it cannot, they stay.
pub(super) fn remove_old(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let Some(limit) = SystemTime::now().checked_sub(OLD) else { return };
    for entry in entries.flatten() {
        let old = entry
            .metadata()
            .and_then(|file| Ok(file.is_file() && file.modified()? < limit))
            .unwrap_or(false);
        if old && let Err(error) = fs::remove_file(entry.path()) {
            tracing::debug!(path = %entry.path().display(), %error, "cannot remove an old file");
        }
    }
}
