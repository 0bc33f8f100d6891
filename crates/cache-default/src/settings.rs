//! The settings in force.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cache_disk::DEFAULT_MAX_AGE;

use crate::address::StoreAddress;
use crate::debug::{self, DebugError};
use crate::dir::{self, DirError, Directory};
use crate::env::{Env, set};
use crate::file::{FileError, SettingsFile};
use crate::kind;
use crate::names::{Names, RemoteNames};
use crate::setting::{Flag, OnHelperFailure, Origin, RemoteAccess, Setting};
use crate::sources::{Sources, from_variable};
use crate::user_folder::{NoUserFolder, Platform, UserFolder};
use crate::{PublicKey, Template};

/// How long closing waits for uploads where the directory may be gone a moment later. Most builds
/// have none left by then.
const UPLOAD_WAIT_IN_CI: Duration = Duration::from_secs(10);

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
    /// The address of a store behind the directory, which other machines share. `None`: no store.
    pub remote: Setting<Option<StoreAddress>>,
    /// What is done with the store.
    pub remote_access: Setting<RemoteAccess>,
    /// How long closing the cache waits for uploads while they are getting through.
    pub upload_wait: Setting<Duration>,
    /// Which builds have a list in common, by which results are fetched in bulk. `None`: there are
    /// no lists.
    pub scope: Setting<Option<Template>>,
    /// Only results that were signed with one of these keys are taken from the store. `None`: all
    /// are.
    pub trusted_keys: Setting<Option<Vec<PublicKey>>>,
    /// The file with the secret key with which what is uploaded is signed. `None`: it is not.
    pub signing_key: Setting<Option<PathBuf>>,
    /// The size on disk, in bytes, down to which closing the cache trims it. `None`: no limit.
    pub max_size: Setting<Option<u64>>,
    /// How long after its last use a file is trimmed.
    pub max_age: Setting<Duration>,
    /// Whether a directory is used although everybody can write to it, and so put wrong results into
    /// it.
    pub allow_world_writable: Setting<bool>,
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
    /// For [`Settings::remote`].
    pub remote: Option<Flag<Option<StoreAddress>>>,
    /// For [`Settings::remote_access`].
    pub remote_access: Option<Flag<RemoteAccess>>,
    /// For [`Settings::upload_wait`].
    pub upload_wait: Option<Flag<Duration>>,
    /// For [`Settings::scope`].
    pub scope: Option<Flag<Option<Template>>>,
    /// For [`Settings::trusted_keys`].
    pub trusted_keys: Option<Flag<Option<Vec<PublicKey>>>>,
    /// For [`Settings::signing_key`].
    pub signing_key: Option<Flag<Option<PathBuf>>>,
    /// For [`Settings::max_size`].
    pub max_size: Option<Flag<Option<u64>>>,
    /// For [`Settings::max_age`].
    pub max_age: Option<Flag<Duration>>,
    /// For [`Settings::allow_world_writable`].
    pub allow_world_writable: Option<Flag<bool>>,
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
        let prog = said.first_of(&kind::PROG, flags.prog, Some(names.prog))?;
        let on_helper_failure =
            said.first_of(&kind::ON_HELPER_FAILURE, flags.on_helper_failure, None)?;
        let of = |name: fn(&RemoteNames) -> &'static str| names.remote.as_ref().map(name);
        let remote = said.first_of(&kind::REMOTE, flags.remote, of(|names| names.remote))?;
        let remote_access =
            said.first_of(&kind::REMOTE_ACCESS, flags.remote_access, of(|names| names.access))?;
        let upload_wait =
            said.first_of(&kind::UPLOAD_WAIT, flags.upload_wait, of(|names| names.upload_wait))?;
        let scope = said.first_of(&kind::SCOPE, flags.scope, of(|names| names.scope))?;
        let trusted_keys =
            said.first_of(&kind::TRUSTED_KEYS, flags.trusted_keys, of(|names| names.trusted_keys))?;
        let signing_key =
            said.first_of(&kind::SIGNING_KEY, flags.signing_key, of(|names| names.signing_key))?;
        let max_size = said.first_of(&kind::MAX_SIZE, flags.max_size, names.max_size)?;
        let max_age = said.first_of(&kind::MAX_AGE, flags.max_age, None)?;
        let allow_world_writable = said.first_of(
            &kind::ALLOW_WORLD_WRITABLE,
            flags.allow_world_writable,
            names.allow_world_writable,
        )?;
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
            remote: or_default(remote, None),
            remote_access: or_default(remote_access, RemoteAccess::default()),
            upload_wait: upload_wait.unwrap_or_else(|| upload_wait_by_default(names, env)),
            scope: or_default(scope, Some(Template::default())),
            trusted_keys: or_default(trusted_keys, None),
            signing_key: or_default(signing_key, None),
            max_size: or_default(max_size, None),
            max_age: or_default(max_age, DEFAULT_MAX_AGE),
            allow_world_writable: or_default(allow_world_writable, false),
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

fn upload_wait_by_default(names: &Names, env: Env<'_>) -> Setting<Duration> {
    let is_ci = names.remote.is_some_and(|names| set(names.ci, env).is_some());
    let value = if is_ci { UPLOAD_WAIT_IN_CI } else { Duration::ZERO };
    Setting { value, origin: Origin::Default }
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
        /// Its value; `***` for one that may hold a secret.
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
