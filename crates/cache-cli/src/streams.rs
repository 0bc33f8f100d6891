//! Letting go of the streams for whose end others wait.

use std::fs::File;
use std::io;

/// Lets go of stdout and stderr: who reads them is told that nothing more comes, as at the end of
/// this process. What is written to them from now on is lost.
///
/// They are replaced and not closed. The next file that is opened would get their numbers, and
/// whatever is printed by mistake would end up in it.
#[cfg(unix)]
pub(crate) fn let_go() -> io::Result<()> {
    let null = File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}

/// Elsewhere only the end of the process does that.
#[cfg(not(unix))]
pub(crate) fn let_go() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
