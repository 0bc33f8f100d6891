//! Where a user's caches and settings are kept: the rules, and the texts of the errors, of
//! `os.UserCacheDir` and `os.UserConfigDir` in Go's standard library.

use std::path::PathBuf;

use crate::env::{Env, set};

/// One of the user's folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserFolder {
    Cache,
    Config,
}

/// Whose rules say where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "a build knows one platform; the tests all"))]
pub(crate) enum Platform {
    Unix,
    Apple,
    Windows,
}

impl Platform {
    pub(crate) const CURRENT: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(any(target_os = "macos", target_os = "ios")) {
        Self::Apple
    } else {
        Self::Unix
    };
}

impl UserFolder {
    /// Where it is by these rules, with these variables, when they give an absolute path.
    ///
    /// Go's rules take a relative `HOME`, with which a cache would be another one in every folder.
    pub(crate) fn find_absolute(
        self,
        platform: Platform,
        env: Env<'_>,
    ) -> Result<PathBuf, NoUserFolder> {
        let folder = self.find(platform, env)?;
        match (folder.is_absolute(), platform, self) {
            (true, ..) => Ok(folder),
            (false, Platform::Windows, Self::Cache) => {
                Err(NoUserFolder::Relative { variable: "LocalAppData" })
            }
            (false, Platform::Windows, Self::Config) => {
                Err(NoUserFolder::Relative { variable: "AppData" })
            }
            (false, ..) => Err(NoUserFolder::Relative { variable: "HOME" }),
        }
    }

    /// Where it is by these rules, with these variables.
    pub(crate) fn find(self, platform: Platform, env: Env<'_>) -> Result<PathBuf, NoUserFolder> {
        let (variable, in_home) = match (platform, self) {
            (Platform::Windows, Self::Cache) => ("LocalAppData", None),
            (Platform::Windows, Self::Config) => ("AppData", None),
            (Platform::Apple, Self::Cache) => ("HOME", Some("Library/Caches")),
            (Platform::Apple, Self::Config) => ("HOME", Some("Library/Application Support")),
            (Platform::Unix, Self::Cache) => ("XDG_CACHE_HOME", Some(".cache")),
            (Platform::Unix, Self::Config) => ("XDG_CONFIG_HOME", Some(".config")),
        };
        let folder = |variable| set(variable, env).map(PathBuf::from);
        match (platform, in_home) {
            (Platform::Unix, Some(in_home)) => match folder(variable) {
                Some(path) if path.is_absolute() => Ok(path),
                Some(_) => Err(NoUserFolder::Relative { variable }),
                None => folder("HOME")
                    .map(|home| home.join(in_home))
                    .ok_or(NoUserFolder::XdgOrHome { variable }),
            },
            (_, Some(in_home)) => {
                folder(variable).map(|home| home.join(in_home)).ok_or(NoUserFolder::Home)
            }
            (_, None) => folder(variable).ok_or(NoUserFolder::Windows { variable }),
        }
    }
}

/// Why a user's folder is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoUserFolder {
    /// Neither variable is set.
    #[error("neither ${variable} nor $HOME are defined")]
    XdgOrHome {
        /// `XDG_CACHE_HOME` or `XDG_CONFIG_HOME`.
        variable: &'static str,
    },
    /// The variable holds a relative path.
    #[error("path in ${variable} is relative")]
    Relative {
        /// The variable.
        variable: &'static str,
    },
    /// On macOS and iOS: `HOME` is not set.
    #[error("$HOME is not defined")]
    Home,
    /// On Windows: the variable is not set.
    #[error("%{variable}% is not defined")]
    Windows {
        /// `LocalAppData` or `AppData`.
        variable: &'static str,
    },
}

#[cfg(test)]
mod tests;
