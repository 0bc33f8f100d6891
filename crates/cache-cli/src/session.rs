//! What the flags for all commands ask for.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use cache_core::Error;
use cache_default::{Directory, Flags, Notice, Opened, Opening, Settings};
use cache_disk::DiskCache;
use cache_hash::Trace;

use crate::args::Global;
use crate::failure::Failure;
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

    /// Opens the directory, which must be there: a command that only looks makes nothing.
    pub(crate) fn open(&self) -> Result<Arc<DiskCache>> {
        self.open_with(&self.settings(Flags::default())?)
    }

    /// [`open`](Self::open) for a command that has settings of its own.
    pub(crate) fn open_with(&self, settings: &Settings) -> Result<Arc<DiskCache>> {
        let opening = self.opening(settings).without_helper().existing();
        Ok(settings::open(opening, settings)?.directory)
    }

    /// Opens the directory, and makes it first when it is not there. Closing it trims to the size
    /// limit.
    pub(crate) fn open_or_create(&self) -> Result<Arc<DiskCache>> {
        let settings = self.settings(Flags::default())?;
        Ok(settings::open(self.opening(&settings).without_helper(), &settings)?.directory)
    }

    /// Opens the cache as the settings say, with a helper in front of the directory when one is
    /// named; `None` when it is turned off. Whoever uses it closes it.
    pub(crate) fn open_cache(&self) -> Result<Option<Opened>> {
        let settings = self.settings(Flags::default())?;
        if settings.dir.value == Directory::Off {
            return Ok(None);
        }
        settings::open(self.opening(&settings), &settings).map(Some)
    }

    /// How a cache is opened that tells the user what it has to say.
    pub(crate) fn opening<'a>(&self, settings: &'a Settings) -> Opening<'a> {
        let quiet = self.quiet;
        let note = move |notice: &Notice| {
            if !quiet {
                report::message(&notice.to_string());
            }
        };
        // As it is: eyes and tools know these lines from the go command.
        let trace = Trace::new(|line| _ = writeln!(io::stderr().lock(), "{line}"));
        Opening::of(settings).notify(note).trace(trace)
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

/// What the user is told when a cache directory cannot be opened.
pub(crate) fn about_directory(error: Error) -> anyhow::Error {
    match error {
        Error::Io { path, source, .. } => Failure::Directory { path, source }.into(),
        error => error.into(),
    }
}
