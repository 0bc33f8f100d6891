//! Cutting a stream into JSON values.

use std::io::{ErrorKind, Read};

use serde::de::DeserializeOwned;

use crate::error::{Error, Problem, Result};

/// The most bytes that a message may have, a body not counted. Real ones have a few hundred.
pub const HEADER_LIMIT: usize = 256 << 10;

/// How much is read at a time, in bytes. Each reading wakes the writer up, so few and large ones are
/// faster.
const BUFFER: usize = 256 << 10;

/// A stream of JSON values, and where it is.
pub(crate) struct Values<R> {
    reader: R,
    buffer: Box<[u8]>,
    /// What of the buffer is yet to be taken.
    start: usize,
    end: usize,
    /// Bytes of the stream before the buffer's beginning.
    before: u64,
    /// The number of the present message.
    message: u64,
    header: Vec<u8>,
}

impl<R: Read> Values<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            before: 0,
            message: 0,
            header: Vec::new(),
        }
    }

    /// Reads the next object; `None` at the end of the stream.
    pub(crate) fn object<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        self.message += 1;
        match self.next_byte_that_counts()? {
            None => return Ok(None),
            Some(b'{') => {}
            Some(found) => return Err(self.wrong_beginning("a message", found)),
        }
        let begin = self.position();
        self.header.clear();
        let mut scan = Scan::default();
        loop {
            let rest = &self.buffer[self.start..self.end];
            let (length, is_whole) = scan.take(rest);
            if self.header.len() + length > HEADER_LIMIT {
                return Err(self.error(begin, Problem::TooLong { limit: HEADER_LIMIT }));
            }
            self.header.extend_from_slice(&rest[..length]);
            self.start += length;
            if is_whole {
                break;
            }
            if !self.fill()? {
                return Err(self.error(self.position(), Problem::Cut));
            }
        }
        match serde_json::from_slice(&self.header) {
            Ok(message) => Ok(Some(message)),
            Err(e) => Err(self.error(begin + byte_of(&e, &self.header), e.into())),
        }
    }

    /// Skips spaces and line breaks and shows the byte after them; `None` at the end of the stream.
    pub(crate) fn next_byte_that_counts(&mut self) -> Result<Option<u8>> {
        loop {
            let rest = &self.buffer[self.start..self.end];
            match rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
                Some(at) => {
                    self.start += at;
                    return Ok(Some(self.buffer[self.start]));
                }
                None => self.start = self.end,
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// What has been read and not taken. Empty only at the end of the stream.
    pub(crate) fn rest(&mut self) -> Result<&[u8]> {
        if self.start == self.end {
            self.fill()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Takes the first bytes of [`rest`](Self::rest).
    pub(crate) fn take(&mut self, length: usize) {
        self.start = self.end.min(self.start + length);
    }

    pub(crate) fn position(&self) -> u64 {
        self.before + self.start as u64
    }

    pub(crate) fn error(&self, byte: u64, problem: Problem) -> Error {
        Error { message: self.message, byte, problem }
    }

    pub(crate) fn wrong_beginning(&self, expected: &'static str, found: u8) -> Error {
        let found = char::from(found);
        self.error(self.position(), Problem::Begin { expected, found })
    }

    /// Reads more once everything was taken; `false` at the end of the stream.
    fn fill(&mut self) -> Result<bool> {
        self.before += self.end as u64;
        (self.start, self.end) = (0, 0);
        loop {
            match self.reader.read(&mut self.buffer) {
                Ok(n) => {
                    self.end = n;
                    return Ok(n > 0);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(self.error(self.before, e.into())),
            }
        }
    }
}

/// Finds the end of an object without understanding what is in it.
#[derive(Default)]
struct Scan {
    depth: u64,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// How many of `bytes` belong to the object, and whether it ends with them.
    fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, &byte) in bytes.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (at + 1, true);
                    }
                }
                _ => {}
            }
        }
        (bytes.len(), false)
    }
}

/// Where in `text` a JSON error is: lines and columns, from 1, as bytes from 0.
fn byte_of(error: &serde_json::Error, text: &[u8]) -> u64 {
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    let before: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    (before + error.column().saturating_sub(1)) as u64
}
