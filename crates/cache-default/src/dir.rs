//! Which directory the cache is in, and that directory made ready.
//!
//! The rules, and the texts of the errors, are those of `DefaultDir` and `initDefaultCache` in Go's
//! `cmd/go/internal/cache`.

use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use crate::Names;
use crate::env::Env;
use crate::setting::{Origin, Setting};
use crate::user_folder::{NoUserFolder, Platform, UserFolder};

/// Where the cache is, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directory {
    /// In this directory, which may not exist yet. One that a variable or the settings file names
    /// is absolute, and spelled as it is there.
    At(PathBuf),
    /// Nowhere: it is turned off.
    Off,
    /// Nowhere: nothing names a directory, and for this reason there is no default.
    Unknown(NoUserFolder),
}

/// The directory when nothing names one: a folder in the user's cache folder.
pub(crate) fn by_default(names: &Names, env: Env<'_>) -> Setting<Directory> {
    let find = match names.relative_home {
        true => UserFolder::find,
        false => UserFolder::find_absolute,
    };
    let value = match find(UserFolder::Cache, Platform::CURRENT, env) {
        Ok(folder) => Directory::At(without_detours(&folder.join(names.folder))),
        Err(why) => Directory::Unknown(why),
    };
    Setting { value, origin: Origin::Default }
}

/// Creates the directory and, if there is none, its `README`, whose absence is no failure. What is
/// there is left as it is.
///
/// # Errors
///
/// [`DirError::Create`] when the directory is not there and cannot be created.
pub fn create(dir: &Path, names: &Names) -> Result<(), DirError> {
    let readme = dir.join("README");
    if readme.exists() {
        return Ok(());
    }
    make(dir).map_err(|source| DirError::Create { dir: dir.to_owned(), source })?;
    // Never over one that is there: another program may own this directory and have written it.
    if let Ok(mut readme) = File::create_new(readme) {
        _ = readme.write_all(names.readme.as_bytes());
    }
    Ok(())
}

/// Makes the directory, and the folders above it. Not for everybody to write to, even where the umask
/// would let that through, as in many containers: such a directory is refused.
fn make(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o775);
    builder.recursive(true).create(dir)
}

/// Removes `.`, `..` and repeated separators by the text alone, as Go's `filepath.Join` does, so
/// that both spell the default directory the same.
fn without_detours(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match (component, plain.components().next_back()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => _ = plain.pop(),
            (Component::ParentDir, Some(Component::RootDir)) => {}
            _ => plain.push(component),
        }
    }
    plain
}

/// Why a program that needs a cache directory has none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirError {
    /// The variable holds neither an absolute path nor `off`.
    #[error(
        "build cache is required, but could not be located: {variable} is not an absolute path"
    )]
    NotAbsolute {
        /// The variable.
        variable: &'static str,
        /// Its value.
        found: OsString,
    },
    /// Nothing names a directory, and there is no default.
    #[error(
        "build cache is required, but could not be located: {variable} is not defined and {source}"
    )]
    NotDefined {
        /// The variable.
        variable: &'static str,
        /// Why there is no default.
        source: NoUserFolder,
    },
    /// The cache is turned off.
    #[error(
        "build cache is disabled by {}, but required{}",
        off(origin),
        since.map(|version| format!(" as of {version}")).unwrap_or_default()
    )]
    Off {
        /// What turned it off.
        origin: Origin,
        /// Since which version the program requires a cache, where it once did not.
        since: Option<&'static str>,
    },
    /// The directory could not be created.
    #[error("failed to initialize build cache at {}: {source}", dir.display())]
    Create {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn off(origin: &Origin) -> String {
    match origin {
        Origin::Variable(name) => format!("{name}=off"),
        origin => format!("dir = \"off\" ({origin})"),
    }
}
