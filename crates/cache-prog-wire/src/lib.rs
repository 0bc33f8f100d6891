//! The go command's cache protocol, for programs on either side of it: the messages and their
//! framing.
//!
//! A program names a helper in `GOCACHEPROG`; the go command starts it and asks it over its stdin
//! for results of builds. Both sides write JSON values one after another. A `put` is followed by
//! its body, one JSON string of base64, which may be gigabytes: [`RequestReader`] and
//! [`RequestWriter`] pass it on piece by piece, in buffers of fixed size.
//!
//! The reader takes values, not lines, because Go does: pretty-printed ones, field names in any
//! case, `null` for what is not there, fields that nobody knows. What it cannot take ends it with
//! an [`Error`] that says which message and which byte, for after that nothing says where the next
//! message begins.
//!
//! The protocol is described in the go command's package `cmd/go/internal/cacheprog`.
//!
//! ```
//! use cache_core::{ActionId, OutputId};
//! use cache_prog_wire::{Request, RequestReader, RequestWriter};
//! use std::io::Read;
//!
//! let mut wire = Vec::new();
//! let action = ActionId::from_bytes([7; 32]);
//! let put = Request::put(1, &action, &OutputId::of(b"the result"), 10);
//! let mut writer = RequestWriter::new(&mut wire);
//! let mut body = writer.put(&put)?;
//! body.write(b"the result")?;
//! body.finish()?;
//!
//! let mut reader = RequestReader::new(wire.as_slice());
//! let request = reader.next()?.expect("one request");
//! assert_eq!(request, put);
//! let mut bytes = Vec::new();
//! reader.body().read_to_end(&mut bytes)?;
//! assert_eq!(bytes, b"the result");
//! assert_eq!(reader.next()?, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod body;
mod error;
mod fields;
mod message;
mod reader;
mod value;
mod writer;

pub use body::BodyWriter;
pub use error::{Error, Problem, Result};
pub use message::{Command, Request, Response};
pub use reader::{Body, RequestReader, ResponseReader};
pub use value::HEADER_LIMIT;
pub use writer::{RequestWriter, write_response};
