//! How much memory bodies take while they wait for a worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The largest body that is read into memory, in bytes.
const SMALL: u64 = 1 << 20;

/// The most bytes that all of them may have together. The reading thread's buffers, the cache's and
/// the program itself come on top of it.
const LIMIT: u64 = 8 << 20;

/// The bytes of the bodies that are in memory.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<AtomicU64>);

/// Room for one body. Dropping it gives it back.
pub(crate) struct Room {
    memory: Memory,
    size: u64,
}

impl Memory {
    /// Makes room for a body of that size, in bytes; `None` when it is too large, or when there is
    /// none at this moment.
    pub(crate) fn room(&self, size: u64) -> Option<Room> {
        if size > SMALL {
            return None;
        }
        let add = |held| Some(held + size).filter(|held| *held <= LIMIT);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok()?;
        Some(Room { memory: self.clone(), size })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.memory.0.fetch_sub(self.size, Ordering::Relaxed);
    }
}
