//! The settings in force.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cache_disk::DEFAULT_MAX_AGE;

use crate::debug::{self, DebugError};
use crate::dir::{self, DirError, Directory};
use crate::env::{Env, set};
use crate::file::{FileError, SettingsFile};
use crate::kind::{self, Kind, Said};
use crate::names::Names;
use crate::setting::{Flag, OnHelperFailure, Origin, Setting};
use crate::user_folder::{NoUserFolder, Platform, UserFolder};

/// The settings in force. For each, the first of these that says something counts: the command
/// line's flag, the environment variable, the settings file, the default.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The cache directory.
    pub dir: Setting<Directory>,
    /// The command of a helper in front of the directory: a program and its arguments, split at
    /// spaces, where a whole argument may stand in quotes. `None`: no helper.
    pub prog: Setting<Option<String>>,
    /// What to do when the helper does not start, or fails later.
    pub on_helper_failure: Setting<OnHelperFailure>,
    /// The size on disk, in bytes, down to which closing the cache trims it. `None`: no limit.
    pub max_size: Setting<Option<u64>>,
    /// How long after its last use a file is trimmed.
    pub max_age: Setting<Duration>,
    /// Verify mode: every lookup in the directory misses, and every put there is compared with what
    /// is stored.
    pub verify: Setting<bool>,
    /// Whether everything that is hashed into a key is traced.
    pub trace: Setting<bool>,
    /// Where the settings file is, or would be. `None`: these names have none, or the user's config
    /// folder is not known.
    pub file: Option<PathBuf>,
    /// Whether the settings file was there, and so was read.
    pub file_was_read: bool,
    names: Names,
}

/// What the command line says, which goes before all else. [`Default`] is nothing.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// For [`Settings::dir`]. A flag may name it relative to the working directory, which nothing
    /// else may: it would be another directory in every other place.
    pub dir: Option<Flag<PathBuf>>,
    /// For [`Settings::prog`].
    pub prog: Option<Flag<Option<String>>>,
    /// For [`Settings::on_helper_failure`].
    pub on_helper_failure: Option<Flag<OnHelperFailure>>,
    /// For [`Settings::max_size`].
    pub max_size: Option<Flag<Option<u64>>>,
    /// For [`Settings::max_age`].
    pub max_age: Option<Flag<Duration>>,
    /// For [`Settings::verify`].
    pub verify: Option<Flag<bool>>,
    /// For [`Settings::trace`].
    pub trace: Option<Flag<bool>>,
}

impl Settings {
    /// Resolves every setting. `env` gives a variable's value, an empty one counting as not set;
    /// [`process_env`](crate::process_env) does for every program but a test.
    ///
    /// The user's cache folder, where the directory is by default, and the user's config folder,
    /// where the settings file is, are `$XDG_CACHE_HOME` and `$XDG_CONFIG_HOME`, or `.cache` and
    /// `.config` in `$HOME`; on macOS `Library/Caches` and `Library/Application Support` in `$HOME`;
    /// on Windows `%LocalAppData%` and `%AppData%`. Without a config folder there is no settings
    /// file. Where [`Names::relative_home`] says so, as in the go command, a relative `HOME` gives a
    /// relative directory; for the settings file it never counts.
    ///
    /// That nothing names a directory and there is no default is no error here but in
    /// [`required_dir`](Self::required_dir): what needs no directory can do without.
    ///
    /// The go command also looks into the file that `go env -w` writes. An `env` that does so too
    /// makes the answer for [`Names::GO`] complete.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for a variable with a value that its setting cannot have, unless a flag
    /// goes before it, and for anything wrong with the settings file or a relative path to it.
    pub fn resolve(names: &Names, flags: Flags, env: Env<'_>) -> Result<Self, SettingsError> {
        let path = names.file.map(|name| settings_file(name, env)).transpose()?.flatten();
        let file = path.as_deref().map(SettingsFile::read).transpose()?.flatten();
        let said = Sources { env, file: file.as_ref() };
        let modes = || debug::modes(&names.debug, env);

        let dir = flags.dir.map(|Flag { name, value }| Flag { name, value: Directory::At(value) });
        let dir = said.first(&kind::DIR, dir, || said.directory(names))?;
        let prog =
            said.first(&kind::PROG, flags.prog, || said.variable(names.prog, &kind::PROG))?;
        let on_helper_failure =
            said.first(&kind::ON_HELPER_FAILURE, flags.on_helper_failure, || Ok(None))?;
        let max_size = said.first(&kind::MAX_SIZE, flags.max_size, || {
            names.max_size.map_or(Ok(None), |name| said.variable(name, &kind::MAX_SIZE))
        })?;
        let max_age = said.first(&kind::MAX_AGE, flags.max_age, || Ok(None))?;
        let verify = said.first(&kind::VERIFY, flags.verify, || {
            Ok(modes()?.verify.map(|on| from_variable(names.debug.variable, on)))
        })?;
        let trace = said.first(&kind::TRACE, flags.trace, || {
            Ok(modes()?.hash.map(|on| from_variable(names.debug.variable, on)))
        })?;
        Ok(Self {
            dir: dir.unwrap_or_else(|| dir::by_default(names, env)),
            prog: or_default(prog, None),
            on_helper_failure: or_default(on_helper_failure, OnHelperFailure::Fail),
            max_size: or_default(max_size, None),
            max_age: or_default(max_age, DEFAULT_MAX_AGE),
            verify: or_default(verify, false),
            trace: or_default(trace, false),
            file: path,
            file_was_read: file.is_some(),
            names: *names,
        })
    }

