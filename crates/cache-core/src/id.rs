//! The two IDs. They are two types so that one is never taken for the other.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::hashing::{self, BESIDE};

/// The number of bytes in an ID: those of a SHA-256.
pub const ID_BYTES: usize = 32;

/// The salted SHA-256 of a complete description of a repeatable computation: its command line,
/// environment, inputs and tools. The key of a lookup.
///
/// Its text form is 64 hexadecimal digits, written in lower case and read in either.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId([u8; ID_BYTES]);

/// The plain SHA-256 of an output's bytes.
///
/// Its text form is 64 hexadecimal digits, written in lower case and read in either.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutputId([u8; ID_BYTES]);

impl OutputId {
    /// The output ID of `bytes`: their SHA-256.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads `reader` to its end; returns the output ID of what it gave and the number of bytes.
    ///
    /// # Errors
    ///
    /// Those of the reader.
    pub fn of_reader(reader: &mut dyn Read) -> io::Result<(Self, u64)> {
        let mut sha = Sha256::new();
        let size = hashing::up_to(u64::MAX, reader, &mut sha)?;
        Ok((Self(sha.finalize().into()), size))
    }

    /// As [`of_reader`](Self::of_reader), but what comes after the first 4 MiB is hashed on a second
    /// thread while this one reads on. That takes up to a quarter off the time of a large file in
    /// memory, and adds up to a fifth to the work: for callers that leave the other processors alone.
    ///
    /// # Errors
    ///
    /// Those of the reader.
    pub fn of_reader_ahead(reader: &mut dyn Read) -> io::Result<(Self, u64)> {
        let mut sha = Sha256::new();
        let mut size = hashing::up_to(BESIDE, reader, &mut sha)?;
        if size >= BESIDE {
            let (rest, all) = hashing::beside(sha, |pass| hashing::read_in_pieces(reader, pass))?;
            (size, sha) = (size + rest, all);
        }
        Ok((Self(sha.finalize().into()), size))
    }

    /// Does `work`, which passes on piece after piece of something. Returns what it returns, and the
    /// output ID of the pieces, one after the other.
    ///
    /// Passing on a piece gives back one that was hashed before, if there is one, to be filled again.
    /// `beside`: a second thread hashes while the work goes on, which waits when it is some pieces
    /// ahead. To start the thread takes as long as to hash some 150 KiB.
    ///
    /// # Errors
    ///
    /// Those of `work`.
    pub fn of_pieces<P: AsRef<[u8]> + Send, T, E>(
        beside: bool,
        work: impl FnOnce(&mut (dyn FnMut(P) -> Option<P> + '_)) -> Result<T, E>,
    ) -> Result<(T, Self), E> {
        let sha = Sha256::new();
        let (done, sha) =
            if beside { hashing::beside(sha, work)? } else { hashing::in_turn(sha, work)? };
        Ok((done, Self(sha.finalize().into())))
    }
}

macro_rules! id {
    ($name:ident, $what:literal) => {
        impl $name {
            /// The ID with these bytes.
            pub const fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
                Self(bytes)
            }

            /// The ID's bytes.
            pub const fn as_bytes(&self) -> &[u8; ID_BYTES] {
                &self.0
            }
        }

        impl From<[u8; ID_BYTES]> for $name {
            fn from(bytes: [u8; ID_BYTES]) -> Self {
                Self(bytes)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse_hex(text).map(Self).map_err(|problem| ParseIdError { what: $what, problem })
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, concat!("an ", $what, " of 64 hexadecimal digits"))
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

id!(ActionId, "action ID");
id!(OutputId, "output ID");

fn write_hex(bytes: &[u8; ID_BYTES], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut digits = [0; 2 * ID_BYTES];
    hex::encode_to_slice(bytes, &mut digits).map_err(|_| fmt::Error)?;
    f.pad(str::from_utf8(&digits).map_err(|_| fmt::Error)?)
}

fn parse_hex(text: &str) -> Result<[u8; ID_BYTES], ParseIdProblem> {
    if let Some((at, digit)) = text.chars().enumerate().find(|(_, c)| !c.is_ascii_hexdigit()) {
        return Err(ParseIdProblem::Digit { at, found: digit });
    }
    let mut bytes = [0; ID_BYTES];
    hex::decode_to_slice(text, &mut bytes)
        .map_err(|_| ParseIdProblem::Length { found: text.len() })?;
    Ok(bytes)
}

/// A text that is no ID, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an {what}: {problem}")]
pub struct ParseIdError {
    what: &'static str,
    problem: ParseIdProblem,
}

impl ParseIdError {
    /// What is wrong with the text.
    pub fn problem(&self) -> &ParseIdProblem {
        &self.problem
    }
}

/// What is wrong with a text that should be an ID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseIdProblem {
    /// It has the wrong number of digits.
    #[error("{found} hexadecimal digits where 64 are needed")]
    Length {
        /// The number of digits it has.
        found: usize,
    },
    /// It has a character that is no hexadecimal digit.
    #[error("character {} is {found:?}, not a hexadecimal digit", .at + 1)]
    Digit {
        /// The character's position, counted in characters from 0.
        at: usize,
        /// The character.
        found: char,
    },
}
