//! The cache itself.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use cache_core::{
    ActionId, Cache, Entry, Error, Lookup, MissReason, OutputFile, OutputId, PutOptions, Result,
    Source, Stored,
};
use cache_prog_wire::{Command, Request, Response};

use crate::builder::Builder;
use crate::error::{HelperMiss, HelperProblem};
use crate::lock;
use crate::multiplex::Helper;
use crate::source::{self, Body};

/// The longest path that an output may have, in bytes: Unix opens no path of more than 4096, and
/// Windows none of more than 32767 characters.
const LONGEST_PATH: usize = if cfg!(windows) { 96 << 10 } else { 4 << 10 };

/// A [`Cache`] that a helper process serves.
///
/// What a helper does not know costs no error: without `get` every lookup is a miss
/// ([`HelperMiss::NoGet`]), without `put` a put gives the entry and stores nothing. A helper's
/// failure is a [`HelperError`](crate::HelperError).
///
/// A put of over 2 MiB reads its source twice, and when the second reading differs the helper has
/// to be ended, for it has half a body by then. A [`Source::Reader`] or [`Source::Promised`] of
/// that size is copied to a temporary file first, so that a promise that is not kept costs nothing.
///
/// The protocol has no word for some of [`PutOptions`]. `executable` and `time` are refused with
/// [`Error::Unsupported`]: what was stored would not be what was asked for. `durable` and `verify`
/// are the helper's own affair, and ignored.
///
/// Dropping it without [`close`](Cache::close) ends the helper at once, whatever it is doing.
pub struct ProgCache {
    helper: Helper,
    fuzz_dir: PathBuf,
    /// Where the helper has said outputs are: one for each that was looked up or put, for as long
    /// as it serves, as the protocol promises that they stay there.
    paths: Mutex<HashMap<OutputId, PathBuf>>,
}

impl ProgCache {
    /// A helper that is to be started with `command`: a program and its arguments, split at spaces
    /// as the go command does, where a whole argument may stand in `'…'` or `"…"` and nothing is
    /// escaped.
    ///
    /// The protocol knows no folder for [`fuzz_dir`](Cache::fuzz_dir); it is that of the local
    /// cache that would be used without the helper, as an absolute path.
    pub fn builder(command: impl Into<String>, fuzz_dir: impl Into<PathBuf>) -> Builder {
        Builder::new(command.into(), fuzz_dir.into())
    }

    pub(crate) fn new(helper: Helper, fuzz_dir: PathBuf) -> Self {
        Self { helper, fuzz_dir, paths: Mutex::default() }
    }

    /// What the helper has said that it can do, as the protocol calls that: `get`, `put`, `close`.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.helper.commands().iter().map(Command::as_str)
    }

    fn known_path(&self, output: OutputId, path: PathBuf) {
        lock(&self.paths).insert(output, path);
    }
}

impl Cache for ProgCache {
    fn get(&self, action: &ActionId) -> Result<Lookup> {
        self.helper.check()?;
        if !self.helper.knows(&Command::Get) {
            return Ok(Lookup::Miss(HelperMiss::NoGet.into()));
        }
        let reply = self
            .helper
            .request(Command::Get, |writer, id| Ok(writer.request(&Request::get(id, action))?))?;
        if reply.miss {
            return Ok(Lookup::Miss(MissReason::NotFound));
        }
        Ok(match read_hit(reply) {
            Ok((entry, path)) => {
                self.known_path(entry.output, path);
                Lookup::Hit(entry)
            }
            Err(useless) => Lookup::Miss(useless.into()),
        })
    }