    /// The names that they were resolved with.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The cache directory, for a program that cannot do without.
    ///
    /// # Errors
    ///
    /// [`DirError::Off`] when the cache is turned off, [`DirError::NotDefined`] when nothing names a
    /// directory and there is no default.
    pub fn required_dir(&self) -> Result<&Path, DirError> {
        match &self.dir.value {
            Directory::At(dir) => Ok(dir),
            Directory::Off => Err(DirError::Off {
                origin: self.dir.origin.clone(),
                since: self.names.required_since,
            }),
            Directory::Unknown(why) => {
                Err(DirError::NotDefined { variable: self.names.dir, source: why.clone() })
            }
        }
    }
}

/// Where the settings file of this name is, or would be.
fn settings_file(name: &'static str, env: Env<'_>) -> Result<Option<PathBuf>, SettingsError> {
    match UserFolder::Config.find_absolute(Platform::CURRENT, env) {
        Ok(folder) => Ok(Some(folder.join(name))),
        // It is somewhere, and going on without it would do something else than it says.
        Err(source @ NoUserFolder::Relative { .. }) => {
            Err(SettingsError::NoConfigFolder { name, source })
        }
        // That a settings file cannot be there is no mistake in it.
        Err(_) => Ok(None),
    }
}

/// What may say something about a setting, but for the command line.
struct Sources<'a> {
    env: Env<'a>,
    file: Option<&'a SettingsFile>,
}

impl Sources<'_> {
    /// The first that says something.
    fn first<T>(
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

    fn variable<T>(
        &self,
        variable: &'static str,
        kind: &Kind<T>,
    ) -> Result<Option<Setting<T>>, SettingsError> {
        let Some(found) = set(variable, self.env) else { return Ok(None) };
        match found.to_str().and_then(|text| (kind.read)(Said::Text(text))) {
            Some(value) => Ok(Some(from_variable(variable, value))),
            None => Err(SettingsError::Variable { variable, found, expected: kind.expected }),
        }
    }

    /// By Go's rules, and with its error; and the path need not be Unicode.
    fn directory(&self, names: &Names) -> Result<Option<Setting<Directory>>, SettingsError> {
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

fn from_variable<T>(variable: &'static str, value: T) -> Setting<T> {
    Setting { value, origin: Origin::Variable(variable) }
}

fn or_default<T>(setting: Option<Setting<T>>, default: T) -> Setting<T> {
    setting.unwrap_or(Setting { value: default, origin: Origin::Default })
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The directory's variable holds neither an absolute path nor `off`.
    #[error(transparent)]
    Dir(#[from] DirError),
    /// A variable has a value that its setting cannot have.
    #[error("{variable} is {found:?}; it must be {expected}")]
    Variable {
        /// The variable.
        variable: &'static str,
        /// Its value.
        found: OsString,
        /// What it must be.
        expected: &'static str,
    },
    /// The debug variable has something in it that is no mode.
    #[error(transparent)]
    Debug(#[from] DebugError),
    /// The user's config folder, in which the settings file is, is a relative path.
    #[error("settings file {name} could not be located: {source}")]
    NoConfigFolder {
        /// Its name in the user's config folder.
        name: &'static str,
        /// Why that folder is not known.
        source: NoUserFolder,
    },
    /// The settings file cannot be read, or has a mistake in it.
    #[error(transparent)]
    File(#[from] FileError),
}
