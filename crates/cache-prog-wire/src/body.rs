//! Bodies: JSON strings of base64, of any length, in buffers of fixed size.

use std::io::{self, Read, Write};

use base64::Engine;
use base64_simd::{STANDARD, STANDARD_NO_PAD};
use memchr::memchr2;

use crate::error::{Problem, Result};
use crate::fields::BASE64;
use crate::value::Values;

/// How many bytes are encoded at a time; a multiple of 3, so that no group ends in the middle.
const PIECE: usize = 192 << 10;

/// A body that is being read.
#[derive(Default)]
pub(crate) struct Decoding {
    state: State,
    /// The characters of a group of four that is not complete.
    group: Vec<u8>,
    /// Decoded bytes that were not given out yet, from `given` on.
    plain: Vec<u8>,
    given: usize,
}

#[derive(Default, PartialEq)]
enum State {
    /// Before its first quote.
    #[default]
    Ahead,
    Inside,
    /// After a group with padding, which must be the last.
    Padded,
    /// After its last quote.
    Over,
}

impl Decoding {
    pub(crate) fn read<R: Read>(
        &mut self,
        values: &mut Values<R>,
        buffer: &mut [u8],
    ) -> Result<usize> {
        while self.given == self.plain.len() {
            if self.state == State::Over || buffer.is_empty() {
                return Ok(0);
            }
            self.advance(values)?;
        }
        let rest = &self.plain[self.given..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        Ok(n)
    }

    /// Reads what is left and drops it.
    pub(crate) fn skip<R: Read>(&mut self, values: &mut Values<R>) -> Result<()> {
        while self.state != State::Over {
            self.advance(values)?;
        }
        Ok(())
    }

    /// Takes what the stream has at hand, as far as it belongs to the body.
    fn advance<R: Read>(&mut self, values: &mut Values<R>) -> Result<()> {
        self.plain.clear();
        self.given = 0;
        if self.state == State::Ahead {
            match values.next_byte_that_counts()? {
                Some(b'"') => values.take(1),
                Some(found) => return Err(values.wrong_beginning("a body", found)),
                None => return Err(values.error(values.position(), Problem::Cut)),
            }
            self.state = State::Inside;
        }
        let rest = values.rest()?;
        if rest.is_empty() {
            return Err(values.error(values.position(), Problem::Cut));
        }
        let run = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        let special = rest.get(run).copied();
        if let Err(wrong) = self.decode_run(&rest[..run]) {
            // What is before it is not given out: another read ends here as well.
            self.plain.clear();
            values.take(wrong);
            return Err(values.error(values.position(), Problem::Base64));
        }
        values.take(run);
        match special {
            None => Ok(()),
            Some(b'"') if self.group.is_empty() => {
                values.take(1);
                self.state = State::Over;
                Ok(())
            }
            Some(b'"') => Err(values.error(values.position(), Problem::Base64)),
            Some(_) => self.escape(values),
        }
    }

    /// Decodes the next characters, or says which of them cannot stand where it does: the same one
    /// however the stream was cut into pieces.
    fn decode_run(&mut self, run: &[u8]) -> std::result::Result<(), usize> {
        let head = run.len().min((4 - self.group.len()) % 4);
        self.decode_singly(&run[..head])?;
        let whole = head + (run.len() - head) / 4 * 4;
        let tail = match self.decode(&run[head..whole]) {
            Some(()) => whole,
            // Something in the groups is wrong, and one by one shows what.
            None => head,
        };
        self.decode_singly(&run[tail..]).map_err(|at| tail + at)
    }

    /// Decodes characters one by one, or says which of them cannot stand where it does.
    fn decode_singly(&mut self, characters: &[u8]) -> std::result::Result<(), usize> {
        for (at, &character) in characters.iter().enumerate() {
            let fits = match character {
                _ if self.state == State::Padded => false,
                b'=' => self.group.len() >= 2,
                b'+' | b'/' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                    !self.group.contains(&b'=')
                }
                _ => false,
            };
            if !fits {
                return Err(at);
            }
            self.group.push(character);
            if self.group.len() == 4 {
                let group = std::mem::take(&mut self.group);
                self.decode(&group).ok_or(at)?;
            }
        }
        Ok(())
    }

