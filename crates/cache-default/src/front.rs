//! A helper in front of the directory.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cache_core::{
    ActionId, Cache, Error, Lookup, OutputFile, OutputId, PutOptions, Result, Source, Stored,
};
use cache_disk::DiskCache;
use cache_prog_client::{HelperError, HelperProblem};

use crate::notice::{Notice, Notify};

/// A helper in front of the directory, as the go command has it: the helper answers everything, and
/// the directory stands beside it for what the protocol has no word for, the fuzz folder.
///
/// When the helper fails and the user wants to go on, the directory answers from then on. The call
/// that met the failure is done again there. A put whose reader was read from by then cannot be: it
/// fails with the helper's error, nothing of it is stored, and the caller may put again.
///
/// What the helper kept is not in the directory: a result that it gave a moment ago is a miss now,
/// computed again and stored. That is the price of going on, and no wrong answer.
pub(crate) struct Front {
    helper: Box<dyn Cache>,
    directory: Arc<DiskCache>,
    /// Whether the directory answers, when the helper cannot.
    goes_on: bool,
    /// Whether the helper has failed, and the directory answers.
    is_lost: AtomicBool,
    notify: Notify,
}

impl Front {
    pub(crate) fn new(
        helper: Box<dyn Cache>,
        directory: Arc<DiskCache>,
        goes_on: bool,
        notify: Notify,
    ) -> Self {
        Self { helper, directory, goes_on, is_lost: AtomicBool::new(false), notify }
    }

    /// Asks the helper, or else the directory.
    fn ask<T>(&self, question: impl Fn(&dyn Cache) -> Result<T>) -> Result<T> {
        if self.is_lost.load(Ordering::Acquire) {
            return question(&*self.directory);
        }
        match question(&*self.helper) {
            Err(error) if self.is_over(&error) => question(&*self.directory),
            answer => answer,
        }
    }

    /// Whether the helper is over with this error and the directory answers from now on. Says so,
    /// the first time.
    fn is_over(&self, error: &Error) -> bool {
        if !self.goes_on || !ends_the_helper(error) {
            return false;
        }
        if !self.is_lost.swap(true, Ordering::AcqRel) {
            (self.notify)(&Notice::WithoutHelper {
                problem: error.to_string(),
                dir: self.directory.dir().to_owned(),
            });
        }
        true
    }

    /// A put of what is read once. It can be put again as long as nothing was read.
    fn put_once<'a>(
        &self,
        action: &ActionId,
        reader: &'a mut (dyn Read + Send),
        options: &PutOptions,
        source: impl for<'b> Fn(&'b mut (dyn Read + Send)) -> Source<'b>,
    ) -> Result<Stored> {
        let mut reader = Watched { reader, was_read: false };
        match self.helper.put(action, source(&mut reader), options) {
            Err(error) if self.is_over(&error) && !reader.was_read => {
                self.directory.put(action, source(&mut reader), options)
            }
            answer => answer,
        }
    }
}

impl Cache for Front {
    fn get(&self, action: &ActionId) -> Result<Lookup> {
        self.ask(|cache| cache.get(action))
    }

    fn put(&self, action: &ActionId, source: Source<'_>, options: &PutOptions) -> Result<Stored> {
        if self.is_lost.load(Ordering::Acquire) {
            return self.directory.put(action, source, options);
        }
        match source {
            Source::Bytes(bytes) => {
                self.ask(|cache| cache.put(action, Source::Bytes(bytes), options))
            }
            Source::File(file) => self.ask(|cache| cache.put(action, Source::File(file), options)),
            // Every cache reads it from its beginning.
            Source::Seekable(source) => {
                match self.helper.put(action, Source::Seekable(&mut *source), options) {
                    Err(error) if self.is_over(&error) => {
                        self.directory.put(action, Source::Seekable(source), options)
                    }
                    answer => answer,
                }
            }
            Source::Reader(reader) => {
                self.put_once(action, reader, options, |reader| Source::Reader(reader))
            }
            Source::Promised { output, size, body } => {
                self.put_once(action, body, options, |body| Source::Promised { output, size, body })
            }
        }
    }

    fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>> {
        self.ask(|cache| cache.output_file(output))
    }

    fn open_output(&self, output: &OutputId) -> Result<Option<(OutputFile, File)>> {
        self.ask(|cache| cache.open_output(output))
    }

    fn fuzz_dir(&self) -> PathBuf {
        self.directory.fuzz_dir()
    }

    /// Closes both, whatever the first one says.
    fn close(&self) -> Result<()> {
        let helper = match self.helper.close() {
            // Said already, or now.
            Err(error) if self.is_over(&error) => Ok(()),
            result => result,
        };
        let directory = self.directory.close();
        match (helper, directory) {
            (Err(error), Err(other)) => {
                tracing::warn!("closing the cache directory: {other}");
                Err(error)
            }
            (helper, directory) => helper.and(directory),
        }
    }
}

/// Whether a helper is of no use after this. One that answers with an error is.
fn ends_the_helper(error: &Error) -> bool {
    let Error::Backend(error) = error else { return false };
    error.downcast_ref::<HelperError>().is_some_and(|error| {
        !matches!(
            error.problem,
            HelperProblem::Refused { .. }
                | HelperProblem::NoPath
                | HelperProblem::RelativePath(_)
                | HelperProblem::ImpossiblePath
        )
    })
}

/// A reader that knows whether anything was read from it.
struct Watched<'a> {
    reader: &'a mut (dyn Read + Send),
    was_read: bool,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.was_read = true;
        self.reader.read(buffer)
    }
}
