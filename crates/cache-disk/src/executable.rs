//! Executables: since Go 1.24 an output may be a folder `HEX-d` with one file in it, which has the
//! executable's own name and mode 0777.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use cache_core::{OutputFile, OutputId};

use crate::layout;
use crate::look::{Kind, Look};
use crate::root::{Folder, Root, look_at};

/// The one file inside the folder `name`; `None` when there is not exactly one regular file, which
/// Go does not take for an output either.
pub(crate) fn inside(root: &Root, name: &str) -> io::Result<Option<OutputFile>> {
    Ok(find(root, name)?.map(|(_, file, look)| OutputFile { path: file, size: look.size }))
}

/// [`inside`], opened for reading.
pub(crate) fn open(root: &Root, name: &str) -> io::Result<Option<(OutputFile, File)>> {
    let Some((folder, path, _)) = find(root, name)? else { return Ok(None) };
    let file = match folder.open_file(path.file_name().unwrap_or_default()) {
        Ok(file) => file,
        Err(e) if is_gone(&e) => return Ok(None),
        Err(e) => return Err(e),
    };
    let look = look_at(&file)?;
    let regular = look.kind == Kind::File;
    Ok(regular.then_some((OutputFile { path, size: look.size }, file)))
}

fn find(root: &Root, name: &str) -> io::Result<Option<(Folder, PathBuf, Look)>> {
    let found = root.open_folder_named(name).and_then(|folder| {
        let names = folder.names(2)?;
        let [name] = &*names else { return Ok(None) };
        let look = folder.look(name)?;
        let path = folder.path_of(name);
        Ok((look.kind == Kind::File).then_some((folder, path, look)))
    });
    match found {
        Err(e) if is_gone(&e) => Ok(None),
        found => found,
    }
}

/// Whether an output of either form has changed within this time, by the kernel's clock.
pub(crate) fn changed_within(root: &Root, name: &str, look: &Look, time: Duration) -> bool {
    let now = SystemTime::now();
    let is_recent = |look: &Look| now.duration_since(look.changed).is_ok_and(|age| age < time);
    is_recent(look)
        || (look.kind == Kind::Folder
            && matches!(find(root, name), Ok(Some((_, _, inside))) if is_recent(&inside)))
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
            file.set_permissions(std::fs::Permissions::from_mode(executable))?;
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
