//! What the values of the settings look like in the settings file and in a variable.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytesize::ByteSize;

use crate::address::StoreAddress;
use crate::dir::Directory;
use crate::setting::{OnHelperFailure, RemoteAccess};
use crate::{PublicKey, Template};

/// One setting: its key in the settings file, and how its value is read.
///
/// A new setting is one constant here and its place in [`KEYS`], a field of
/// [`Settings`](crate::Settings) and [`Flags`](crate::Flags), and a line where those are resolved.
pub(crate) struct Kind<T: 'static> {
    pub(crate) key: &'static str,
    /// What its value must be, for the error when it is something else.
    pub(crate) expected: &'static str,
    /// Whether a value may hold a secret, or be one that was taken for the value. No error repeats
    /// it.
    pub(crate) is_secret: bool,
    pub(crate) read: fn(Said<'_>) -> Option<T>,
}

/// A value as it was written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Said<'a> {
    Text(&'a str),
    Number(u64),
    Truth(bool),
    List(&'a [String]),
    /// Anything else that the settings file can hold.
    Other,
}

/// Every key of the settings file, in the order in which they are shown.
pub(crate) const KEYS: [&str; 14] = [
    DIR.key,
    PROG.key,
    ON_HELPER_FAILURE.key,
    REMOTE.key,
    REMOTE_ACCESS.key,
    UPLOAD_WAIT.key,
    SCOPE.key,
    TRUSTED_KEYS.key,
    SIGNING_KEY.key,
    MAX_SIZE.key,
    MAX_AGE.key,
    ALLOW_WORLD_WRITABLE.key,
    VERIFY.key,
    TRACE.key,
];

/// What turns a setting off that is on when it has a value.
pub(crate) const OFF: &str = "off";

/// What an error shows in the place of a value that it must not repeat.
pub(crate) const MASK: &str = "***";

pub(crate) const DIR: Kind<Directory> = Kind {
    key: "dir",
    expected: "an absolute path in quotes, or \"off\"",
    is_secret: false,
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
    is_secret: false,
    read: |said| match said {
        Said::Text(OFF) => Some(None),
        Said::Text(command) => (!command.trim().is_empty()).then(|| Some(command.to_owned())),
        _ => None,
    },
};

pub(crate) const ON_HELPER_FAILURE: Kind<OnHelperFailure> = Kind {
    key: "on-helper-failure",
    expected: "\"fail\" or \"continue\"",
    is_secret: false,
    read: |said| match said {
        Said::Text("fail") => Some(OnHelperFailure::Fail),
        Said::Text("continue") => Some(OnHelperFailure::Continue),
        _ => None,
    },
};

pub(crate) const REMOTE: Kind<Option<StoreAddress>> = Kind {
    key: "remote",
    expected: "the address of a store, such as \"s3://bucket/prefix?region=eu-central-1\" or \
               \"fs:///srv/cache\", or \"off\"",
    is_secret: true,
    read: |said| match said {
        Said::Text(OFF) => Some(None),
        Said::Text(address) => {
            let (scheme, _) = address.split_once("://")?;
            (!scheme.is_empty()).then(|| Some(StoreAddress::new(address)))
        }
        _ => None,
    },
};

pub(crate) const REMOTE_ACCESS: Kind<RemoteAccess> = Kind {
    key: "remote-access",
    expected: "\"read-write\", \"read-only\" or \"write-only\"",
    is_secret: false,
    read: |said| match said {
        Said::Text(text) => RemoteAccess::ALL.into_iter().find(|access| access.as_str() == text),
        _ => None,
    },
};

pub(crate) const UPLOAD_WAIT: Kind<Duration> = Kind {
    key: "upload-wait",
    expected: "a time with a unit, such as \"10s\" or \"2m\"",
    is_secret: false,
    read: duration,
};

pub(crate) const SCOPE: Kind<Option<Template>> = Kind {
    key: "scope",
    expected: "text with the fields {repository}, {branch}, {os}, {arch}, {go} and {env:NAME}, \
               or \"off\"",
    is_secret: false,
    read: |said| match said {
        Said::Text(OFF) => Some(None),
        Said::Text(template) => template.parse().ok().map(Some),
        _ => None,
    },
};

pub(crate) const TRUSTED_KEYS: Kind<Option<Vec<PublicKey>>> = Kind {
    key: "trusted-keys",
    expected: "public keys, as larder key-pair prints them: a list in the settings file, separated \
               by commas elsewhere; or \"off\"",
    // Somebody's secret key may stand there by mistake.
    is_secret: true,
    read: |said| match said {
        Said::Text(OFF) => Some(None),
        Said::Text(keys) => all_keys(&mut keys.split(',')),
        // No key at all could mean that nobody is trusted, or everybody.
        Said::List([]) => None,
        Said::List(keys) => all_keys(&mut keys.iter().map(String::as_str)),
        _ => None,
    },
};

pub(crate) const SIGNING_KEY: Kind<Option<PathBuf>> = Kind {
    key: "signing-key",
    expected: "the absolute path of a file that larder key-pair has made, or \"off\"",
    // The key itself may stand there by mistake.
    is_secret: true,
    read: |said| match said {
        Said::Text(OFF) => Some(None),
        Said::Text(path) => Path::new(path).is_absolute().then(|| Some(PathBuf::from(path))),
        _ => None,
    },
};

pub(crate) const MAX_SIZE: Kind<Option<u64>> = Kind {
    key: "max-size",
    expected: "a size such as \"10GiB\", a number of bytes, or \"off\"",
    is_secret: false,
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
    is_secret: false,
    read: duration,
};

pub(crate) const ALLOW_WORLD_WRITABLE: Kind<bool> = Kind {
    key: "allow-world-writable",
    expected: "true or false, in a variable also 1 or 0",
    is_secret: false,
    read: |said| match said {
        Said::Truth(truth) => Some(truth),
        Said::Text("true" | "1") => Some(true),
        Said::Text("false" | "0") => Some(false),
        _ => None,
    },
};

pub(crate) const VERIFY: Kind<bool> =
    Kind { key: "verify", expected: TRUTH, is_secret: false, read: truth };

pub(crate) const TRACE: Kind<bool> =
    Kind { key: "trace", expected: TRUTH, is_secret: false, read: truth };

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

/// Reads a store's address, as the settings file has it: for a flag. `None`: off.
///
/// # Errors
///
/// [`WrongValue`] for anything else. Who tells it must not repeat the text, which may hold a secret.
pub fn parse_remote(text: &str) -> Result<Option<StoreAddress>, WrongValue> {
    parse(&REMOTE, text)
}

/// Reads what is done with a store, as the settings file has it: for a flag.
///
/// # Errors
///
/// [`WrongValue`] for anything else.
pub fn parse_remote_access(text: &str) -> Result<RemoteAccess, WrongValue> {
    parse(&REMOTE_ACCESS, text)
}

/// Reads how long closing waits for uploads, as the settings file has it: for a flag.
///
/// # Errors
///
/// [`WrongValue`] for anything else.
pub fn parse_upload_wait(text: &str) -> Result<Duration, WrongValue> {
    parse(&UPLOAD_WAIT, text)
}

/// Reads the template of a scope, as the settings file has it: for a flag. `None`: off.
///
/// # Errors
///
/// [`WrongValue`] for anything else.
pub fn parse_scope(text: &str) -> Result<Option<Template>, WrongValue> {
    parse(&SCOPE, text)
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

fn duration(said: Said<'_>) -> Option<Duration> {
    match said {
        Said::Text(time) => time.parse().ok().map(|time: humantime::Duration| time.into()),
        _ => None,
    }
}

/// The keys, when all of them are.
fn all_keys(keys: &mut dyn Iterator<Item = &str>) -> Option<Option<Vec<PublicKey>>> {
    let keys = keys.map(|key| key.parse().ok()).collect::<Option<Vec<PublicKey>>>()?;
    Some(Some(keys))
}
