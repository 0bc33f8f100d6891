//! The helper's stdin and stdout where pipes cannot be waited for with a limit. Ending the helper
//! ends the reads and writes here, unless a process that it started holds the other end open.

use std::io::{self, Read, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;
use std::time::Duration;

use crate::lifeline::Lifeline;
use crate::process::Process;
use crate::waiting::Waits;

/// The helper's stdin.
pub(crate) struct Input {
    pipe: ChildStdin,
    lifeline: Arc<Lifeline>,
}

impl Input {
    pub(crate) fn new(
        pipe: ChildStdin,
        lifeline: Arc<Lifeline>,
        _: Arc<Waits>,
        _limit: Duration,
    ) -> io::Result<Self> {
        Ok(Self { pipe, lifeline })
    }
}

impl Write for Input {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.pipe.write(bytes)?;
        self.lifeline.count_sent(n);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The helper's stdout.
pub(crate) struct Output(ChildStdout);

impl Output {
    pub(crate) fn new(pipe: ChildStdout, _: Arc<Lifeline>, _: Arc<Process>) -> Self {
        Self(pipe)
    }
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}
