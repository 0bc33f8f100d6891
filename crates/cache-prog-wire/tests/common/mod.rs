//! Streams that come in pieces, and what is read from them.

#![allow(dead_code, reason = "every test file uses its part of it")]

pub mod random;

use std::io::{self, Read};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cache_prog_wire::{Error, Request, RequestReader, RequestWriter, Response, ResponseReader};

/// A stream whose reads give these many bytes in turn, over and over.
pub struct Pieces<R> {
    inner: R,
    sizes: Vec<usize>,
    turn: usize,
    /// Bytes given so far.
    pub given: u64,
}

impl<R: Read> Pieces<R> {
    pub fn of(sizes: &[usize], inner: R) -> Self {
        Self { inner, sizes: sizes.to_vec(), turn: 0, given: 0 }
    }
}

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.turn % self.sizes.len()];
        self.turn += 1;
        let room = buffer.len().min(size);
        let n = self.inner.read(&mut buffer[..room])?;
        self.given += n as u64;
        Ok(n)
    }
}

/// Bytes without a pattern that a base64 group or a buffer could hide.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&(state ^ (state >> 29)).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

pub fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// The one request that `text` is.
pub fn request(text: &str) -> Request {
    let mut reader = RequestReader::new(text.as_bytes());
    let request = reader.next().expect("a request that can be read").expect("one request");
    assert_eq!(reader.next().expect("nothing wrong after it"), None);
    request
}

/// The one response that `text` is.
pub fn response(text: &str) -> Response {
    let mut reader = ResponseReader::new(text.as_bytes());
    let response = reader.next().expect("a response that can be read").expect("one response");
    assert_eq!(reader.next().expect("nothing wrong after it"), None);
    response
}

/// Every request of a stream, each with its body.
pub fn requests(stream: impl Read) -> Result<Vec<(Request, Vec<u8>)>, Error> {
    let mut reader = RequestReader::new(stream);
    let mut all = Vec::new();
    while let Some(request) = reader.next()? {
        let mut body = Vec::new();
        reader.body().read_to_end(&mut body).map_err(ours)?;
        all.push((request, body));
    }
    Ok(all)
}

/// Every response of a stream.
pub fn responses(stream: impl Read) -> Result<Vec<Response>, Error> {
    let mut reader = ResponseReader::new(stream);
    std::iter::from_fn(|| reader.next().transpose()).collect()
}

/// The wire's error inside one of a body.
pub fn ours(error: io::Error) -> Error {
    let inner = error.into_inner().expect("an error of the wire inside");
    *inner.downcast().expect("an error of the wire")
}

/// Requests as the writer writes them, their bodies given to it in pieces.
pub fn written(all: &[(Request, Vec<u8>)], pieces: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = RequestWriter::new(&mut out);
    for (request, body) in all {
        let mut writing = writer.put(request).expect("a request");
        for piece in body.chunks(pieces) {
            writing.write(piece).expect("a piece");
        }
        writing.finish().expect("the end");
    }
    out
}
