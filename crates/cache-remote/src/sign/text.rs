//! Keys as text. No error repeats what was read: it may be a secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const SECRET: &str = "larder-secret-key-v1";
const PUBLIC: &str = "larder-public-key-v1";

/// A text that is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseKeyError {
    /// It begins with another word.
    #[error("not a key of this kind, which begins with {expected:?} and a space")]
    Kind {
        /// The word that it should begin with.
        expected: &'static str,
    },
    /// It is a public key where the secret one is needed.
    #[error("a public key, where the secret key is needed, which begins with {SECRET:?}")]
    IsPublic,
    /// It is a secret key where the public one is needed.
    #[error(
        "a secret key, where the public key is needed, which begins with {PUBLIC:?}; \
         keep the secret one to yourself"
    )]
    IsSecret,
    /// What follows is not 32 bytes in base64.
    #[error("a key whose second half is not 32 bytes in base64: it was cut or changed")]
    Bytes,
    /// The bytes are no public key.
    #[error("a public key that does not exist: it was changed")]
    NoSuchKey,
}

pub(super) fn secret(text: &str) -> Result<[u8; 32], ParseKeyError> {
    key(text, SECRET, PUBLIC, ParseKeyError::IsPublic)
}

pub(super) fn public(text: &str) -> Result<[u8; 32], ParseKeyError> {
    key(text, PUBLIC, SECRET, ParseKeyError::IsSecret)
}

pub(super) fn of_secret(seed: &[u8; 32]) -> String {
    format!("{SECRET} {}", STANDARD.encode(seed))
}

pub(super) fn of_public(key: &[u8; 32]) -> String {
    format!("{PUBLIC} {}", STANDARD.encode(key))
}

fn key(
    text: &str,
    expected: &'static str,
    other: &str,
    is_other: ParseKeyError,
) -> Result<[u8; 32], ParseKeyError> {
    let mut words = text.split_whitespace();
    match words.next() {
        Some(word) if word == expected => {}
        Some(word) if word == other => return Err(is_other),
        _ => return Err(ParseKeyError::Kind { expected }),
    }
    let (Some(digits), None) = (words.next(), words.next()) else {
        return Err(ParseKeyError::Bytes);
    };
    let bytes = STANDARD.decode(digits).map_err(|_| ParseKeyError::Bytes)?;
    bytes.try_into().map_err(|_| ParseKeyError::Bytes)
}
