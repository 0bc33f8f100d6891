//! Executables: since Go 1.24 an output may be a folder `HEX-d` with one file in it, which has the
//! executable's own name and mode 0777.

use std::fs::{self, File};
use std::io::{self, ErrorKind};

use cache_core::{OutputFile, OutputId};

use crate::layout;
use crate::look::{Kind, Look};
use crate::root::Root;

/// The one file inside the folder `name`; `None` when there is not exactly one regular file, which
/// Go does not take for an output either.
pub(crate) fn inside(root: &Root, name: &str) -> io::Result<Option<OutputFile>> {
    let mut files = match fs::read_dir(root.path_of(name)) {
        Ok(files) => files,
        Err(e) if is_gone(&e) => return Ok(None),
        Err(e) => return Err(e),
    };
    let Some(file) = files.next().transpose()? else { return Ok(None) };
    if files.next().is_some() {
        return Ok(None);
    }
    let look = match file.metadata() {
        Ok(metadata) => Look::of(&metadata),
        Err(e) if is_gone(&e) => return Ok(None),
        Err(e) => return Err(e),
    };
    let regular = look.kind == Kind::File;
    Ok(regular.then(|| OutputFile { path: file.path(), size: look.size }))
}

/// The size in bytes of an output of either form; 0 for a folder that holds none.
pub(crate) fn size(root: &Root, output: &OutputId, look: &Look) -> u64 {
    match look.kind {
        Kind::Folder => {
            inside(root, &layout::output(output)).ok().flatten().map_or(0, |file| file.size)
        }
        Kind::File | Kind::Other => look.size,
    }
}

/// Gives everyone who may read `file` the right to execute it.
pub(crate) fn make_executable(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata()?.permissions().mode();
        let executable = mode | (mode & 0o444) >> 2;
        if executable != mode {
            file.set_permissions(fs::Permissions::from_mode(executable))?;
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// Whether it says that the name leads nowhere, or no longer to a folder.
fn is_gone(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
