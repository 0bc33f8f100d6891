//! A file that the user named to be written: it is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::{Failure, Role};
use crate::interrupt::Interrupts;

/// A file that is being written. Nothing of it is seen before [`publish`](Self::publish), unless
/// it is no file but a device or a pipe.
pub(crate) struct Target {
    /// As the user named it, for messages.
    named: PathBuf,
    kind: Kind,
}

enum Kind {
    /// A file beside the path that it will have: only there a rename puts it in place at once.
    ///
    /// The fields are in the order in which they have to be dropped: a signal ends the process when
    /// the temporary file is gone.
    Whole { temporary: NamedTempFile, path: PathBuf, interrupts: Interrupts },
    /// What stands at the path is not replaced but written to.
    Stream(File),
}

impl Target {
    pub(crate) fn create(named: &Path) -> Result<Self, Failure> {
        let kind = Kind::create(named).map_err(Failure::file("write", named, Role::Target))?;
        Ok(Self { named: named.to_owned(), kind })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &mut self.kind {
            // Not told to anybody: on the way out the process ends by the signal.
            Kind::Whole { interrupts, .. } if interrupts.came() => {
                Err(ErrorKind::Interrupted.into())
            }
            Kind::Whole { temporary, .. } => temporary.as_file().write_all(bytes),
            Kind::Stream(file) => file.write_all(bytes),
        };
        written.map_err(Failure::file("write", &self.named, Role::Target))
    }

    pub(crate) fn publish(self) -> Result<(), Failure> {
        match self.kind {
            Kind::Stream(_) => Ok(()),
            Kind::Whole { temporary, path, interrupts } => {
                let published = temporary.persist(path).map_err(|e| e.error);
                drop(interrupts);
                published.map_err(Failure::file("write", &self.named, Role::Target))?;
                Ok(())
            }
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
        // Before there is a file that a signal would leave behind.
        let interrupts = Interrupts::watch()?;
        let temporary = temporary_in(folder)?;
        if let Some(permissions) = permissions {
            temporary.as_file().set_permissions(permissions)?;
        }
        Ok(Self::Whole { temporary, path, interrupts })
    }
}

/// Made here and not by `tempfile`, whose errors name the temporary file, which says nothing to the
/// user, and whose files are for one user alone: this one has the mode of any new file.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let create = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
    tempfile::Builder::new().prefix(".larder-").suffix(".tmp").make_in(folder, create)
}
