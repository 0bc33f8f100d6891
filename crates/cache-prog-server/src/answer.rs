//! The answer to one request.

use std::io::Read;

use cache_core::{
    ActionId, CacheExt, Check, Entry, ID_BYTES, Lookup, OutputId, PutOptions, Source,
};
use cache_prog_wire::{Command, Request, Response};

use crate::owed::Owed;

/// What a request asks for, checked.
#[derive(Debug)]
pub(crate) enum Asked {
    Get(ActionId),
    Put(Put),
    Close,
}

/// A put, whose body is yet to come.
#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) action: ActionId,
    pub(crate) output: OutputId,
    /// In bytes.
    pub(crate) size: u64,
}

/// What is wrong with a request that stands well formed in the stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("unknown command {0:?}")]
    Command(String),
    #[error("{field} has {found} bytes where {ID_BYTES} are needed")]
    Id { field: &'static str, found: usize },
    #[error("BodySize is {0}, which is no size")]
    Size(i64),
}

impl Asked {
    pub(crate) fn of(request: &Request) -> Result<Self, Refusal> {
        let action = || {
            let found = request.action.as_ref().map_or(0, Vec::len);
            request.action_id().ok_or(Refusal::Id { field: "ActionID", found })
        };
        Ok(match &request.command {
            Command::Get => Asked::Get(action()?),
            Command::Put => {
                let found = request.output.as_ref().map_or(0, Vec::len);
                Asked::Put(Put {
                    action: action()?,
                    output: request.output_id().ok_or(Refusal::Id { field: "OutputID", found })?,
                    size: u64::try_from(request.body_size)
                        .map_err(|_| Refusal::Size(request.body_size))?,
                })
            }
            Command::Close => Asked::Close,
            Command::Other(name) => return Err(Refusal::Command(name.clone())),
        })
    }
}

/// Looks an action up, and answers.
pub(crate) fn get(owed: Owed, action: &ActionId) {
    let service = owed.service();
    let miss = Response { miss: true, ..Response::default() };
    let response = match service.cache.get_file(action, Check::Size) {
        Ok(Lookup::Hit((entry, path))) => {
            if path.to_str().is_none() {
                return owed.refuse(format!("the path {} is not UTF-8", path.display()));
            }
            tracing::debug!("get {action}: {} bytes", entry.size);
            service.counters.hit(entry.size);
            Response { disk_path: Some(path), ..hit(&entry) }
        }
        Ok(Lookup::Miss(reason)) => {
            tracing::debug!("get {action}: miss: {reason}");
            service.counters.miss();
            miss
        }
        Err(e) => {
            tracing::warn!("get {action}: answered as a miss: {e}");
            service.counters.error();
            miss
        }
    };
    owed.pay(response);
}

fn hit(entry: &Entry) -> Response {
    Response {
        output: Some(entry.output.as_bytes().to_vec()),
        // The entry's size is that of a file, and no file is larger.
        size: i64::try_from(entry.size).unwrap_or(i64::MAX),
        time: Some(entry.time),
        ..Response::default()
    }
}

/// Stores a body, and answers. The cache checks it against what the request promised.
pub(crate) fn put(owed: Owed, put: &Put, body: &mut (dyn Read + Send)) {
    let Put { action, output, size } = *put;
    let service = owed.service();
    let source = Source::Promised { output, size, body };
    let stored = match service.cache.put(&action, source, &PutOptions::default()) {
        Ok(stored) => stored,
        Err(e) => {
            tracing::warn!("put {action}: {e}");
            return owed.refuse(e.to_string());
        }
    };
    match stored.file.map(|file| file.path) {
        Some(path) if path.to_str().is_some() => {
            tracing::debug!("put {action}: {size} bytes");
            service.counters.put(size);
            // The go command has no use for the time; a client that knows the entry has.
            let time = Some(stored.entry.time);
            owed.pay(Response { time, disk_path: Some(path), ..Response::default() });
        }
        Some(path) => owed.refuse(format!("the path {} is not UTF-8", path.display())),
        None => owed.refuse("the cache has no file of what was put".to_owned()),
    }
}
