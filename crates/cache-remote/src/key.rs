//! The names of what is in a store, as `docs/REMOTE.md` gives them.
//!
//! The version of every format is in the name: a Larder that writes another one writes other names,
//! and both can share a store.

use cache_core::{ActionId, OutputId};
use sha2::{Digest, Sha256};

use crate::day::Day;
use crate::pack::PackId;

const VERSION: &str = "larder-v1";

/// Where the result of an action is.
pub(crate) fn of_action(action: &ActionId) -> String {
    let hex = action.to_string();
    format!("{VERSION}/a/{}/{hex}", &hex[..2])
}

/// What the keys of all actions begin with whose IDs begin with this byte.
pub(crate) fn of_actions(first: u8) -> String {
    format!("{VERSION}/a/{first:02x}/")
}

/// The action whose result is under this key; `None` where something else is.
pub(crate) fn action_of(key: &str) -> Option<ActionId> {
    let action = key.rsplit('/').next()?.parse().ok()?;
    (of_action(&action) == key).then_some(action)
}

/// Where the bytes of a large output are.
pub(crate) fn of_output(output: &OutputId) -> String {
    let hex = output.to_string();
    format!("{VERSION}/o/{}/{hex}", &hex[..2])
}

/// Where the list of a scope is. A scope's text may hold anything, and a key may not.
pub(crate) fn of_list(scope: &str) -> String {
    format!("{VERSION}/l/{}", hex::encode(Sha256::digest(scope)))
}

/// Where a pack is that was written on that day.
pub(crate) fn of_pack(day: Day, pack: &PackId) -> String {
    format!("{VERSION}/p/{day}/{pack}")
}
