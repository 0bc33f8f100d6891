//! Packs: objects of small results one after another, so that a build's worth of them takes a few
//! requests. A pack's name has its SHA-256, so whoever reads it knows that it is whole.

use std::fmt;

use cache_core::ID_BYTES;
use sha2::{Digest, Sha256};

use crate::malformed::{Malformed, Problem};
use crate::object::{self, Header, Kind, MAX_RESULT};

/// A pack is full from this size in bytes on: large enough that the round trip does not count, and
/// small enough that eight at once are no burden.
pub(crate) const FULL: u64 = 4 << 20;

/// The largest pack that is read, in bytes.
pub(crate) const LIMIT: u64 = 16 << 20;

// What is full, but for its last byte, takes another object.
const _: () = assert!(FULL + MAX_RESULT < LIMIT);

/// The SHA-256 of a pack's bytes. Its text form is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PackId(pub(crate) [u8; ID_BYTES]);

impl PackId {
    fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for PackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for PackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackId({self})")
    }
}

/// A pack that is being made.
#[derive(Debug, Default)]
pub(crate) struct Packing {
    bytes: Vec<u8>,
}

impl Packing {
    /// Adds the object of a small result, as [`encode_small`](object::encode_small) makes it.
    pub(crate) fn add(&mut self, object: &[u8]) {
        self.bytes.extend(object);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Its size so far, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it is time to [`finish`](Self::finish) it.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() as u64 >= FULL
    }

    /// The pack's name and its bytes.
    pub(crate) fn finish(self) -> (PackId, Vec<u8>) {
        (PackId::of(&self.bytes), self.bytes)
    }
}

/// The objects in the pack of that name: header and body, as it is stored.
///
/// Nothing is given of bytes that are not the pack. After an object that is malformed, or not of a
/// small result, nothing is given but that error: nothing says where the next one begins.
pub(crate) fn objects<'a>(bytes: &'a [u8], name: &PackId) -> Result<Objects<'a>, Malformed> {
    if bytes.len() as u64 > LIMIT {
        let found = bytes.len() as u64;
        return Err(malformed(0, Problem::OverLimit { field: "its size", found, limit: LIMIT }));
    }
    if PackId::of(bytes) != *name {
        return Err(malformed(0, Problem::Checksum));
    }
    Ok(Objects { bytes, at: 0 })
}

/// The objects in a pack; [`objects`] gives it.
#[derive(Debug)]
pub(crate) struct Objects<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Objects<'a> {
    type Item = Result<(Header, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let left = &self.bytes[self.at..];
        if left.is_empty() {
            return None;
        }
        let wrong = match object::split(left) {
            Ok((header, body, rest)) if header.kind == Kind::Small => {
                self.at = self.bytes.len() - rest.len();
                return Some(Ok((header, body)));
            }
            Ok(_) => malformed(9, Problem::Field("an object that is not of a small result")),
            Err(wrong) => wrong,
        };
        let at = self.at as u64 + wrong.at;
        self.at = self.bytes.len();
        Some(Err(malformed(at, wrong.problem)))
    }
}

fn malformed(at: u64, problem: Problem) -> Malformed {
    Malformed { what: "pack", at, problem }
}

#[cfg(test)]
mod tests;