    /// Decodes whole groups; `None` when they are not base64.
    fn decode(&mut self, groups: &[u8]) -> Option<()> {
        let Some(last) = groups.last() else { return Some(()) };
        if self.state == State::Padded {
            return None;
        }
        // Only the last group may have padding, or bits that it does not use; `base64` takes those
        // as Go does, `base64-simd` is the faster one for the rest.
        let (plain, last_group) = groups.split_at(groups.len() - 4);
        let before = self.plain.len();
        let decoded = STANDARD_NO_PAD.decode_append(plain, &mut self.plain).is_ok()
            && BASE64.decode_vec(last_group, &mut self.plain).is_ok();
        if !decoded {
            self.plain.truncate(before);
            return None;
        }
        if *last == b'=' {
            self.state = State::Padded;
        }
        Some(())
    }

    /// Takes an escape sequence, which some JSON encoders write for a slash, and line breaks, which
    /// Go's decoder skips.
    fn escape<R: Read>(&mut self, values: &mut Values<R>) -> Result<()> {
        let at = values.position();
        values.take(1);
        let character = match next(values)? {
            b'n' | b'r' => return Ok(()),
            b'/' => b'/',
            b'u' => {
                let mut code = 0;
                for _ in 0..4 {
                    let digit = char::from(next(values)?).to_digit(16);
                    let digit = digit.ok_or_else(|| values.error(at, Problem::Base64))?;
                    code = code * 16 + digit;
                }
                u8::try_from(code).map_err(|_| values.error(at, Problem::Base64))?
            }
            _ => return Err(values.error(at, Problem::Base64)),
        };
        match character {
            b'\n' | b'\r' => Ok(()),
            _ => self.decode_run(&[character]).map_err(|_| values.error(at, Problem::Base64)),
        }
    }
}

fn next<R: Read>(values: &mut Values<R>) -> Result<u8> {
    let byte = values.rest()?.first().copied();
    values.take(1);
    byte.ok_or_else(|| values.error(values.position(), Problem::Cut))
}

/// Writes a body. It has to be [finished](Self::finish): one that is dropped before has not sent
/// its last group of base64, so that the other side cannot take it for whole.
#[must_use]
pub struct BodyWriter<'a, W> {
    out: &'a mut W,
    /// What is to be written: the request, then as much of the body as was encoded.
    encoded: &'a mut Vec<u8>,
    /// Bytes that were not encoded yet, at least one once there were any.
    plain: Vec<u8>,
    has_body: bool,
}

impl<'a, W: Write> BodyWriter<'a, W> {
    pub(crate) fn new(out: &'a mut W, encoded: &'a mut Vec<u8>, has_body: bool) -> Self {
        if has_body {
            encoded.push(b'"');
        }
        Self { out, encoded, plain: Vec::new(), has_body }
    }

    /// Writes the next bytes of the body.
    ///
    /// # Errors
    ///
    /// Those of the stream, and `InvalidInput` for a body that the request did not announce.
    pub fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        if !self.has_body && !bytes.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the request announced no body",
            ));
        }
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(bytes.len().min(PIECE - self.plain.len()));
            bytes = rest;
            if self.plain.is_empty() && !bytes.is_empty() {
                // There is more after this piece, so none of it is the last group.
                self.encode(piece)?;
                continue;
            }
            self.plain.extend_from_slice(piece);
            if self.plain.len() == PIECE {
                let kept = self.plain.split_off(PIECE - 3);
                let whole = std::mem::replace(&mut self.plain, kept);
                self.encode(&whole)?;
            }
        }
        Ok(())
    }

    /// Writes the last group of the body and ends the message.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    pub fn finish(mut self) -> io::Result<()> {
        if self.has_body {
            let last = std::mem::take(&mut self.plain);
            self.encode(&last)?;
            self.encoded.extend_from_slice(b"\"\n");
        }
        self.send()?;
        self.out.flush()
    }

    /// Encodes whole groups, or the last one.
    fn encode(&mut self, bytes: &[u8]) -> io::Result<()> {
        STANDARD.encode_append(bytes, self.encoded);
        if self.encoded.len() >= PIECE { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> io::Result<()> {
        let sent = self.out.write_all(self.encoded);
        self.encoded.clear();
        sent
    }
}
