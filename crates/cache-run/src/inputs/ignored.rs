//! The rules of ignore files.

use std::path::Path;
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::DescribeError;

/// The ignore files that are read in every folder, the one that overrules the others first.
const NAMES: [&str; 2] = [".ignore", ".gitignore"];

/// The rules that hold in a folder: its own, and those of the folders above.
///
/// Only files of the project count. git's rules of the user, and those in `.git`, would make the
/// same tree another one on another machine.
#[derive(Debug, Default)]
pub(super) struct Rules {
    above: Option<Arc<Rules>>,
    /// Those of each of [`NAMES`] that is in the folder.
    files: [Option<Gitignore>; NAMES.len()],
}

impl Rules {
    /// The rules in the folder at `path` above which `above` hold. `has` says what is in it.
    pub(super) fn enter(
        path: &Path,
        above: &Arc<Rules>,
        has: impl Fn(&str) -> bool,
    ) -> Result<Arc<Self>, DescribeError> {
        if !NAMES.iter().any(|name| has(name)) {
            return Ok(Arc::clone(above));
        }
        let mut files = [None, None];
        for (name, file) in NAMES.iter().zip(&mut files) {
            if has(name) {
                *file = Some(read(path, name)?);
            }
        }
        Ok(Arc::new(Self { above: Some(Arc::clone(above)), files }))
    }

    /// The rules for what is in `folder`, of it and of the folders from `root` down to it.
    pub(super) fn above(root: &Path, folder: &Path) -> Result<Arc<Self>, DescribeError> {
        let mut rules = Arc::default();
        let Ok(inside) = folder.strip_prefix(root) else { return Ok(rules) };
        let mut path = root.to_owned();
        for component in inside.components() {
            rules = Self::enter(&path, &rules, |name| path.join(name).is_file())?;
            path.push(component);
        }
        Ok(rules)
    }

    /// Whether the rules leave out what is at `path`. Git's order: what is nearest decides.
    pub(super) fn leave_out(&self, path: &Path, is_folder: bool) -> bool {
        for kind in 0..NAMES.len() {
            let mut at = Some(self);
            while let Some(rules) = at {
                match rules.files[kind].as_ref().map(|file| file.matched(path, is_folder)) {
                    Some(Match::Ignore(_)) => return true,
                    Some(Match::Whitelist(_)) => return false,
                    Some(Match::None) | None => at = rules.above.as_deref(),
                }
            }
        }
        false
    }
}

fn read(folder: &Path, name: &str) -> Result<Gitignore, DescribeError> {
    let path = folder.join(name);
    let mut builder = GitignoreBuilder::new(folder);
    let failed = |source| DescribeError::IgnoreFile { path: path.clone(), source };
    if let Some(error) = builder.add(&path) {
        // A malformed line is left out, as git does; a file that cannot be read is a failure.
        if error.is_io() {
            return Err(failed(error));
        }
        tracing::debug!("{error}");
    }
    builder.build().map_err(failed)
}
