//! The project's root.

use std::fs;
use std::path::{Path, PathBuf};

/// The nearest folder from `dir` upwards with a `.git` in it, else `dir` itself.
pub fn project_root(dir: &Path) -> PathBuf {
    let is_root = |folder: &&Path| fs::symlink_metadata(folder.join(".git")).is_ok();
    dir.ancestors().find(is_root).unwrap_or(dir).to_owned()
}
