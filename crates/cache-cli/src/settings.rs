//! The settings in force, and where each comes from.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf, absolute};

use bytesize::ByteSize;
use cache_default::{DirError, Names, choose, process_env};

use crate::failure::{Failure, Role};

/// The names that `larder` goes by.
pub(crate) const NAMES: Names = Names::LARDER;

/// The variable that holds the size limit.
pub(crate) const MAX_SIZE_VARIABLE: &str = "LARDER_MAX_SIZE";

/// A setting's value, and what said so.
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// What a setting comes from; the earlier ones here go before the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// Nothing said it.
    Default,
}

impl Origin {
    /// The kind of origin, for JSON.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Origin::Flag(_) => "flag",
            Origin::Variable(_) => "environment",
            Origin::Default => "default",
        }
    }

    /// The name of the flag or the variable.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Origin::Flag(name) | Origin::Variable(name) => Some(name),
            Origin::Default => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().unwrap_or("default"))
    }
}

impl From<cache_default::Origin> for Origin {
    fn from(origin: cache_default::Origin) -> Self {
        match origin {
            cache_default::Origin::Variable(name) => Origin::Variable(name),
            cache_default::Origin::Default => Origin::Default,
        }
    }
}

/// The cache directory. A flag may name it relative to the working directory, which a variable may
/// not: it would be another directory in every other place.
pub(crate) fn dir(flag: Option<&Path>) -> Result<Setting<PathBuf>, Failure> {
    if let Some(dir) = flag {
        let value = absolute(dir).map_err(Failure::file("find", dir, Role::Input))?;
        return Ok(Setting { value, origin: Origin::Flag("--dir") });
    }
    let no_directory =
        |error: DirError| Failure::Usage(format!("{error}; name a directory with --dir"));
    let choice = choose(&NAMES, &process_env).map_err(|error| no_directory(error.into()))?;
    let origin = choice.origin.into();
    Ok(Setting { value: choice.require(&NAMES).map_err(no_directory)?, origin })
}

/// The size limit, in bytes on disk; `None` for no limit.
pub(crate) fn max_size(flag: Option<ByteSize>) -> Result<Setting<Option<ByteSize>>, Failure> {
    if flag.is_some() {
        return Ok(Setting { value: flag, origin: Origin::Flag("--max-size") });
    }
    match process_env(MAX_SIZE_VARIABLE) {
        Some(text) if !text.is_empty() => {
            Ok(Setting { value: Some(size(text)?), origin: Origin::Variable(MAX_SIZE_VARIABLE) })
        }
        _ => Ok(Setting { value: None, origin: Origin::Default }),
    }
}

fn size(text: OsString) -> Result<ByteSize, Failure> {
    text.to_str().and_then(|text| text.parse().ok()).ok_or_else(|| {
        Failure::Usage(format!(
            "{MAX_SIZE_VARIABLE} is {text:?}, which is not a size; set it to one such as 10GiB"
        ))
    })
}
