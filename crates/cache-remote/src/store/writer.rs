//! Writing an object piece by piece.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::Inner;
use super::error::{StoreError, StoreProblem};

/// The size in bytes of the parts in which a large object is sent. S3 takes 10,000 of at least
/// 5 MiB.
const PART: usize = 8 << 20;

/// How many parts of an object are on their way at once. With the one that fills and the one that
/// waits they are what an upload takes of memory.
const PARTS_AT_ONCE: usize = 2;

/// The largest object for a store that takes it only in one piece, in bytes: it is kept in memory
/// until it is whole.
const LARGEST_IN_ONE_PIECE: u64 = 64 << 20;

/// An object that is being written. It is in the store when it is [finished](Self::finish); one
/// that is dropped before that never will be.
pub(crate) struct Writer {
    store: Arc<Inner>,
    key: String,
    to: To,
}

enum To {
    /// Sent in parts as they come.
    Parts(opendal::Writer),
    /// Kept until it is whole. The permit is for the memory.
    Memory(Vec<u8>, #[allow(dead_code)] OwnedSemaphorePermit),
    /// It is finished, or failed.
    Nowhere,
}

impl Writer {
    pub(super) async fn open(store: Arc<Inner>, key: &str) -> Result<Self, StoreError> {
        let place = store.place("write", key);
        let to = if store.writes.info().capability().write_can_multi {
            let options = opendal::options::WriteOptions {
                chunk: Some(PART),
                concurrent: PARTS_AT_ONCE,
                ..Default::default()
            };
            let writer = store.writes.writer_options(key, options).await;
            To::Parts(writer.map_err(|error| place.failure(&error))?)
        } else {
            let permit = store.in_memory.clone().acquire_owned().await;
            To::Memory(Vec::new(), permit.map_err(|_| place.problem(StoreProblem::Timeout))?)
        };
        Ok(Self { store: store.clone(), key: key.to_owned(), to })
    }

    /// Adds `bytes`.
    ///
    /// # Errors
    ///
    /// When the store fails, or takes objects only in one piece and this one becomes too large.
    /// Nothing of it is in the store then.
    pub(crate) async fn write(&mut self, bytes: Vec<u8>) -> Result<(), StoreError> {
        let place = self.store.place("write", &self.key);
        let result = match &mut self.to {
            To::Parts(writer) => writer.write(bytes).await.map_err(|error| place.failure(&error)),
            To::Memory(kept, _) if (kept.len() + bytes.len()) as u64 > LARGEST_IN_ONE_PIECE => {
                Err(place.problem(StoreProblem::TooLarge { limit: LARGEST_IN_ONE_PIECE }))
            }
            To::Memory(kept, _) => {
                kept.extend_from_slice(&bytes);
                Ok(())
            }
            To::Nowhere => Err(place.problem(StoreProblem::Failed("it failed before".into()))),
        };
        if result.is_err() {
            self.abort();
        }
        result
    }

    /// Sends what is left; afterwards the object is in the store, whole.
    ///
    /// # Errors
    ///
    /// When the store fails. It has the whole object then, if the answer was lost, or nothing.
    pub(crate) async fn finish(mut self) -> Result<(), StoreError> {
        let store = self.store.clone();
        let place = store.place("write", &self.key);
        match &mut self.to {
            To::Parts(writer) => place.written(writer.close().await)?,
            To::Memory(kept, _) => {
                let kept = std::mem::take(kept);
                place.written(store.writes.write(&self.key, kept).await)?;
            }
            To::Nowhere => {
                return Err(place.problem(StoreProblem::Failed("it failed before".into())));
            }
        }
        // There is nothing to remove when it is dropped.
        self.to = To::Nowhere;
        Ok(())
    }

    /// Removes the parts that are in the store already, which would be paid for.
    fn abort(&mut self) {
        if let To::Parts(mut writer) = std::mem::replace(&mut self.to, To::Nowhere) {
            let store = self.store.clone();
            let key = self.key.clone();
            self.store.handle().spawn(async move {
                if let Err(error) = writer.abort().await {
                    let error = store.place("abort the write of", &key).failure(&error);
                    tracing::debug!(%error, "parts are left in the store");
                }
            });
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.abort();
    }
}
