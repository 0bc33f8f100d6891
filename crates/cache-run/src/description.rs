//! Everything that a result depends on, as one value.

use std::io::Write;

use cache_core::{ActionId, OutputId};
use cache_hash::KeySpace;

use crate::Text;

mod bytes;

/// Everything that a command's result depends on: what its key is a hash of.
///
/// Two descriptions that differ in anything but their [`name`](Self::name) have different keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The version of the way in which keys are made.
    pub key_version: u32,
    /// The task's name, which is no part of the key.
    pub name: Option<Text>,
    /// Operating system and processor, as `linux x86_64`.
    pub platform: Text,
    /// The working directory, relative to the root (empty for the root itself), or absolute where
    /// it lies outside.
    pub dir: Text,
    /// The command and its arguments.
    pub command: Vec<Text>,
    /// The executable's contents.
    pub tool: OutputId,
    /// The declared variables, sorted by name. `None`: not set.
    pub env: Vec<(Text, Option<Text>)>,
    /// The declared outputs' names, sorted.
    pub outputs: Vec<Text>,
    /// What is given as stdin, when that is an input.
    pub stdin: Option<OutputId>,
    /// The inputs, sorted by name.
    pub inputs: Vec<Input>,
}

/// One input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its path with `/` between the components, relative to the root, or absolute where it lies
    /// outside.
    pub name: Text,
    /// The mode bits, `& 0o7777`, of a file, or of the file that a link leads to. 0 for a folder,
    /// for a link that leads to no file, and outside Unix.
    pub mode: u32,
    /// What is in it.
    pub content: InputContent,
}

/// What is in an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputContent {
    /// A file's contents.
    File(OutputId),
    /// A folder with nothing in it.
    EmptyFolder,
    /// A symbolic link.
    Link {
        /// The hash of the link's text.
        text: OutputId,
        /// The contents of the file that it leads to, when the link was named as an input itself.
        target: Option<OutputId>,
    },
}

impl Description {
    /// The version of the way in which keys are made now: what
    /// [`describe`](fn@crate::describe) gives as [`key_version`](Self::key_version). With another
    /// one every key is another.
    pub const KEY_VERSION: u32 = 1;

    /// The key of the result.
    pub fn key(&self, keys: &KeySpace) -> ActionId {
        let mut bytes = Vec::with_capacity(self.size_hint());
        self.write_what_counts(&mut bytes);
        hash(keys, "run", &bytes)
    }

    /// Where the description of the task's last run is stored: derived from the task's name, or
    /// else from the command line and the working directory.
    pub fn identity(&self, keys: &KeySpace) -> ActionId {
        let mut bytes = Vec::new();
        self.write_identity(&mut bytes);
        hash(keys, "last run", &bytes)
    }

    /// The description as bytes, which [`from_bytes`](Self::from_bytes) reads. Different
    /// descriptions give different bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.size_hint());
        self.write_all(&mut bytes);
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote. `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::read(bytes)
    }

    fn size_hint(&self) -> usize {
        // A hash, a length, a mode and the name, most often.
        1024 + self.inputs.len() * 80
    }
}

/// The hash of `bytes` for one purpose. No purpose is the beginning of another, so that what is
/// hashed for two of them is never the same.
fn hash(keys: &KeySpace, purpose: &str, bytes: &[u8]) -> ActionId {
    let mut hash = keys.hash(purpose);
    // Writing to a hash never fails.
    let _ = write!(hash, "larder {purpose}\0");
    let _ = hash.write_all(bytes);
    hash.sum()
}
