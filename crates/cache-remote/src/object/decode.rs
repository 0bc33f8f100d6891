//! From a body as it is stored to the output's bytes.

use std::io::{self, ErrorKind, Read};

use super::{Codec, Header};
use crate::malformed::{Malformed, Problem};

/// The base-2 logarithm of the largest window that a body may ask for: 8 MiB, which is what every
/// decoder has to offer by the zstd format. Ours are written with 2 MiB. The memory for a body that
/// wants more is never taken.
const WINDOW_LOG: u32 = 23;

/// The output's bytes of an object whose body, as it is stored, `body` gives to its end.
///
/// It gives as many bytes as the header says, or fails: nothing that a body holds makes it give
/// more, or take more memory than a window. That they are the right ones is for their SHA-256 to say.
///
/// Of [`Kind::Large`](super::Kind::Large), whose bytes are elsewhere, it gives none and fails unless
/// the output is empty.
pub(crate) fn decode<R: Read>(header: &Header, body: R) -> io::Result<Decoder<R>> {
    let stored = Stored { body, left: header.body, given: 0, has_failed: false };
    let bytes = match header.codec {
        Codec::Plain => Bytes::Plain(stored),
        Codec::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(stored)?;
            decoder.window_log_max(WINDOW_LOG)?;
            Bytes::Zstd(Box::new(decoder))
        }
    };
    Ok(Decoder { bytes, size: header.said.size, given: 0 })
}

/// Gives the output's bytes; [`decode`] makes it. Its errors of the kind `InvalidData` have a
/// [`Malformed`] inside.
pub(crate) struct Decoder<R: Read> {
    bytes: Bytes<R>,
    size: u64,
    given: u64,
}

enum Bytes<R: Read> {
    Plain(Stored<R>),
    Zstd(Box<zstd::stream::read::Decoder<'static, io::BufReader<Stored<R>>>>),
}

impl<R: Read> Read for Bytes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Bytes::Plain(stored) => stored.read(buffer),
            Bytes::Zstd(decoder) => decoder.read(buffer).map_err(|error| {
                let stored = decoder.get_ref().get_ref();
                match stored.has_failed {
                    true => error,
                    false => malformed("stored body", stored.given, Problem::Zstd),
                }
            }),
        }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let left = self.size - self.given;
        if left == 0 {
            // The end is one only when the body has ended too.
            return match self.bytes.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(malformed("body", self.given, Problem::Surplus)),
            };
        }
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        match self.bytes.read(&mut buffer[..most])? {
            0 => Err(malformed("body", self.given, Problem::Cut)),
            n => {
                self.given += n as u64;
                Ok(n)
            }
        }
    }
}

/// A body as it is stored, of exactly the length that the header says.
struct Stored<R> {
    body: R,
    /// `None`: to its end.
    left: Option<u64>,
    given: u64,
    has_failed: bool,
}

impl<R: Read> Read for Stored<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.read_some(buffer);
        self.has_failed = read.is_err();
        read
    }
}

impl<R: Read> Stored<R> {
    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let Some(left) = &mut self.left else { return self.body.read(buffer) };
        if *left == 0 {
            return match self.body.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(malformed("stored body", self.given, Problem::Surplus)),
            };
        }
        let most = buffer.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
        match self.body.read(&mut buffer[..most])? {
            0 => Err(malformed("stored body", self.given, Problem::Cut)),
            n => {
                *left -= n as u64;
                self.given += n as u64;
                Ok(n)
            }
        }
    }
}

fn malformed(what: &'static str, at: u64, problem: Problem) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, Malformed { what, at, problem })
}