    fn put(&self, action: &ActionId, source: Source<'_>, options: &PutOptions) -> Result<Stored> {
        self.helper.check()?;
        if options.executable.is_some() {
            return Err(Error::Unsupported("store executables: its protocol has none"));
        }
        if options.time.is_some() {
            return Err(Error::Unsupported("store a given time: its protocol has no place for it"));
        }
        if !self.helper.knows(&Command::Put) {
            let (output, size) = source::measure(action, source)?;
            let entry = Entry { output, size, time: SystemTime::now() };
            return Ok(Stored { entry, file: None });
        }
        let mut body = Body::of(action, source)?;
        let (output, size) = (body.output, body.size);
        let wire_size = i64::try_from(size)
            .map_err(|_| Error::Unsupported("store so much: its protocol has no such sizes"))?;
        let reply = self.helper.request(Command::Put, |writer, id| {
            let to = writer.put(&Request::put(id, action, &output, wire_size))?;
            body.send(action, to)
        })?;
        let path = path_of(reply.disk_path).map_err(|not| self.helper.complaint(not.into()))?;
        let file = look_at(&path)?.filter(|file| file.size == size);
        // What has another size is not the output, whoever asks for it.
        if file.is_some() {
            self.known_path(output, path);
        }
        // The protocol promises a time for hits alone, but some helpers say it here too.
        let time = reply.time.unwrap_or_else(SystemTime::now);
        Ok(Stored { entry: Entry { output, size, time }, file })
    }

    fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>> {
        self.helper.check()?;
        let path = lock(&self.paths).get(output).cloned();
        path.map_or(Ok(None), |path| look_at(&path))
    }

    fn fuzz_dir(&self) -> PathBuf {
        self.fuzz_dir.clone()
    }

    /// Asks the helper to finish and waits for its exit, within the limit that was set; ends it
    /// otherwise. Calls that still wait for a reply get [`Error::Closed`] when it exits without
    /// giving one, as later ones do.
    ///
    /// # Errors
    ///
    /// What the helper answers, that it had to be ended, and, once, that it had failed before.
    fn close(&self) -> Result<()> {
        self.helper.close()
    }
}

impl fmt::Debug for ProgCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgCache").field("fuzz_dir", &self.fuzz_dir).finish_non_exhaustive()
    }
}

/// Takes the entry and the path out of a hit.
fn read_hit(hit: Response) -> Result<(Entry, PathBuf), HelperMiss> {
    let output = hit.output_id();
    let path = path_of(hit.disk_path)?;
    let length = hit.output.map_or(0, |output| output.len());
    let output = output.ok_or(HelperMiss::OutputId { length })?;
    let size = u64::try_from(hit.size).map_err(|_| HelperMiss::Size(hit.size))?;
    let time = hit.time.unwrap_or_else(SystemTime::now);
    Ok((Entry { output, size, time }, path))
}

/// Why what an answer has for a path is not the path of an output.
enum NotAPath {
    Missing,
    Impossible,
    Relative(PathBuf),
}

/// The path in an answer. One that the system could never open is not kept: an answer has room for
/// hundreds of kilobytes of it.
fn path_of(path: Option<PathBuf>) -> Result<PathBuf, NotAPath> {
    let path = path.ok_or(NotAPath::Missing)?;
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.len() > LONGEST_PATH || bytes.contains(&0) {
        return Err(NotAPath::Impossible);
    }
    if path.is_absolute() { Ok(path) } else { Err(NotAPath::Relative(path)) }
}

impl From<NotAPath> for HelperMiss {
    fn from(not: NotAPath) -> Self {
        match not {
            NotAPath::Missing => Self::NoPath,
            NotAPath::Impossible => Self::ImpossiblePath,
            NotAPath::Relative(path) => Self::RelativePath(path),
        }
    }
}

impl From<NotAPath> for HelperProblem {
    fn from(not: NotAPath) -> Self {
        match not {
            NotAPath::Missing => Self::NoPath,
            NotAPath::Impossible => Self::ImpossiblePath,
            NotAPath::Relative(path) => Self::RelativePath(path),
        }
    }
}

/// Looks at an output's file; `None` when there is no file.
fn look_at(path: &Path) -> Result<Option<OutputFile>> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => {
            Ok(Some(OutputFile { path: path.to_owned(), size: found.len() }))
        }
        Ok(_) => Ok(None),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(Error::io("look at", path)(e)),
    }
}
