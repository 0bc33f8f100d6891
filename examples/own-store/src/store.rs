//! The five methods.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf, absolute};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use cache_core::{
    ActionId, Cache, Entry, Error, Lookup, OutputFile, OutputId, PutOptions, Result, Source, Stored,
};

use crate::body::Body;
use crate::entries::{Entries, nanoseconds};
use crate::trim::{self, Trimmed};

/// A cache in a folder: `entries.sqlite` with the entries, `outputs/` with a file for each output,
/// `temporary/` for those on their way, and `fuzz/` for what lives beside the cache.
pub struct SqliteCache {
    dir: PathBuf,
    // `None` once it is closed.
    entries: Mutex<Option<Entries>>,
}

impl SqliteCache {
    /// Opens the cache in `dir`, and makes what is not there yet.
    ///
    /// # Errors
    ///
    /// When a folder cannot be made, or the entries cannot be opened.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        // Its paths must lead to the outputs from any working directory.
        let dir = absolute(dir.as_ref()).map_err(Error::io("find", dir.as_ref()))?;
        for folder in [outputs(&dir), temporary(&dir)] {
            fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        }
        let entries = Entries::open(dir.join("entries.sqlite"))?;
        Ok(Self { dir, entries: Mutex::new(Some(entries)) })
    }

    /// Removes every output that was not used since then, the entries that lead to it, and what
    /// killed processes left behind. Closing does it by itself, once a day.
    ///
    /// # Errors
    ///
    /// When the entries or a file cannot be read or removed.
    pub fn trim(&self, unused_since: SystemTime) -> Result<Trimmed> {
        self.entries(|entries| trim::trim(&self.dir, entries, unused_since))
    }

    /// Gives the entries to one thread at a time.
    fn entries<T>(&self, work: impl FnOnce(&mut Entries) -> Result<T>) -> Result<T> {
        // A thread that panicked has rolled back what it began.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        work(entries.as_mut().ok_or(Error::Closed)?)
    }

    fn path_of(&self, output: &OutputId) -> PathBuf {
        outputs(&self.dir).join(output.to_string())
    }
}

impl Cache for SqliteCache {
    fn get(&self, action: &ActionId) -> Result<Lookup> {
        self.entries(|entries| entries.get(action))
    }

    fn put(&self, action: &ActionId, source: Source<'_>, options: &PutOptions) -> Result<Stored> {
        if options.executable.is_some() {
            return Err(Error::Unsupported("store executables"));
        }
        let time = options.time.unwrap_or_else(SystemTime::now);
        nanoseconds(time)?;
        self.entries(|_| Ok(()))?;

        // All that takes long comes before others have to wait.
        let body = Body::of(source, action, &temporary(&self.dir))?;
        let entry = Entry { output: body.output, size: body.size, time };
        let path = self.path_of(&entry.output);
        let is_there = holds(&path, &entry.output);
        if options.durable {
            body.sync()?;
        }

        self.entries(|entries| {
            entries.write(options.durable, |rows| {
                // Another process may have trimmed it meanwhile. From here on none can.
                if !(is_there && path.is_file()) {
                    body.publish(&path)?;
                }
                if options.durable {
                    sync(&path)?;
                    sync(&outputs(&self.dir))?;
                    sync(&self.dir)?;
                }
                // The output first, then what leads to it.
                rows.put(action, &entry)
            })
        })?;
        Ok(Stored { entry, file: Some(OutputFile { path, size: entry.size }) })
    }

    fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>> {
        // The mark first: once it is there, no trim takes the file away.
        if !self.entries(|entries| entries.mark(output))? {
            return Ok(None);
        }
        let path = self.path_of(output);
        match fs::metadata(&path) {
            Ok(found) if found.is_file() => Ok(Some(OutputFile { path, size: found.len() })),
            Ok(_) => Ok(None),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("look at", path)(e)),
        }
    }

    fn fuzz_dir(&self) -> PathBuf {
        self.dir.join("fuzz")
    }

    /// Trims, once a day. Afterwards every other method but `fuzz_dir` answers [`Error::Closed`].
    fn close(&self) -> Result<()> {
        let open = self.entries.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut entries) = open else { return Ok(()) };
        let trimmed = trim::trim_when_due(&self.dir, &mut entries);
        entries.close()?;
        trimmed
    }
}

pub(crate) fn outputs(dir: &Path) -> PathBuf {
    dir.join("outputs")
}

pub(crate) fn temporary(dir: &Path) -> PathBuf {
    dir.join("temporary")
}

/// Whether an output is there with the right bytes. One that cannot be read is replaced.
fn holds(path: &Path, output: &OutputId) -> bool {
    let read = |mut file: File| OutputId::of_reader(&mut file);
    File::open(path).and_then(read).is_ok_and(|(found, _)| found == *output)
}

fn sync(path: &Path) -> Result<()> {
    let synced: io::Result<()> = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(Error::io("sync", path))
}
