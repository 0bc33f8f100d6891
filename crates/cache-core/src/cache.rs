//! The trait that every cache implements, and what goes in and out of it.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek};
#[cfg(unix)]
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::{ActionId, Entry, Error, MissReason, OutputId, Result};

/// A build artifact cache.
///
/// Every method may be called from any number of threads at once. [`CacheExt`](crate::CacheExt)
/// adds the readers and writers that follow from these, of which five have to be written.
///
/// `cache-conformance` holds this contract as tests that any implementation can run.
pub trait Cache: Send + Sync {
    /// Returns the entry of an action, or the reason there is none.
    ///
    /// A hit says that the result was stored once; whether its bytes are still there is for
    /// [`output_file`](Self::output_file) to say.
    ///
    /// # Errors
    ///
    /// Failures of the cache itself. An entry that is absent, malformed or unreadable is a miss.
    fn get(&self, action: &ActionId) -> Result<Lookup>;

    /// Stores an output as the result of an action. Returns the new entry, and the output's file
    /// where the cache has one.
    ///
    /// An entry that was there is replaced; an output that is there with the right bytes is kept.
    ///
    /// # Errors
    ///
    /// When the source fails or is not what it promised, and when the cache cannot store it.
    /// Nothing of a put that failed is ever taken for a result.
    fn put(&self, action: &ActionId, source: Source<'_>, options: &PutOptions) -> Result<Stored>;

    /// Returns the file of an output that was just looked up or put, or `None` when it is gone.
    ///
    /// Asking counts as use of the output.
    ///
    /// # Errors
    ///
    /// Failures of the cache itself.
    fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>>;

    /// Opens that file for reading, and looks at it once it is open. For a cache that has a shorter
    /// way than [`output_file`](Self::output_file) and then its path, which is what this does.
    ///
    /// # Errors
    ///
    /// Failures of the cache itself, and of opening the file.
    fn open_output(&self, output: &OutputId) -> Result<Option<(OutputFile, File)>> {
        self.output_file(output)?.map_or(Ok(None), OutputFile::open)
    }

    /// Returns the folder for files that live beside the cache and that trim leaves alone, as
    /// fuzzing corpora do. It may not exist.
    fn fuzz_dir(&self) -> PathBuf;

    /// Finishes: trims, waits for uploads, lets a helper exit. Calling it again does nothing.
    /// Afterwards the other methods may fail with [`Error::Closed`](crate::Error::Closed).
    ///
    /// # Errors
    ///
    /// Failures of what was left to do.
    fn close(&self) -> Result<()>;
}

/// A lookup's answer.
#[derive(Debug)]
pub enum Lookup<T = Entry> {
    /// It is there.
    Hit(T),
    /// It is not, and why.
    Miss(MissReason),
}

impl<T> Lookup<T> {
    /// The hit, or `None` for a miss.
    pub fn hit(self) -> Option<T> {
        match self {
            Lookup::Hit(hit) => Some(hit),
            Lookup::Miss(_) => None,
        }
    }

    /// The reason of a miss, or `None` for a hit.
    pub fn miss(self) -> Option<MissReason> {
        match self {
            Lookup::Hit(_) => None,
            Lookup::Miss(reason) => Some(reason),
        }
    }

    /// Whether it is a hit.
    pub fn is_hit(&self) -> bool {
        matches!(self, Lookup::Hit(_))
    }
}

/// The file that holds an output, looked at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes when it was looked at.
    pub size: u64,
}

impl OutputFile {
    /// Opens it for reading, and looks at it again: its path may lead to something else by now. A
    /// named pipe there is not waited for. Returns `None` when it is gone.
    ///
    /// # Errors
    ///
    /// Failures of opening it and of looking at it, and that it is not a regular file.
    pub fn open(self) -> Result<Option<(Self, File)>> {
        let mut options = File::options();
        options.read(true);
        // Without it, a named pipe is opened once somebody writes to it, which may be never.
        #[cfg(unix)]
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as _);
        let file = match options.open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("open", &self.path)(e)),
        };
        let found = file.metadata().map_err(Error::io("look at", &self.path))?;
        if !found.is_file() {
            return Err(Error::io("open", &self.path)(io::Error::other(
                "it is not a regular file",
            )));
        }
        Ok(Some((Self { size: found.len(), ..self }, file)))
    }
}

/// What a put stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The entry that the action now has.
    pub entry: Entry,
    /// The output's file. `None` where the cache keeps no file, as a helper without `put`.
    pub file: Option<OutputFile>,
}

/// A seekable reader, as one trait for [`Source::Seekable`].
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// Where the bytes of a put come from. The kinds differ in what they promise, and so in how often
/// they have to be read.
pub enum Source<'a> {
    /// Bytes in memory, which cannot change: hashed once.
    Bytes(&'a [u8]),
    /// A file, from its beginning to its end wherever its position is. It may be cloned or copied
    /// by the kernel, and then the copy is hashed.
    File(&'a File),
    /// A seekable reader, from its beginning. It may change between two passes: hashed twice and
    /// compared.
    Seekable(&'a mut (dyn ReadSeek + Send)),
    /// A reader, from where it stands: read once, nothing known beforehand.
    Reader(&'a mut (dyn Read + Send)),
    /// A reader whose output ID and size were announced: read once and checked against them.
    Promised {
        /// The output ID of the body.
        output: OutputId,
        /// The size of the body in bytes.
        size: u64,
        /// The body.
        body: &'a mut (dyn Read + Send),
    },
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Source::File(file) => f.debug_tuple("File").field(file).finish(),
            Source::Seekable(_) => f.write_str("Seekable"),
            Source::Reader(_) => f.write_str("Reader"),
            Source::Promised { output, size, .. } => {
                write!(f, "Promised({output}, {size} bytes)")
            }
        }
    }
}

/// How a put is done. [`Default`] is the ordinary way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutOptions {
    /// Whether a cache in verify mode compares this put with what it has. Off for results that are
    /// fine to cache but vary from run to run, like a test's log with times in it. On by default.
    pub verify: bool,
    /// Whether the put survives a loss of power once it has returned. Off by default.
    pub durable: bool,
    /// Stores the output as an executable of this name. Optional in the contract: a cache without
    /// executables answers [`Error::Unsupported`](crate::Error::Unsupported).
    pub executable: Option<FileName>,
    /// The entry's time; `None` for now. A cache that cannot store another answers
    /// [`Error::Unsupported`](crate::Error::Unsupported).
    pub time: Option<SystemTime>,
}

impl Default for PutOptions {
    fn default() -> Self {
        Self { verify: true, durable: false, executable: None, time: None }
    }
}

/// One component of a path: not empty, not `.` or `..`, without a separator or a NUL, and not
/// longer than 255 bytes, so that it can never lead out of the folder that it is put in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName(String);

impl FileName {
    /// Checks `name`.
    ///
    /// # Errors
    ///
    /// [`InvalidFileName`] when it is not one plain component.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidFileName> {
        let name = name.into();
        let plain = !matches!(name.as_str(), "" | "." | "..")
            && !name.contains(['/', '\\', '\0'])
            && name.len() <= 255;
        if plain { Ok(Self(name)) } else { Err(InvalidFileName(name)) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is not the name of a file in a folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a file name: it must be one path component of 1 to 255 bytes")]
pub struct InvalidFileName(String);
