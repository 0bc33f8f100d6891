//! The file with the secret key.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cache_remote::{KeyPair, ParseKeyError};

/// A key file has a line of under a hundred bytes.
const MAX_BYTES: u64 = 4096;

/// Reads the key pair that a file has.
///
/// # Errors
///
/// [`KeyFileError`] when it cannot be read, when others can read it, and when it has something else.
pub fn read_key_pair(path: &Path) -> Result<KeyPair, KeyFileError> {
    read(path).map_err(|problem| KeyFileError { path: path.to_owned(), problem })
}

fn read(path: &Path) -> Result<KeyPair, KeyFileProblem> {
    // A named pipe would be waited for.
    if !fs::metadata(path).map_err(KeyFileProblem::Unreadable)?.is_file() {
        return Err(KeyFileProblem::NotAFile);
    }
    let file = File::open(path).map_err(KeyFileProblem::Unreadable)?;
    check_mode(&file)?;
    let mut text = String::new();
    match file.take(MAX_BYTES).read_to_string(&mut text) {
        Ok(_) => KeyPair::from_text(&text).map_err(KeyFileProblem::NotAKey),
        Err(e) if e.kind() == io::ErrorKind::InvalidData => {
            // Bytes that are no text are no key either: its error says what one looks like.
            KeyPair::from_text("").map_err(KeyFileProblem::NotAKey)
        }
        Err(e) => Err(KeyFileProblem::Unreadable(e)),
    }
}

/// On the descriptor that is read, so that it is the mode of just that file.
#[cfg(unix)]
fn check_mode(file: &File) -> Result<(), KeyFileProblem> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(KeyFileProblem::Unreadable)?.permissions().mode() & 0o777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(KeyFileProblem::OpenToOthers { mode }),
    }
}

/// Elsewhere a user's files are that user's by default.
#[cfg(not(unix))]
fn check_mode(_: &File) -> Result<(), KeyFileProblem> {
    Ok(())
}

/// The secret key could not be taken from its file.
#[derive(Debug, thiserror::Error)]
#[error("signing key {}: {problem}", path.display())]
pub struct KeyFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: KeyFileProblem,
}

/// What can be wrong with a key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileProblem {
    /// The system does not let it be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// It is a folder, a pipe, a device.
    #[error("it is not a file")]
    NotAFile,
    /// Others than its owner may read it or write to it.
    #[error(
        "its mode is {mode:04o}, so others than its owner can use it; take that away with chmod 600, \
         and make a new key if somebody may have read this one"
    )]
    OpenToOthers {
        /// Its mode.
        mode: u32,
    },
    /// What it has is not a secret key.
    #[error("it has {0}")]
    NotAKey(ParseKeyError),
}
