//! A setting: its value, and what said so.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A setting's value, and what said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value in force.
    pub value: T,
    /// What said so.
    pub origin: Origin,
}

/// What a setting comes from; the earlier ones here go before the later.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// From the command line's flag of this name.
    Flag(&'static str),
    /// From the environment variable of this name.
    Variable(&'static str),
    /// From the settings file.
    File {
        /// The file.
        path: Arc<Path>,
        /// The line in it, counted from 1.
        line: usize,
    },
    /// From nothing: it is the default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(name) | Origin::Variable(name) => f.write_str(name),
            Origin::File { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// A value that the command line gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag<T> {
    /// The flag's name, as it is written: `--dir`.
    pub name: &'static str,
    /// The value.
    pub value: T,
}

/// What to do when a helper does not start, or fails later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnHelperFailure {
    /// Fail: opening the cache, or the call that meets it and all later ones.
    Fail,
    /// Go on with the directory alone, and say so once.
    Continue,
}

impl OnHelperFailure {
    /// How the settings file spells it: `fail` or `continue`.
    pub fn as_str(self) -> &'static str {
        match self {
            OnHelperFailure::Fail => "fail",
            OnHelperFailure::Continue => "continue",
        }
    }
}

/// What is done with a store that is shared with other machines. The directory is always read and
/// filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RemoteAccess {
    /// Lookups ask it, and puts are uploaded.
    #[default]
    ReadWrite,
    /// Lookups ask it, and nothing is written to it.
    ReadOnly,
    /// Puts are uploaded, and lookups do not ask it.
    WriteOnly,
}

impl RemoteAccess {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ReadWrite, Self::ReadOnly, Self::WriteOnly];

    /// How the settings file spells it: `read-write`, `read-only` or `write-only`.
    pub fn as_str(self) -> &'static str {
        match self {
            RemoteAccess::ReadWrite => "read-write",
            RemoteAccess::ReadOnly => "read-only",
            RemoteAccess::WriteOnly => "write-only",
        }
    }

    /// Whether lookups ask the store.
    pub fn reads(self) -> bool {
        self != RemoteAccess::WriteOnly
    }

    /// Whether anything is written to the store.
    pub fn writes(self) -> bool {
        self != RemoteAccess::ReadOnly
    }
}
