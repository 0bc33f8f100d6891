//! The messages.

use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use cache_core::{ActionId, OutputId};

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Command {
    /// The entry of an action.
    Get,
    /// To store an output as the result of an action.
    Put,
    /// To finish and exit.
    Close,
    /// Something that this version does not know.
    Other(String),
}

impl Command {
    /// The command's name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Command::Get => "get",
            Command::Put => "put",
            Command::Close => "close",
            Command::Other(name) => name,
        }
    }
}

impl From<String> for Command {
    fn from(name: String) -> Self {
        match name.as_str() {
            "get" => Command::Get,
            "put" => Command::Put,
            "close" => Command::Close,
            _ => Command::Other(name),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request, from the go command (or whoever uses the cache) to the helper.
///
/// The IDs are as they came, whatever their length: a request with a wrong one still has an `id`
/// to be answered under, and a body to be skipped. [`action_id`](Self::action_id) and
/// [`output_id`](Self::output_id) give them checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The number that the response repeats.
    pub id: i64,
    /// What is asked for.
    pub command: Command,
    /// The action, for `get` and `put`.
    pub action: Option<Vec<u8>>,
    /// The output ID of the body, for `put`. Older clients name it `ObjectID`.
    pub output: Option<Vec<u8>>,
    /// The size of the body in bytes, for `put`. A negative one was sent by nobody who knows what
    /// they do, and has no body.
    pub body_size: i64,
}

impl Request {
    /// Asks for the entry of an action.
    pub fn get(id: i64, action: &ActionId) -> Self {
        let action = Some(action.as_bytes().to_vec());
        Self { id, command: Command::Get, action, output: None, body_size: 0 }
    }

    /// Asks to store an output of `size` bytes as the result of an action.
    pub fn put(id: i64, action: &ActionId, output: &OutputId, size: i64) -> Self {
        Self {
            id,
            command: Command::Put,
            action: Some(action.as_bytes().to_vec()),
            output: Some(output.as_bytes().to_vec()),
            body_size: size,
        }
    }

    /// Asks to finish and exit.
    pub fn close(id: i64) -> Self {
        Self { id, command: Command::Close, action: None, output: None, body_size: 0 }
    }

    /// The action ID, or `None` when it is missing or does not have 32 bytes.
    pub fn action_id(&self) -> Option<ActionId> {
        Some(ActionId::from_bytes(self.action.as_deref()?.try_into().ok()?))
    }

    /// The output ID, or `None` when it is missing or does not have 32 bytes.
    pub fn output_id(&self) -> Option<OutputId> {
        Some(OutputId::from_bytes(self.output.as_deref()?.try_into().ok()?))
    }

    /// Whether a body follows.
    pub fn has_body(&self) -> bool {
        self.command == Command::Put && self.body_size > 0
    }
}

/// A response, from the helper.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The request's number; 0 for the first message, which tells what the helper can do.
    pub id: i64,
    /// What went wrong; empty when nothing did.
    pub error: String,
    /// The commands that the helper knows, in the first message.
    pub known_commands: Vec<Command>,
    /// Whether a `get` found nothing.
    pub miss: bool,
    /// The output ID that a `get` found, whatever its length.
    pub output: Option<Vec<u8>>,
    /// The output's size in bytes, for a `get`.
    pub size: i64,
    /// When the output was stored, for a `get`.
    pub time: Option<SystemTime>,
    /// The absolute path of the output's file, for a `get` and a `put`. A path that is not UTF-8
    /// cannot be sent.
    pub disk_path: Option<PathBuf>,
}

impl Response {
    /// The output ID, or `None` when it is missing or does not have 32 bytes.
    pub fn output_id(&self) -> Option<OutputId> {
        Some(OutputId::from_bytes(self.output.as_deref()?.try_into().ok()?))
    }
}
