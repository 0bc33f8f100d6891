//! Key spaces, and the hashes and subkeys that they make.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use cache_core::ActionId;
use sha2::{Digest, Sha256};

use crate::quote::Quoted;
use crate::trace::{ReverseLookup, Trace};

/// A salt, and where to report what is hashed.
///
/// Hashes of two key spaces with different salts never meet, though the outputs that they lead to
/// are shared: output IDs have no salt. A program that salts with its version is safe from the
/// mistakes of its other versions.
#[derive(Debug, Clone, Default)]
pub struct KeySpace {
    salt: Arc<[u8]>,
    trace: Trace,
    reverse: Option<ReverseLookup>,
}

impl KeySpace {
    /// A key space with this salt. The empty one gives plain SHA-256.
    pub fn new(salt: impl AsRef<[u8]>) -> Self {
        Self { salt: salt.as_ref().into(), ..Self::default() }
    }

    /// Reports every hash and subkey to `trace`.
    pub fn with_trace(self, trace: Trace) -> Self {
        Self { trace, ..self }
    }

    /// Records in `lookup` what every hash and subkey was made of.
    pub fn with_reverse_lookup(self, lookup: ReverseLookup) -> Self {
        Self { reverse: Some(lookup), ..self }
    }

    /// Returns a hash that has been given the salt. Its name appears in the trace alone and is no
    /// part of what is hashed.
    pub fn hash(&self, name: impl Into<String>) -> Hash {
        let mut hash = Hash {
            sha: Sha256::new(),
            name: name.into(),
            trace: self.trace.clone(),
            recording: None,
        };
        hash.trace.line(format_args!("HASH[{}]", hash.name));
        hash.take(&self.salt);
        // Only now, so that a description is not led by the same salt every time.
        hash.recording =
            self.reverse.clone().map(|lookup| Recording { lookup, written: Vec::new() });
        hash
    }

    /// Returns the action ID of `parent` mixed with a description: for a further result of the
    /// same action.
    ///
    /// It is the SHA-256 of `subkey:`, the parent's 32 bytes and the description, as in the go
    /// command's `cache.Subkey`. There is no salt in it but the parent's.
    pub fn subkey(&self, parent: &ActionId, description: &str) -> ActionId {
        let sha = Sha256::new().chain_update("subkey:").chain_update(parent);
        let subkey = ActionId::from_bytes(sha.chain_update(description).finalize().into());
        let quoted = Quoted(description.as_bytes());
        self.trace.line(format_args!("HASH subkey {parent} {quoted} = {subkey}"));
        if let Some(lookup) = &self.reverse {
            lookup.record(subkey, format!("subkey {parent} {quoted}"));
        }
        subkey
    }
}

/// A salted SHA-256 that is being computed: what is written to it becomes part of the key. Writing
/// never fails.
///
/// Writes run together: `ab` and then `c` hash as `a` and then `bc` do. Whoever hashes several
/// things separates them, with newlines or with their lengths.
#[derive(Clone)]
pub struct Hash {
    sha: Sha256,
    name: String,
    trace: Trace,
    recording: Option<Recording>,
}

#[derive(Clone)]
struct Recording {
    lookup: ReverseLookup,
    written: Vec<u8>,
}

impl Hash {
    /// Returns the action ID of what has been written so far. The hash can be written to, and
    /// asked, again.
    pub fn sum(&self) -> ActionId {
        let sum = ActionId::from_bytes(self.sha.clone().finalize().into());
        self.trace.line(format_args!("HASH[{}]: {sum}", self.name));
        if let Some(Recording { lookup, written }) = &self.recording {
            lookup.record(sum, String::from_utf8_lossy(written).into_owned());
        }
        sum
    }

    fn take(&mut self, bytes: &[u8]) {
        self.trace.line(format_args!("HASH[{}]: {}", self.name, Quoted(bytes)));
        if let Some(recording) = &mut self.recording {
            if recording.written.len() + bytes.len() > recording.lookup.limit() {
                // The lookup would not keep it, so there is no use in holding it in memory.
                self.recording = None;
            } else {
                recording.written.extend_from_slice(bytes);
            }
        }
        self.sha.update(bytes);
    }
}

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes);
        Ok(bytes.len())
    }

    /// Formats first and writes once, so that one `write!` is one line of the trace, as one
    /// `Fprintf` is in Go.
    fn write_fmt(&mut self, args: fmt::Arguments<'_>) -> io::Result<()> {
        let mut text = String::new();
        fmt::Write::write_fmt(&mut text, args).map_err(io::Error::other)?;
        self.take(text.as_bytes());
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hash").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Returns a Go version without the experiments that its toolchain was built with, which is what
/// the go command salts with: `go1.27.3 X:nodwarf5` and `go1.27.3-X:nodwarf5` both give
/// `go1.27.3`.
///
/// A toolchain is built in steps, the first of them without experiments; leaving these out lets
/// all the steps share their keys.
pub fn strip_experiment(version: &str) -> &str {
    // The order matters for a version that has both.
    let end = version.find(" X:").or_else(|| version.find("-X:"));
    &version[..end.unwrap_or(version.len())]
}
