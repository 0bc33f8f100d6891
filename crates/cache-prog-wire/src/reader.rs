//! Reading messages.

use std::io::{self, Read};

use crate::body::Decoding;
use crate::error::Result;
use crate::message::{Request, Response};
use crate::value::Values;

/// Reads requests, as a helper does.
pub struct RequestReader<R> {
    values: Values<R>,
    /// The body of the present request, as far as it was read.
    body: Option<Decoding>,
}

impl<R: Read> RequestReader<R> {
    /// Reads from `reader`, in pieces of 256 KiB; it needs no buffer of its own.
    pub fn new(reader: R) -> Self {
        Self { values: Values::new(reader), body: None }
    }

    /// Returns the next request, or `None` at the end of the stream. What is left of the last
    /// request's body is skipped.
    ///
    /// # Errors
    ///
    /// When the stream cannot be read, ends in the middle of something, or is not the protocol's.
    /// The stream is of no use afterwards.
    #[allow(clippy::should_implement_trait, reason = "it can fail, and lends its body")]
    pub fn next(&mut self) -> Result<Option<Request>> {
        if let Some(mut body) = self.body.take() {
            body.skip(&mut self.values)?;
        }
        let request: Option<Request> = self.values.object()?;
        if request.as_ref().is_some_and(Request::has_body) {
            self.body = Some(Decoding::default());
        }
        Ok(request)
    }

    /// The body of the request that [`next`](Self::next) returned; an empty one when it has none.
    pub fn body(&mut self) -> Body<'_, R> {
        Body { reader: self }
    }
}

/// The body of a request, decoded while it is read. It has as many bytes as were sent, which may be
/// others than the request announced.
///
/// What is wrong with the stream comes as an [`io::Error`] with an [`Error`](crate::Error) inside.
pub struct Body<'a, R> {
    reader: &'a mut RequestReader<R>,
}

impl<R: Read> Read for Body<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.reader.body {
            Some(body) => Ok(body.read(&mut self.reader.values, buffer)?),
            None => Ok(0),
        }
    }
}

/// Reads responses, as a client does.
pub struct ResponseReader<R>(Values<R>);

impl<R: Read> ResponseReader<R> {
    /// Reads from `reader`, in pieces of 256 KiB; it needs no buffer of its own.
    pub fn new(reader: R) -> Self {
        Self(Values::new(reader))
    }

    /// Returns the next response, or `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// When the stream cannot be read, ends in the middle of a response, or is not the protocol's.
    /// The stream is of no use afterwards.
    #[allow(clippy::should_implement_trait, reason = "it can fail")]
    pub fn next(&mut self) -> Result<Option<Response>> {
        self.0.object()
    }
}
