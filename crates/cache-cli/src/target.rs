//! A file that the user named to be written: it is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::{Failure, Role};

/// A file that is being written. Nothing of it is seen before [`publish`](Self::publish), unless
/// it is no file but a device or a pipe.
pub(crate) struct Target {
    /// As the user named it, for messages.
    named: PathBuf,
    kind: Kind,
}

enum Kind {
    /// A file beside the path that it will have: only there a rename puts it in place at once.
    Whole { temporary: NamedTempFile, path: PathBuf },
    /// What stands at the path is not replaced but written to.
    Stream(File),
}

impl Target {
    pub(crate) fn create(named: &Path) -> Result<Self, Failure> {
        let kind = Kind::create(named).map_err(Failure::file("write", named, Role::Target))?;
        Ok(Self { named: named.to_owned(), kind })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let mut file = match &self.kind {
            Kind::Whole { temporary, .. } => temporary.as_file(),
            Kind::Stream(file) => file,
        };
        file.write_all(bytes).map_err(Failure::file("write", &self.named, Role::Target))
    }

    pub(crate) fn publish(self) -> Result<(), Failure> {
        match self.kind {
            Kind::Stream(_) => Ok(()),
            Kind::Whole { temporary, path } => match temporary.persist(path) {
                Ok(_) => Ok(()),
                Err(e) => Err(Failure::file("write", &self.named, Role::Target)(e.error)),
            },
        }
    }
}

impl Kind {
    fn create(named: &Path) -> io::Result<Self> {
        // A link is followed, so that what it leads to is replaced and not the link.
        let (path, permissions) = match fs::metadata(named) {
            Ok(there) if there.is_dir() => return Err(ErrorKind::IsADirectory.into()),
            Ok(there) if there.is_file() => (named.canonicalize()?, Some(there.permissions())),
            Ok(_) => return Ok(Self::Stream(OpenOptions::new().write(true).open(named)?)),
            Err(e) if e.kind() == ErrorKind::NotFound => (named.to_owned(), None),
            Err(e) => return Err(e),
        };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let temporary = temporary_in(folder).map_err(without_path)?;
        if let Some(permissions) = permissions {
            temporary.as_file().set_permissions(permissions)?;
        }
        Ok(Self::Whole { temporary, path })
    }
}

fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".larder-").suffix(".tmp");
    #[cfg(unix)]
    {
        // The mode of any new file, less the umask; a temporary file's own is for one user alone.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// The system's error without the temporary file's path, which says nothing to the user.
fn without_path(error: io::Error) -> io::Error {
    let source = error.get_ref().and_then(|inner| inner.source());
    match source.and_then(|source| source.downcast_ref::<io::Error>()?.raw_os_error()) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error,
    }
}
