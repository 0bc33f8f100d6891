//! What an action ID leads to.

use std::time::SystemTime;

use crate::OutputId;

/// What an action ID leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The output that the action produced.
    pub output: OutputId,
    /// The output's size in bytes.
    pub size: u64,
    /// When the entry was first added. It travels with the entry through tiers and copies.
    pub time: SystemTime,
}
