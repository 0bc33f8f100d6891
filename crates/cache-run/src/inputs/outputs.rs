//! What is not an input because the command makes it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::task::OutputPlace;

/// The paths of the declared outputs.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    paths: Vec<PathBuf>,
    /// Their file names, by folder: a walk asks for every folder.
    names: HashMap<PathBuf, Vec<OsString>>,
}

impl Outputs {
    pub(super) fn new(places: &[OutputPlace]) -> Self {
        let mut outputs = Self::default();
        for OutputPlace { path, .. } in places {
            if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
                outputs.names.entry(folder.to_owned()).or_default().push(name.to_owned());
            }
            outputs.paths.push(path.clone());
        }
        outputs
    }

    /// Whether `path` is an output or in one.
    pub(super) fn cover(&self, path: &Path) -> bool {
        self.paths.iter().any(|output| path.starts_with(output))
    }

    /// Whether there is an output somewhere in `folder`.
    pub(super) fn are_below(&self, folder: &Path) -> bool {
        self.paths.iter().any(|output| output.starts_with(folder))
    }

    /// The names of the outputs in `folder`.
    pub(super) fn in_folder(&self, folder: &Path) -> &[OsString] {
        self.names.get(folder).map_or(&[], Vec::as_slice)
    }
}
