//! What the flags for all commands ask for.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use cache_default::{Directory, Flags, Notice, Opened, Opening, Origin, RemoteAccess, Settings};
use cache_disk::DiskCache;
use cache_hash::Trace;

use crate::args::Global;
use crate::failure::Failure;
use crate::remote;
use crate::report;
use crate::settings::{self, NAMES};

/// What the flags for all commands ask for.
pub(crate) struct Session {
    dir: Option<PathBuf>,
    quiet: bool,
    /// Whether `-v` was given.
    pub(crate) verbose: bool,
    /// Whether answers are JSON.
    pub(crate) json: bool,
}

impl Session {
    pub(crate) fn new(global: Global) -> Self {
        Self {
            dir: global.dir,
            quiet: global.quiet,
            verbose: global.verbose > 0,
            json: global.json,
        }
    }

    /// The settings, with these flags of the command's own.
    pub(crate) fn settings(&self, flags: Flags) -> Result<Settings, Failure> {
        let dir = settings::dir_flag(self.dir.as_deref())?;
        settings::resolve(&NAMES, Flags { dir, ..flags })
    }

    /// The directory that `--dir` names, as it was written.
    pub(crate) fn dir_flag(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// Opens the directory that is there: a command that only looks makes nothing.
    pub(crate) fn open(&self) -> Result<Existing> {
        self.open_with(&self.settings(Flags::default())?)
    }

    /// [`open`](Self::open) for a command that has settings of its own.
    pub(crate) fn open_with(&self, settings: &Settings) -> Result<Existing> {
        let opening = self.opening(settings).without_helper().without_store().existing();
        Ok(match self.existing(settings::open(opening, settings), settings)? {
            Existing::Cache(opened) => Existing::Cache(opened.directory),
            Existing::NotYet(dir) => Existing::NotYet(dir),
        })
    }

    fn existing(&self, opened: Result<Opened>, settings: &Settings) -> Result<Existing<Opened>> {
        match opened {
            Ok(opened) => Ok(Existing::Cache(opened)),
            Err(error) => match error.downcast() {
                // Nobody named it, so that it is not there is no mistake.
                Ok(Failure::NoCache { path }) if settings.dir.origin == Origin::Default => {
                    Ok(Existing::NotYet(path))
                }
                Ok(failure) => Err(failure.into()),
                Err(error) => Err(error),
            },
        }
    }

    /// Opens the directory, and makes it first when it is not there. Closing it trims to the size
    /// limit.
    pub(crate) fn open_or_create(&self, settings: &Settings) -> Result<Arc<DiskCache>> {
        let opening = self.opening(settings).without_helper().without_store();
        Ok(settings::open(opening, settings)?.directory)
    }

    /// Opens the directory for one lookup, with the store behind it when one is named: then it is
    /// made when it is not there, for what comes from the store.
    pub(crate) fn open_to_get(&self) -> Result<Existing<Opened>> {
        let mut settings = self.settings_of_one()?;
        match settings.remote_access.value.reads() {
            // What earlier processes have left to upload is none of this one's business.
            true => settings.remote_access.value = RemoteAccess::ReadOnly,
            false => settings.remote.value = None,
        }
        let opening = self.opening(&settings).without_helper();
        let opening = match settings.remote.value {
            Some(_) => opening,
            None => opening.existing(),
        };
        self.existing(settings::open(opening, &settings), &settings)
    }

    /// Opens the directory for one put, with the store behind it when one is named. It is made when
    /// it is not there. Returns also how long to wait for the upload.
    pub(crate) fn open_to_put(&self) -> Result<(Opened, Duration)> {
        let settings = self.settings_of_one()?;
        let opened = settings::open(self.opening(&settings).without_helper(), &settings)?;
        Ok((opened, remote::upload_wait(&settings)))
    }

    /// Opens the cache as the settings say, with a helper in front of the directory or a store
    /// behind it when one is named; `None` when it is turned off. Whoever uses it closes it. Returns
    /// also how long to wait for uploads.
    pub(crate) fn open_cache(&self) -> Result<Option<(Opened, Duration)>> {
        let settings = self.settings_of_one()?;
        if settings.dir.value == Directory::Off {
            return Ok(None);
        }
        let opened = settings::open(self.opening(&settings), &settings)?;
        Ok(Some((opened, remote::upload_wait(&settings))))
    }

    /// The settings of a command that uses a result or two: a list of those would take the place of
    /// one that a build has written.
    fn settings_of_one(&self) -> Result<Settings, Failure> {
        let mut settings = self.settings(Flags::default())?;
        settings.scope.value = None;
        Ok(settings)
    }

    /// How a cache is opened that tells the user what it has to say.
    pub(crate) fn opening<'a>(&self, settings: &'a Settings) -> Opening<'a> {
        let quiet = self.quiet;
        let note = move |notice: &Notice| {
            if !quiet {
                report::message(&notice.to_string());
            }
        };
        Opening::of(settings).notify(note).trace(traced())
    }

    /// Where a key is traced to that needs no cache: nowhere, unless the settings ask for it.
    pub(crate) fn trace(&self) -> Result<Trace, Failure> {
        let settings = self.settings(Flags::default())?;
        Ok(if settings.trace.value { traced() } else { Trace::default() })
    }

    /// Tells the user what is neither an answer nor an error.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            report::message(text);
        }
    }

    /// Whether a progress bar is wanted, and somebody is there to see it.
    pub(crate) fn progress(&self) -> bool {
        !self.quiet && !self.json && io::stderr().is_terminal()
    }
}

/// A trace on stderr. Its lines are as they are: eyes and tools know them from the go command.
fn traced() -> Trace {
    Trace::new(|line| _ = writeln!(io::stderr().lock(), "{line}"))
}

/// What a command finds that only looks.
pub(crate) enum Existing<T = Arc<DiskCache>> {
    Cache(T),
    /// Nothing names a directory, and the default one, which is this, is not there yet.
    NotYet(PathBuf),
}

impl Existing {
    /// The cache; `None`, once the user was told, when there is none yet.
    pub(crate) fn or_tell(self, session: &Session) -> Option<Arc<DiskCache>> {
        match self {
            Existing::Cache(cache) => Some(cache),
            Existing::NotYet(dir) => {
                session.note(&no_cache_yet(&dir));
                None
            }
        }
    }
}

/// That the default directory is not there.
pub(crate) fn no_cache_yet(dir: &Path) -> String {
    format!("there is no cache yet at {}", dir.display())
}
