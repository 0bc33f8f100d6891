//! Writing messages.

use std::io::{self, Write};

use crate::body::BodyWriter;
use crate::message::{Request, Response};

/// Writes requests, as a client does. It buffers by itself, and hands out each request whole.
pub struct RequestWriter<W> {
    out: W,
    buffer: Vec<u8>,
}

impl<W: Write> RequestWriter<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, buffer: Vec::new() }
    }

    /// Writes a request without a body.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    pub fn request(&mut self, request: &Request) -> io::Result<()> {
        self.begin(request)?;
        self.out.write_all(&self.buffer)?;
        self.out.flush()
    }

    /// Begins a `put`: the body goes through the writer that it returns, which has to be
    /// [finished](BodyWriter::finish). A body of the size 0 is none.
    ///
    /// # Errors
    ///
    /// None of the stream: nothing is sent before the body's writer is used.
    pub fn put(&mut self, request: &Request) -> io::Result<BodyWriter<'_, W>> {
        self.begin(request)?;
        Ok(BodyWriter::new(&mut self.out, &mut self.buffer, request.has_body()))
    }

    fn begin(&mut self, request: &Request) -> io::Result<()> {
        self.buffer.clear();
        serde_json::to_writer(&mut self.buffer, request)?;
        self.buffer.push(b'\n');
        Ok(())
    }
}

/// Writes a response, in one call to `out`, and flushes it.
///
/// # Errors
///
/// Those of the stream, and `InvalidData` for a path that is not UTF-8 or a time outside the years
/// that RFC 3339 has; then nothing is written.
pub fn write_response(out: &mut dyn Write, response: &Response) -> io::Result<()> {
    let mut line = serde_json::to_vec(response)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}
