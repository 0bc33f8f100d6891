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
