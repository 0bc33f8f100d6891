//! What is put: copied into a temporary file, and hashed on the way.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use cache_core::{ActionId, BrokenPromise, Error, FromStart, OutputId, Result, Source};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

/// A temporary file that holds a whole output. It goes when this is dropped, unless it was
/// published.
pub(crate) struct Body {
    file: NamedTempFile,
    pub(crate) output: OutputId,
    /// In bytes.
    pub(crate) size: u64,
}

impl Body {
    /// Reads a source once. What is stored is what was hashed, so that a source that changes
    /// meanwhile does no harm.
    pub(crate) fn of(source: Source<'_>, action: &ActionId, folder: &Path) -> Result<Self> {
        let copy = |reader: &mut dyn Read| Self::copy(reader, action, folder);
        match source {
            Source::Bytes(mut bytes) => copy(&mut bytes),
            Source::File(file) => copy(&mut FromStart::new(file)),
            Source::Seekable(source) => {
                source.rewind().map_err(|source| Error::Source { action: *action, source })?;
                copy(source)
            }
            Source::Reader(reader) => copy(reader),
            Source::Promised { output, size, body } => {
                // One byte more than promised is enough to see that it is not what was promised.
                let found = copy(&mut body.take(size.saturating_add(1)))?;
                if (found.output, found.size) == (output, size) {
                    return Ok(found);
                }
                Err(Error::BrokenPromise(Box::new(BrokenPromise {
                    action: *action,
                    promised: output,
                    promised_size: size,
                    found: found.output,
                    found_size: found.size,
                })))
            }
        }
    }

    fn copy(reader: &mut dyn Read, action: &ActionId, folder: &Path) -> Result<Self> {
        let mut file = temporary(folder).map_err(Error::io("create a file in", folder))?;
        let mut sha = Sha256::new();
        let mut size = 0;
        let mut piece = vec![0; 128 << 10];
        loop {
            let read = match reader.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => &piece[..read],
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(source) => return Err(Error::Source { action: *action, source }),
            };
            sha.update(read);
            file.write_all(read).map_err(Error::io("write", &file))?;
            size += read.len() as u64;
        }
        Ok(Self { file, output: OutputId::from_bytes(sha.finalize().into()), size })
    }

    /// Waits until the bytes are on the disk.
    pub(crate) fn sync(&self) -> Result<()> {
        self.file.as_file().sync_all().map_err(Error::io("sync", &self.file))
    }

    /// Renames it: from now on it is there for everybody, whole.
    pub(crate) fn publish(self, path: &Path) -> Result<()> {
        match self.file.persist(path) {
            Ok(_file) => Ok(()),
            Err(e) => Err(Error::io("create", path)(e.error)),
        }
    }
}

/// Creates a file that a trim leaves alone as long as it is open.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // For its owner alone, as temporary files are by default, it would be an output that other
    // users' builds cannot read.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder)?;
    // Nobody else knows of it yet. Where there are no locks, its age alone protects it.
    file.as_file().try_lock().ok();
    Ok(file)
}

/// Removes a temporary file that no process has open.
pub(crate) fn remove_left_behind(path: &Path) -> io::Result<()> {
    if File::open(path)?.try_lock().is_ok() { fs::remove_file(path) } else { Ok(()) }
}
