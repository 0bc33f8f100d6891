//! The stored record of a result: everything but the bytes of its files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cache_core::{ActionId, Entry, OutputId};
use cache_hash::KeySpace;
use serde::{Deserialize, Serialize};

use crate::Text;

/// The version of this form. A record of another one is a miss.
const VERSION: u32 = 1;

/// The largest record that is read, in bytes: that of some 200,000 output files.
pub(crate) const MAX_SIZE: u64 = 64 << 20;

/// What a command left behind, as JSON under the result's key. The bytes of the output files, of
/// stdout and of stderr stand under [subkeys](subkey_of_output) of that key; the record says which
/// output IDs these must lead to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    larder_run: u32,
    /// The exit code.
    pub(crate) exit: i32,
    took_ns: u64,
    /// What was under the declared outputs' names, each folder before what is in it.
    pub(crate) outputs: Vec<Output>,
    pub(crate) stdout: Bytes,
    pub(crate) stderr: Bytes,
    /// How many bytes came on stdout, then on stderr, then on stdout, and so on.
    pub(crate) order: Vec<u64>,
}

/// A file, a folder or a link that the command made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Output {
    /// Its path with `/` between the components, relative to the root, or absolute where it lies
    /// outside.
    #[serde(with = "text")]
    pub(crate) name: Text,
    pub(crate) is: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Kind {
    File {
        mode: u32,
        bytes: Bytes,
    },
    Folder {
        mode: u32,
    },
    Link {
        #[serde(with = "text")]
        to: Text,
    },
}

/// The bytes that a subkey must lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bytes {
    pub(crate) output: OutputId,
    pub(crate) size: u64,
}

impl Bytes {
    /// No bytes, which nothing has to be looked up for.
    pub(crate) fn none() -> Self {
        Self { output: OutputId::of(b""), size: 0 }
    }

    /// Whether it is what an entry leads to.
    pub(crate) fn is_of(&self, entry: &Entry) -> bool {
        (self.output, self.size) == (entry.output, entry.size)
    }
}

impl From<Entry> for Bytes {
    fn from(entry: Entry) -> Self {
        Self { output: entry.output, size: entry.size }
    }
}

impl Record {
    pub(crate) fn new(
        exit: i32,
        took: Duration,
        outputs: Vec<Output>,
        [stdout, stderr]: [Bytes; 2],
        order: Vec<u64>,
    ) -> Self {
        let took_ns = took.as_nanos().try_into().unwrap_or(u64::MAX);
        Self { larder_run: VERSION, exit, took_ns, outputs, stdout, stderr, order }
    }

    /// How long the command ran.
    pub(crate) fn took(&self) -> Duration {
        Duration::from_nanos(self.took_ns)
    }

    pub(crate) fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// Reads a record of a command whose declared outputs have the names `declared`. What comes out
    /// of here can be followed: none of its names leads to anything but these outputs. The
    /// error says why the bytes are no record of it.
    pub(crate) fn from_bytes(bytes: &[u8], declared: &[Text]) -> Result<Self, &'static str> {
        let record: Self = serde_json::from_slice(bytes).map_err(|_| "not a record")?;
        if record.larder_run != VERSION {
            return Err("of another version");
        }
        for (stream, bytes) in [&record.stdout, &record.stderr].into_iter().enumerate() {
            let lengths = record.order.iter().skip(stream).step_by(2);
            if lengths.copied().try_fold(0, u64::checked_add) != Some(bytes.size) {
                return Err("lengths that do not add up");
            }
        }
        let declares = |output: &Output| {
            declared.iter().any(|name| is_under(output.name.as_bytes(), name.as_bytes()))
        };
        if !record.outputs.iter().all(declares) {
            return Err("an output that was not declared");
        }
        Ok(record)
    }
}

/// Whether `name` is `declared` or lies in it, without a step upwards on the way.
fn is_under(name: &[u8], declared: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(declared) else { return false };
    if rest.is_empty() {
        return true;
    }
    // The root itself has an empty name, and then nothing stands before the first component.
    let rest = match (declared.is_empty() || declared.ends_with(b"/"), rest) {
        (true, rest) => rest,
        (false, [b'/', rest @ ..]) => rest,
        (false, _) => return false,
    };
    rest.split(|b| *b == b'/').all(|part| !matches!(part, b"" | b"." | b".."))
}

/// The path that a name of a description or a record stands for. `None` where the platform has no
/// such path.
pub(crate) fn path_of(root: &Path, name: &Text) -> Option<PathBuf> {
    // An absolute name replaces the root.
    os_str(name).map(|name| root.join(name))
}

#[cfg(unix)]
pub(crate) fn os_str(text: &Text) -> Option<&std::ffi::OsStr> {
    use std::os::unix::ffi::OsStrExt;
    Some(std::ffi::OsStr::from_bytes(text.as_bytes()))
}

#[cfg(not(unix))]
pub(crate) fn os_str(text: &Text) -> Option<&std::ffi::OsStr> {
    std::str::from_utf8(text.as_bytes()).ok().map(std::ffi::OsStr::new)
}

/// The action ID of an output file's bytes.
pub(crate) fn subkey_of_output(keys: &KeySpace, key: &ActionId, name: &Text) -> ActionId {
    match std::str::from_utf8(name.as_bytes()) {
        Ok(name) => keys.subkey(key, &format!("output {name}")),
        // Another word, so that no two names have one subkey.
        Err(_) => keys.subkey(key, &format!("output-bytes {:?}", name.as_bytes())),
    }
}

/// The action ID of what came on stdout (0) or on stderr (1).
pub(crate) fn subkey_of_stream(keys: &KeySpace, key: &ActionId, stream: usize) -> ActionId {
    keys.subkey(key, ["stdout", "stderr"][stream])
}

/// A text in JSON: a string where it is one, else its bytes as numbers.
mod text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::Text;

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Json {
        String(String),
        Bytes(Vec<u8>),
    }

    pub(super) fn serialize<S: Serializer>(text: &Text, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(text.as_bytes()) {
            Ok(string) => serializer.serialize_str(string),
            Err(_) => Json::Bytes(text.as_bytes().to_vec()).serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Text, D::Error> {
        Ok(match Json::deserialize(deserializer)? {
            Json::String(string) => Text::from(string.into_bytes()),
            Json::Bytes(bytes) => Text::from(bytes),
        })
    }
}

#[cfg(test)]
mod tests;
