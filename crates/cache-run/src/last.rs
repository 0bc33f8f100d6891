//! What is remembered of a task's last run, to explain the next one.
//!
//! The description stands under the task's identity, and what became of the run under a subkey of
//! that: both are entries like any other, trimmed and shared as they are. A run writes the first
//! before its command starts and the second when all is done, so that one without the other is a
//! run that was killed.

use std::time::{Duration, SystemTime};

use cache_core::{ActionId, Cache, CacheExt, Lookup, OutputId, Result, Source};
use cache_hash::KeySpace;
use serde::{Deserialize, Serialize};

use crate::{Description, NotStored};

/// The largest description that is read, in bytes: that of some 500,000 inputs.
const MAX_DESCRIPTION: u64 = 64 << 20;

/// The largest end that is read, in bytes.
const MAX_END: u64 = 4 << 10;

/// After how long what is remembered is stored anew: trims keep what was used within five days.
const REFRESHED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a task's last run is remembered.
pub(crate) struct LastRun<'a> {
    cache: &'a dyn Cache,
    begun: ActionId,
    ended: ActionId,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ended {
    larder_run_ended: u32,
    key: ActionId,
    how: How,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    /// Its result was stored, or replayed.
    Stored,
    /// The command failed with this code.
    Failed(i32),
    /// This signal ended the command.
    Signalled(i32),
    Interrupted,
    /// An input changed meanwhile.
    InputsChanged,
    /// The command did not make all its outputs.
    NotMade,
    /// There was something else about it.
    NotStored,
}

impl From<&std::result::Result<(), NotStored>> for How {
    fn from(stored: &std::result::Result<(), NotStored>) -> Self {
        match stored {
            Ok(()) => How::Stored,
            Err(NotStored::Exited(code)) => How::Failed(*code),
            Err(NotStored::Signalled(signal)) => How::Signalled(*signal),
            Err(NotStored::Interrupted(_)) => How::Interrupted,
            Err(NotStored::InputsChanged(_)) => How::InputsChanged,
            Err(_) => How::NotStored,
        }
    }
}

/// What is known of the last run.
pub(crate) struct Known {
    pub(crate) description: Description,
    pub(crate) began: SystemTime,
    /// `None` for one that did not come to its end.
    pub(crate) how: Option<How>,
}

impl<'a> LastRun<'a> {
    pub(crate) fn of(cache: &'a dyn Cache, keys: &KeySpace, description: &Description) -> Self {
        let begun = description.identity(keys);
        Self { cache, begun, ended: keys.subkey(&begun, "ended") }
    }

    /// Remembers that a run of the task begins.
    pub(crate) fn begin(&self, description: &Description) {
        self.put(&self.begun, &description.to_bytes());
    }

    /// Remembers what became of it.
    pub(crate) fn end(&self, key: ActionId, how: How) {
        self.put(&self.ended, &ended(key, how));
    }

    /// Remembers that a run was replayed, if that is not what is remembered already, which takes
    /// one lookup. What is replayed every day for weeks must not be trimmed, for that is not looked
    /// up otherwise.
    pub(crate) fn replayed(&self, key: ActionId, description: &Description) {
        let expected = OutputId::of(&ended(key, How::Stored));
        match self.cache.get(&self.ended) {
            Ok(Lookup::Hit(entry)) if entry.output == expected && is_fresh(entry.time) => {}
            _ => {
                self.begin(description);
                self.end(key, How::Stored);
            }
        }
    }

    /// What is known of it. `None` for a first run, and for one that is too long ago.
    pub(crate) fn known(&self, keys: &KeySpace) -> Result<Option<Known>> {
        let Lookup::Hit((entry, bytes)) = self.cache.get_bytes(&self.begun, MAX_DESCRIPTION)?
        else {
            return Ok(None);
        };
        let Some(description) = Description::from_bytes(&bytes) else { return Ok(None) };
        let key = description.key(keys);
        let ended = match self.cache.get_bytes(&self.ended, MAX_END)? {
            Lookup::Hit((_, bytes)) => serde_json::from_slice::<Ended>(&bytes).ok(),
            Lookup::Miss(_) => None,
        };
        // One of another run says nothing of this one.
        let how = ended.filter(|ended| ended.key == key).map(|ended| ended.how);
        Ok(Some(Known { description, began: entry.time, how }))
    }

    /// Only an explanation needs it, so a cache that does not take it is no reason to stop; and
    /// what differs from run to run is nothing to compare in a cache in verify mode.
    fn put(&self, action: &ActionId, bytes: &[u8]) {
        if let Err(e) = self.cache.put_without_verify(action, Source::Bytes(bytes)) {
            tracing::debug!("cannot remember the run: {e}");
        }
    }
}

/// Whether it is so new that no trim takes it for unused.
fn is_fresh(time: SystemTime) -> bool {
    time.elapsed().is_ok_and(|age| age < REFRESHED_AFTER)
}

fn ended(key: ActionId, how: How) -> Vec<u8> {
    let ended = Ended { larder_run_ended: 1, key, how };
    // There is nothing in it that JSON has not.
    serde_json::to_vec(&ended).unwrap_or_default()
}
