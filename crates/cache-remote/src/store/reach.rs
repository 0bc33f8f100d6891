//! Whether a store can be reached and read.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use cache_core::ActionId;

use super::body::Pace;
use super::error::Place;
use super::mask::{self, Masks, masked_uri};
use super::scheme::Scheme;
use super::{Store, StoreError, StoreOptions, StoreProblem};
use crate::key;

/// Nothing is there that would have more.
const MOST: u64 = 1 << 20;

/// How a store was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reached {
    /// It answers and can be read.
    Answers {
        /// How long it took, with making the connection.
        took: Duration,
    },
    /// It is a shared folder that is not there: the first upload makes it, also where the share that
    /// it is on is not mounted.
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
}

/// Asks the store that `uri` names for an entry, as a lookup does, and waits no longer than `limit`
/// for the answer. Nothing is written to it; a shared folder, which [`Store::open`] makes, is only
/// listed.
///
/// # Errors
///
/// Those of [`Store::open`], and when the store cannot be reached, refuses access, or is too slow.
pub fn reach(uri: &str, limit: Duration) -> Result<Reached, StoreError> {
    let masks = Arc::new(Masks::new(uri));
    let shown = masked_uri(uri);
    let store = mask::without_options(&shown);
    let place = Place { operation: "reach", key: None, store, masks: &masks };
    let address = place.address(uri)?;
    if address.scheme == Scheme::Fs
        && let Some(folder) = address.options.get("root")
    {
        return list(folder.into(), limit, &place);
    }
    let options = StoreOptions::default();
    let options = StoreOptions {
        connect_timeout: options.connect_timeout.min(limit),
        read_timeout: options.read_timeout.min(limit),
        ..options
    };
    let store = Store::open(uri, &options)?;
    let key = key::of_action(&ActionId::from_bytes([0; 32]));
    let begun = Instant::now();
    let read = store.read(&key, MOST, Pace { piece: limit, per_second: 0 });
    match store.block_on(async { tokio::time::timeout(limit, read).await }) {
        Ok(read) => read.map(|_| Reached::Answers { took: begun.elapsed() }),
        Err(_) => Err(place.problem(StoreProblem::Timeout)),
    }
}

/// On a thread of its own: a share whose server is gone may hold it for ever.
fn list(folder: PathBuf, limit: Duration, place: &Place<'_>) -> Result<Reached, StoreError> {
    let begun = Instant::now();
    let (listed, answer) = channel();
    let path = folder.clone();
    let started = thread::Builder::new().spawn(move || {
        listed.send(fs::read_dir(path).map(drop)).ok();
    });
    let failed = |text: String| place.problem(StoreProblem::Unreachable(place.masks.text(&text)));
    started.map_err(|e| failed(e.to_string()))?;
    match answer.recv_timeout(limit) {
        Ok(Ok(())) => Ok(Reached::Answers { took: begun.elapsed() }),
        Ok(Err(e)) if e.kind() == ErrorKind::NotFound => Ok(Reached::NoFolder { folder }),
        Ok(Err(e)) => Err(failed(e.to_string())),
        Err(_) => Err(place.problem(StoreProblem::Timeout)),
    }
}
