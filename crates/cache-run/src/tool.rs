//! The executable that a command starts.

use std::env::{self, consts};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{self, Path, PathBuf};

use crate::DescribeError;

/// Where executables are looked for when `PATH` is not set: the C library's choice.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Finds the executable that `command` starts in `dir`, as `execvp` does: a command with a
/// separator in it is a path, any other is looked for in the folders of `search`, of which an empty
/// one is the working directory. Returns its absolute path, and what the system tells about it.
pub(crate) fn find(
    command: &OsStr,
    dir: &Path,
    search: Option<OsString>,
) -> Result<(PathBuf, Metadata), DescribeError> {
    if command.is_empty() {
        return Err(DescribeError::NoCommand);
    }
    if command.as_encoded_bytes().iter().any(|&byte| path::is_separator(byte.into())) {
        let program = with_suffix(dir.join(command));
        return match look(&program) {
            Found::Executable(metadata) => Ok((program, metadata)),
            Found::NotExecutable => Err(DescribeError::ToolNotExecutable(command.into())),
            Found::Nothing => Err(DescribeError::ToolNotFound(command.into())),
        };
    }
    let mut refused = None;
    for folder in env::split_paths(&search.unwrap_or_else(|| DEFAULT_PATH.into())) {
        let program = with_suffix(dir.join(folder).join(command));
        match look(&program) {
            Found::Executable(metadata) => return Ok((program, metadata)),
            Found::NotExecutable => {
                // A later folder may have one that can be executed.
                refused.get_or_insert(program);
            }
            Found::Nothing => {}
        }
    }
    Err(match refused {
        Some(program) => DescribeError::ToolNotExecutable(program),
        None => DescribeError::ToolNotFoundInPath(command.to_owned()),
    })
}

/// Where executables have a suffix, a command may leave it out.
fn with_suffix(program: PathBuf) -> PathBuf {
    match consts::EXE_SUFFIX {
        "" => program,
        _ if program.extension().is_some() => program,
        _ => program.with_extension(consts::EXE_EXTENSION),
    }
}

enum Found {
    Executable(Metadata),
    NotExecutable,
    Nothing,
}

fn look(program: &Path) -> Found {
    match fs::metadata(program) {
        Ok(found) if found.is_file() && is_executable(program) => Found::Executable(found),
        Ok(_) => Found::NotExecutable,
        Err(e) if e.kind() == ErrorKind::PermissionDenied => Found::NotExecutable,
        Err(_) => Found::Nothing,
    }
}

#[cfg(unix)]
fn is_executable(program: &Path) -> bool {
    rustix::fs::access(program, rustix::fs::Access::EXEC_OK).is_ok()
}

/// Elsewhere only starting it tells.
#[cfg(not(unix))]
fn is_executable(_program: &Path) -> bool {
    true
}
