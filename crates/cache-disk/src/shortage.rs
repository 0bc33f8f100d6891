//! Failures that say something about this process and nothing about a file.

use std::io;

/// Whether the process, or the machine, has run out of open files or of memory. What could not be
/// looked at for that is not known to be bad, and must not be replaced or removed as if it were.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM))
    }
    #[cfg(not(unix))]
    {
        error.kind() == io::ErrorKind::OutOfMemory
    }
}
