//! A look before a file is opened by its path.

use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// Looks whether a file of the caller's own may be opened at `path`: for locks, counters and whatever
/// else is kept beside a cache and written in place.
///
/// A symbolic link would lead to another file, one of two names is another file's too, and opening a
/// named pipe may take for ever. That nothing is there is fine. Who may write to the folder can still
/// put one of them there between this look and the opening.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`], with what is wrong but not the path, when it is not a regular file or
/// (on Unix) has another name; otherwise why it could not be looked at.
pub fn refuse_what_is_no_file(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"))
        }
        #[cfg(unix)]
        Ok(found) if std::os::unix::fs::MetadataExt::nlink(&found) > 1 => {
            Err(Error::new(ErrorKind::InvalidInput, "it has another name too"))
        }
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        let error = refuse_what_is_no_file(path).expect_err("it is no file of our own");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        error.to_string()
    }

    #[test]
    fn a_file_of_one_name_or_none_may_be_opened() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        refuse_what_is_no_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        refuse_what_is_no_file(&path).unwrap();
    }

    #[test]
    fn a_folder_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(refusal(dir.path()), "it is not a regular file");
    }

    #[cfg(unix)]
    #[test]
    fn links_of_either_kind_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink(at("file"), at("soft")).unwrap();
        assert_eq!(refusal(&at("soft")), "it is not a regular file");
        fs::hard_link(at("file"), at("hard")).unwrap();
        assert_eq!(refusal(&at("file")), "it has another name too");
    }
}
