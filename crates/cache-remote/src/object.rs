//! Objects: what a store holds of a result, byte by byte as `docs/REMOTE.md` gives it.
//!
//! A small result is one object, so that it takes one round trip. A large one is two, so that equal
//! outputs are stored once: the result's names the output's. Packs hold small ones, one after
//! another.

mod decode;
mod encode;
mod header;

use crate::malformed::{Malformed, Problem};

pub(crate) use decode::decode;
pub(crate) use encode::{OutputEncoder, encode_large, encode_small};
pub(crate) use header::Header;

/// Up to this size in bytes an output travels in its result's object. Fetching that much takes, at
/// 200 Mbit/s, half of what another round trip of 50 ms would.
pub(crate) const SMALL: u64 = 512 << 10;

/// Larger outputs, in bytes, are neither written to a store nor taken from one.
pub(crate) const LIMIT: u64 = 16 << 30;

/// The size in bytes of the header, without the name that may follow it.
pub(crate) const HEADER: usize = 192;

/// The most bytes that a result's object has: of a small one that could not be compressed, with the
/// longest name.
pub(crate) const MAX_RESULT: u64 = HEADER as u64 + 255 + SMALL;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A result with its output's bytes.
    Small,
    /// A result whose output's bytes are in an object of their own.
    Large,
    /// The bytes of an output that large results name.
    Output,
}

/// How a body is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Plain,
    Zstd,
}

/// Splits what begins with an object whose length its header says into the header, the body as it
/// is stored, and what follows.
pub(crate) fn split(bytes: &[u8]) -> Result<(Header, &[u8], &[u8]), Malformed> {
    let (header, begin) = Header::parse(bytes)?;
    let rest = &bytes[begin..];
    let cut = |at: usize| Malformed { what: "object", at: at as u64, problem: Problem::Cut };
    let Some(length) = header.body else { return Ok((header, rest, &[])) };
    let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let (body, rest) = split.ok_or_else(|| cut(bytes.len()))?;
    Ok((header, body, rest))
}

/// The header and the body, as it is stored, of what should be one object and nothing else.
pub(crate) fn whole(bytes: &[u8]) -> Result<(Header, &[u8]), Malformed> {
    let (header, body, rest) = split(bytes)?;
    if rest.is_empty() {
        return Ok((header, body));
    }
    let at = (bytes.len() - rest.len()) as u64;
    Err(Malformed { what: "object", at, problem: Problem::Surplus })
}

#[cfg(test)]
mod tests;
