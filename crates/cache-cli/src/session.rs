//! What the flags for all commands ask for.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::Result;
use bytesize::ByteSize;
use cache_core::Error;
use cache_default::{DirError, Names, create};
use cache_disk::DiskCache;

use crate::args::Global;
use crate::failure::Failure;
use crate::report;
use crate::settings::{self, NAMES, Setting};

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

    /// The cache directory.
    pub(crate) fn dir(&self) -> Result<Setting<PathBuf>, Failure> {
        settings::dir(self.dir.as_deref())
    }

    /// The directory that `--dir` names, as it was written.
    pub(crate) fn dir_flag(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// Opens the cache, which must be there: a command that only looks makes nothing.
    pub(crate) fn open(&self) -> Result<DiskCache> {
        DiskCache::open(self.dir()?.value).map_err(about_directory)
    }

    /// Opens the cache, and makes its directory first when it is not there. Closing it trims to
    /// `max_size`.
    pub(crate) fn open_or_create(&self, max_size: Option<ByteSize>) -> Result<DiskCache> {
        let dir = self.dir()?.value;
        make(&dir, &NAMES)?;
        let mut builder = DiskCache::builder(dir);
        if let Some(size) = max_size {
            builder = builder.max_size(size.as_u64());
        }
        builder.open().map_err(about_directory)
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

/// Makes a cache directory that is not there.
pub(crate) fn make(dir: &Path, names: &Names) -> Result<()> {
    create(dir, names).map_err(|error| match error {
        DirError::Create { dir: path, source } => Failure::Directory { path, source }.into(),
        error => anyhow::Error::new(error),
    })
}

/// What the user is told when a cache directory cannot be opened.
pub(crate) fn about_directory(error: Error) -> anyhow::Error {
    match error {
        Error::Io { path, source, .. } => Failure::Directory { path, source }.into(),
        error => error.into(),
    }
}
