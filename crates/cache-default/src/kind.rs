//! What the values of the settings look like in the settings file and in a variable.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytesize::ByteSize;

use crate::dir::Directory;
use crate::setting::OnHelperFailure;

/// One setting: its key in the settings file, and how its value is read.
///
/// A new setting is one constant here and its place in [`KEYS`], a field of
/// [`Settings`](crate::Settings) and [`Flags`](crate::Flags), and a line where those are resolved.
pub(crate) struct Kind<T: 'static> {
    pub(crate) key: &'static str,
    /// What its value must be, for the error when it is something else.
    pub(crate) expected: &'static str,
    pub(crate) read: fn(Said<'_>) -> Option<T>,
}

/// A value as it was written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Said<'a> {
    Text(&'a str),
    Number(u64),
    Truth(bool),
    /// Anything else that the settings file can hold.
    Other,
}

/// Every key of the settings file, in the order in which they are shown.
pub(crate) const KEYS: [&str; 7] =
    [DIR.key, PROG.key, ON_HELPER_FAILURE.key, MAX_SIZE.key, MAX_AGE.key, VERIFY.key, TRACE.key];

/// What turns a setting off that is on when it has a value.
pub(crate) const OFF: &str = "off";

pub(crate) const DIR: Kind<Directory> = Kind {
    key: "dir",
    expected: "an absolute path in quotes, or \"off\"",
    read: |said| match said {
        Said::Text(OFF) => Some(Directory::Off),
        Said::Text(path) => {
            Path::new(path).is_absolute().then(|| Directory::At(PathBuf::from(path)))
        }
        _ => None,
    },
};

pub(crate) const PROG: Kind<Option<String>> = Kind {
    key: "prog",
    expected: "a helper's command as text, such as \"larder serve\", or \"off\"",
    read: |said| match said {
        Said::Text(OFF) => Some(None),
        Said::Text(command) => (!command.trim().is_empty()).then(|| Some(command.to_owned())),
        _ => None,
    },
};

pub(crate) const ON_HELPER_FAILURE: Kind<OnHelperFailure> = Kind {
    key: "on-helper-failure",
    expected: "\"fail\" or \"continue\"",
    read: |said| match said {
        Said::Text("fail") => Some(OnHelperFailure::Fail),
        Said::Text("continue") => Some(OnHelperFailure::Continue),
        _ => None,
    },
};

pub(crate) const MAX_SIZE: Kind<Option<u64>> = Kind {
    key: "max-size",
    expected: "a size such as \"10GiB\", a number of bytes, or \"off\"",
    read: |said| match said {
        Said::Text(OFF) => Some(None),
        Said::Text(size) => size.parse().ok().map(|size: ByteSize| Some(size.as_u64())),
        Said::Number(bytes) => Some(Some(bytes)),
        _ => None,
    },
};

pub(crate) const MAX_AGE: Kind<Duration> = Kind {
    key: "max-age",
    expected: "a time with a unit, such as \"5d\" or \"12h\"",
    read: |said| match said {
        Said::Text(age) => age.parse().ok().map(|age: humantime::Duration| age.into()),
        _ => None,
    },
};

pub(crate) const VERIFY: Kind<bool> = Kind { key: "verify", expected: TRUTH, read: truth };

pub(crate) const TRACE: Kind<bool> = Kind { key: "trace", expected: TRUTH, read: truth };

/// Reads a size limit, in bytes, as the settings file has it: for a flag. `None`: no limit.
///
/// # Errors
///
/// [`WrongValue`] for anything else.
pub fn parse_max_size(text: &str) -> Result<Option<u64>, WrongValue> {
    parse(&MAX_SIZE, text)
}

/// Reads how long after its last use a file is trimmed, as the settings file has it: for a flag.
///
/// # Errors
///
/// [`WrongValue`] for anything else.
pub fn parse_max_age(text: &str) -> Result<Duration, WrongValue> {
    parse(&MAX_AGE, text)
}

fn parse<T>(kind: &Kind<T>, text: &str) -> Result<T, WrongValue> {
    (kind.read)(Said::Text(text)).ok_or(WrongValue { expected: kind.expected })
}

/// A value is none that its setting can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must be {expected}")]
pub struct WrongValue {
    /// What it must be.
    pub expected: &'static str,
}

const TRUTH: &str = "true or false";

fn truth(said: Said<'_>) -> Option<bool> {
    match said {
        Said::Truth(truth) => Some(truth),
        _ => None,
    }
}
