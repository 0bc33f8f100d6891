//! Where a user's caches and settings are kept: the rules, and the texts of the errors, of
//! `os.UserCacheDir` and `os.UserConfigDir` in Go's standard library.

use std::ffi::OsString;
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

/// A variable that says where a folder is.
struct Named {
    variable: &'static str,
    value: PathBuf,
    /// Where in there the folder is.
    within: Option<&'static str>,
}

impl Named {
    fn folder(self) -> PathBuf {
        match self.within {
            Some(within) => self.value.join(within),
            None => self.value,
        }
    }
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
        let named = self.named(platform, env)?;
        match named.value.is_absolute() {
            true => Ok(named.folder()),
            false => Err(NoUserFolder::Relative {
                variable: named.variable,
                found: named.value.into_os_string(),
            }),
        }
    }

    /// Where it is by these rules, with these variables.
    pub(crate) fn find(self, platform: Platform, env: Env<'_>) -> Result<PathBuf, NoUserFolder> {
        Ok(self.named(platform, env)?.folder())
    }

    fn named(self, platform: Platform, env: Env<'_>) -> Result<Named, NoUserFolder> {
        let (variable, in_home) = match (platform, self) {
            (Platform::Windows, Self::Cache) => ("LocalAppData", None),
            (Platform::Windows, Self::Config) => ("AppData", None),
            (Platform::Apple, Self::Cache) => ("HOME", Some("Library/Caches")),
            (Platform::Apple, Self::Config) => ("HOME", Some("Library/Application Support")),
            (Platform::Unix, Self::Cache) => ("XDG_CACHE_HOME", Some(".cache")),
            (Platform::Unix, Self::Config) => ("XDG_CONFIG_HOME", Some(".config")),
        };
        let named = |variable, within| {
            let value = set(variable, env)?.into();
            Some(Named { variable, value, within })
        };
        match (platform, in_home) {
            (Platform::Unix, Some(_)) => match named(variable, None) {
                Some(named) if named.value.is_absolute() => Ok(named),
                Some(Named { value, .. }) => {
                    Err(NoUserFolder::Relative { variable, found: value.into_os_string() })
                }
                None => named("HOME", in_home).ok_or(NoUserFolder::XdgOrHome { variable }),
            },
            (_, Some(_)) => named(variable, in_home).ok_or(NoUserFolder::Home),
            (_, None) => named(variable, None).ok_or(NoUserFolder::Windows { variable }),
        }
    }
}

/// Why a user's folder is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
        /// Its value.
        found: OsString,
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
