//! What may say something about a setting, but for the command line.

use std::path::Path;

use crate::dir::{DirError, Directory};
use crate::env::{Env, set};
use crate::file::SettingsFile;
use crate::kind::{self, Kind, MASK, Said};
use crate::names::Names;
use crate::setting::{Flag, Origin, Setting};
use crate::settings::SettingsError;

/// The environment and the settings file.
pub(crate) struct Sources<'a> {
    pub(crate) env: Env<'a>,
    pub(crate) file: Option<&'a SettingsFile>,
}

impl Sources<'_> {
    /// The first that says something, where a variable may be asked.
    pub(crate) fn first<T>(
        &self,
        kind: &Kind<T>,
        flag: Option<Flag<T>>,
        variable: impl FnOnce() -> Result<Option<Setting<T>>, SettingsError>,
    ) -> Result<Option<Setting<T>>, SettingsError> {
        // Read in any case: a mistake in the file does not wait for the day on which it counts.
        let filed = self.file.map(|file| file.get(kind)).transpose()?.flatten();
        if let Some(Flag { name, value }) = flag {
            return Ok(Some(Setting { value, origin: Origin::Flag(name) }));
        }
        Ok(variable()?.or(filed))
    }

    /// The first that says something, where the variable may not exist.
    pub(crate) fn first_of<T>(
        &self,
        kind: &Kind<T>,
        flag: Option<Flag<T>>,
        variable: Option<&'static str>,
    ) -> Result<Option<Setting<T>>, SettingsError> {
        self.first(kind, flag, || variable.map_or(Ok(None), |name| self.variable(name, kind)))
    }

    pub(crate) fn variable<T>(
        &self,
        variable: &'static str,
        kind: &Kind<T>,
    ) -> Result<Option<Setting<T>>, SettingsError> {
        let Some(found) = set(variable, self.env) else { return Ok(None) };
        match found.to_str().and_then(|text| (kind.read)(Said::Text(text))) {
            Some(value) => Ok(Some(from_variable(variable, value))),
            None => {
                let found = if kind.is_secret { MASK.into() } else { found };
                Err(SettingsError::Variable { variable, found, expected: kind.expected })
            }
        }
    }

    /// By Go's rules, and with its error; and the path need not be Unicode.
    pub(crate) fn directory(
        &self,
        names: &Names,
    ) -> Result<Option<Setting<Directory>>, SettingsError> {
        let Some(found) = set(names.dir, self.env) else { return Ok(None) };
        let directory = if found == kind::OFF {
            Directory::Off
        } else if Path::new(&found).is_absolute() {
            Directory::At(found.into())
        } else {
            return Err(DirError::NotAbsolute { variable: names.dir, found }.into());
        };
        Ok(Some(from_variable(names.dir, directory)))
    }
}

pub(crate) fn from_variable<T>(variable: &'static str, value: T) -> Setting<T> {
    Setting { value, origin: Origin::Variable(variable) }
}
