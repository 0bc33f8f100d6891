//! The environment, as a parameter.

use std::ffi::OsString;

/// From a variable's name to its value.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Returns the value of a variable of this process.
pub fn process_env(variable: &str) -> Option<OsString> {
    std::env::var_os(variable)
}

/// A variable's value. An empty one counts as not set, as everywhere in Go.
pub(crate) fn set(variable: &str, env: Env<'_>) -> Option<OsString> {
    env(variable).filter(|value| !value.is_empty())
}
