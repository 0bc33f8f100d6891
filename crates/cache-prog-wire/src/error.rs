//! What is wrong with a stream of messages, and where.

use std::io;

/// The result of reading from the wire.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is wrong with a stream of messages, and where. Nothing can be read after it.
#[derive(Debug, thiserror::Error)]
#[error("message {message}, byte {byte}: {problem}")]
pub struct Error {
    /// The number of the message, from 1; a body counts as a part of its request.
    pub message: u64,
    /// How many bytes of the stream came before the place, counted from its beginning.
    pub byte: u64,
    /// What is wrong there.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a stream of messages.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The stream could not be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The stream ends in the middle of a message or a body.
    #[error("the stream ends in the middle of it")]
    Cut,
    /// Something else stands where a message, or a body, should begin.
    #[error("{expected} should begin here, not {found:?}")]
    Begin {
        /// What should begin there.
        expected: &'static str,
        /// The byte that stands there, as a character.
        found: char,
    },
    /// The message is larger than [`HEADER_LIMIT`](crate::HEADER_LIMIT).
    #[error("a message of over {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The message is not JSON, or a field has a value of the wrong kind.
    #[error("{}", without_place(.0))]
    Json(serde_json::Error),
    /// The body is not base64.
    #[error("the body is not base64")]
    Base64,
}

/// What serde says without the line and the column, which are counted within the message: the
/// [`Error`] has the byte.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// No source: that would tell the place after all.
impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Problem::Json(error)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error.problem {
            Problem::Io(e) => e.kind(),
            Problem::Cut => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}
