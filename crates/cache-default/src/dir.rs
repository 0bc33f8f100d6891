//! Which directory the cache is in.
//!
//! The rules, and the texts of the errors, are those of `DefaultDir` in Go's
//! `cmd/go/internal/cache` and of `os.UserCacheDir` in its standard library.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use crate::Names;

/// Where the cache is, and why there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Where it is.
    pub directory: Directory,
    /// What said so.
    pub origin: Origin,
}

/// Where the cache is, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directory {
    /// In this directory, which may not exist yet. One that a variable names is absolute, and
    /// spelled as it is there.
    At(PathBuf),
    /// Nowhere: the variable says `off`.
    Off,
}

/// What a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From the environment variable of this name.
    Variable(&'static str),
    /// From nothing: it is the default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Variable(name) => name,
            Origin::Default => "default",
        })
    }
}

impl Choice {
    /// Returns the directory, for a program that cannot do without.
    ///
    /// # Errors
    ///
    /// [`DirError::Off`] when the cache is turned off.
    pub fn require(self, names: &Names) -> Result<PathBuf, DirError> {
        match self.directory {
            Directory::At(dir) => Ok(dir),
            Directory::Off => {
                Err(DirError::Off { variable: names.dir, since: names.required_since })
            }
        }
    }
}

/// Returns the value of a variable of this process.
pub fn process_env(variable: &str) -> Option<OsString> {
    std::env::var_os(variable)
}

/// Chooses the cache's directory: the one that the variable names, otherwise a folder in the
/// user's cache folder. `env` gives a variable's value; an empty one counts as not set.
///
/// The user's cache folder is `$XDG_CACHE_HOME` or `$HOME/.cache`, on macOS
/// `$HOME/Library/Caches`, on Windows `%LocalAppData%`.
///
/// The go command also looks into the file that `go env -w` writes. An `env` that does so too makes
/// the answer for [`Names::GO`] complete.
///
/// # Errors
///
/// [`ChooseError`] when the variable holds neither an absolute path nor `off`, and when it is not
/// set and the user's cache folder is not known.
pub fn choose(
    names: &Names,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Choice, ChooseError> {
    let Some(value) = set(names.dir, env) else {
        let user_cache_dir = user_cache_dir(Platform::CURRENT, env)
            .map_err(|source| ChooseError::NotDefined { variable: names.dir, source })?;
        let dir = without_detours(&user_cache_dir.join(names.folder));
        return Ok(Choice { directory: Directory::At(dir), origin: Origin::Default });
    };
    let directory = if value == "off" {
        Directory::Off
    } else if Path::new(&value).is_absolute() {
        Directory::At(value.into())
    } else {
        return Err(ChooseError::NotAbsolute { variable: names.dir });
    };
    Ok(Choice { directory, origin: Origin::Variable(names.dir) })
}

/// Creates the directory and, if there is none, its `README`, whose absence is no failure.
///
/// # Errors
///
/// [`DirError::Create`] when the directory is not there and cannot be created.
pub fn create(dir: &Path, names: &Names) -> Result<(), DirError> {
    fs::create_dir_all(dir).map_err(|source| DirError::Create { dir: dir.to_owned(), source })?;
    // Never over one that is there: another program may own this directory and have written it.
    if let Ok(mut readme) = File::create_new(dir.join("README")) {
        _ = readme.write_all(names.readme.as_bytes());
    }
    Ok(())
}

/// Whose rules say where the user's cache folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "a build knows one platform; the tests all"))]
enum Platform {
    Unix,
    Apple,
    Windows,
}

impl Platform {
    const CURRENT: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(any(target_os = "macos", target_os = "ios")) {
        Self::Apple
    } else {
        Self::Unix
    };
}

fn user_cache_dir(
    platform: Platform,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, NoUserCacheDir> {
    let folder = |variable| set(variable, env).map(PathBuf::from);
    match platform {
        Platform::Windows => folder("LocalAppData").ok_or(NoUserCacheDir::LocalAppData),
        Platform::Apple => {
            folder("HOME").map(|home| home.join("Library/Caches")).ok_or(NoUserCacheDir::Home)
        }
        Platform::Unix => match folder("XDG_CACHE_HOME") {
            Some(cache) if cache.is_absolute() => Ok(cache),
            Some(_) => Err(NoUserCacheDir::RelativeXdg),
            None => folder("HOME").map(|home| home.join(".cache")).ok_or(NoUserCacheDir::XdgOrHome),
        },
    }
}

fn set(variable: &str, env: &dyn Fn(&str) -> Option<OsString>) -> Option<OsString> {
    env(variable).filter(|value| !value.is_empty())
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

/// Why there is no choice of a directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChooseError {
    /// The variable holds neither an absolute path nor `off`.
    #[error("{variable} is not an absolute path")]
    NotAbsolute {
        /// The variable.
        variable: &'static str,
    },
    /// The variable is not set, and there is no default.
    #[error("{variable} is not defined and {source}")]
    NotDefined {
        /// The variable.
        variable: &'static str,
        /// Why there is no default.
        source: NoUserCacheDir,
    },
}

/// Why the user's cache folder is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoUserCacheDir {
    /// Neither variable is set.
    #[error("neither $XDG_CACHE_HOME nor $HOME are defined")]
    XdgOrHome,
    /// `XDG_CACHE_HOME` is a relative path, which its specification forbids.
    #[error("path in $XDG_CACHE_HOME is relative")]
    RelativeXdg,
    /// On macOS and iOS: `HOME` is not set.
    #[error("$HOME is not defined")]
    Home,
    /// On Windows: `LocalAppData` is not set.
    #[error("%LocalAppData% is not defined")]
    LocalAppData,
}

/// Why a program that needs a cache directory has none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirError {
    /// No directory could be chosen.
    #[error("build cache is required, but could not be located: {0}")]
    NotLocated(#[from] ChooseError),
    /// The cache is turned off.
    #[error(
        "build cache is disabled by {variable}=off, but required{}",
        since.map(|version| format!(" as of {version}")).unwrap_or_default()
    )]
    Off {
        /// The variable that turned it off.
        variable: &'static str,
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

#[cfg(test)]
mod tests;
