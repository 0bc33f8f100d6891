//! The modes for debugging.

use crate::env::{Env, set};
use crate::names::DebugNames;

/// What a debug variable says of the modes.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Modes {
    pub(crate) verify: Option<bool>,
    pub(crate) hash: Option<bool>,
}

/// Reads the debug variable: modes with `=1` or `=0` after them, separated by commas, of which the
/// last counts, as in Go's `GODEBUG`.
pub(crate) fn modes(names: &DebugNames, env: Env<'_>) -> Result<Modes, DebugError> {
    let mut modes = Modes::default();
    let Some(value) = set(names.variable, env) else { return Ok(modes) };
    for part in value.to_string_lossy().split(',') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let mode = match name {
            name if name == names.verify => &mut modes.verify,
            name if name == names.hash => &mut modes.hash,
            _ if names.is_shared || part.is_empty() => continue,
            _ => return Err(DebugError { names: *names, part: part.to_owned() }),
        };
        *mode = match value {
            "1" => Some(true),
            "0" => Some(false),
            // As the go command takes it.
            _ if names.is_shared => Some(false),
            _ => return Err(DebugError { names: *names, part: part.to_owned() }),
        };
    }
    Ok(modes)
}

/// A debug variable has something in it that is no mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} has {part:?}, which is no mode for debugging; there are {}=1 and {}=1",
    names.variable, names.verify, names.hash
)]
pub struct DebugError {
    /// What the variable and its modes are called.
    pub names: DebugNames,
    /// What is wrong.
    pub part: String,
}
