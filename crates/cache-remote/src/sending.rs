//! One upload: from the directory to the store.

use std::fmt;
use std::fs::File;
use std::sync::Arc;

use cache_core::{ActionId, Cache, CacheExt, Check, Error, FileName, Lookup, OutputId};
use cache_disk::DiskCache;

use crate::counts::Counters;
use crate::key;
use crate::object::{self, LIMIT, OutputEncoder, SMALL};
use crate::pieces::{self, WriteAllError};
use crate::sign::{KeyPair, Signable};
use crate::store::Store;

/// What uploads are made with.
pub(crate) struct Sending {
    pub(crate) local: Arc<DiskCache>,
    pub(crate) store: Store,
    pub(crate) signer: Option<KeyPair>,
    pub(crate) counters: Arc<Counters>,
}

/// What came of an upload.
#[derive(Debug)]
pub(crate) enum Sent {
    /// The store has it.
    Done,
    /// The directory has it no more, or it is too large for a store.
    Gone,
    /// It can be tried again. What went wrong, for people.
    Failed(String),
}

/// A result that is ready to go.
pub(crate) enum Ready {
    /// The object of a small one.
    Small(Vec<u8>),
    /// A large one, and its output's file.
    Large(Signable, File),
}

impl Sending {
    /// Uploads the result that the directory has of an action.
    pub(crate) async fn send(self: &Arc<Self>, action: ActionId) -> Sent {
        match self.try_send(action).await {
            Ok(Some(bytes)) => {
                self.counters.uploaded(bytes);
                Sent::Done
            }
            Ok(None) => Sent::Gone,
            Err(problem) => {
                self.counters.upload_failed();
                Sent::Failed(format!("cannot upload the result of action {action}: {problem}"))
            }
        }
    }

    /// Returns how many bytes went up; `None`: there is nothing to upload.
    async fn try_send(self: &Arc<Self>, action: ActionId) -> Result<Option<u64>, Failed> {
        let this = self.clone();
        let ready = self.store.background().spawn_blocking(move || this.ready(&action)).await??;
        match ready {
            None => Ok(None),
            Some(Ready::Small(object)) => self.put(&action, object).await.map(Some),
            Some(Ready::Large(said, file)) => {
                let put = self.put_output(said.output, said.size, file).await?;
                let Some(output) = put else { return Ok(None) };
                // After what it names, so that nobody looks for that in vain.
                let object = object::encode_large(&said, self.signer.as_ref());
                Ok(Some(output + self.put(&action, object).await?))
            }
        }
    }

    /// Reads what is to be uploaded. `None`: it is gone, or too large. For threads that may block.
    pub(crate) fn ready(&self, action: &ActionId) -> cache_core::Result<Option<Ready>> {
        match self.local.get_bytes(action, SMALL) {
            Ok(Lookup::Hit((entry, bytes))) => {
                let said = Signable::of(action, &entry, self.executable(&entry.output)?);
                let object = object::encode_small(&said, &bytes, self.signer.as_ref());
                Ok(Some(Ready::Small(object)))
            }
            Ok(Lookup::Miss(_)) => Ok(None),
            Err(Error::TooLarge { .. }) => match self.local.open(action, Check::Size)? {
                Lookup::Hit((entry, file)) if entry.size <= LIMIT => {
                    let said = Signable::of(action, &entry, self.executable(&entry.output)?);
                    Ok(Some(Ready::Large(said, file)))
                }
                _ => Ok(None),
            },
            Err(error) => Err(error),
        }
    }

    /// The name of an output that is an executable.
    fn executable(&self, output: &OutputId) -> cache_core::Result<Option<FileName>> {
        let Some(file) = self.local.output_file(output)? else { return Ok(None) };
        let name = file.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // A plain one is called as its ID says, an executable lies in a folder of that name.
        let is_plain = name.strip_suffix("-d").is_some_and(|id| id == output.to_string());
        Ok(if is_plain { None } else { FileName::new(name).ok() })
    }

    async fn put(&self, action: &ActionId, object: Vec<u8>) -> Result<u64, Failed> {
        let bytes = object.len() as u64;
        self.store.write(&key::of_action(action), object).await?;
        Ok(bytes)
    }

    /// Uploads a large output, unless it is there. Returns how many bytes went up; `None`: this store
    /// takes none of this size.
    async fn put_output(
        &self,
        output: OutputId,
        size: u64,
        file: File,
    ) -> Result<Option<u64>, Failed> {
        let key = key::of_output(&output);
        // Where asking fails, as it may for who must not list, sending may not.
        if self.store.exists(&key).await.unwrap_or(false) {
            return Ok(Some(0));
        }
        let writer = self.store.writer(&key).await?;
        let (to, from) = pieces::reading();
        let read = self.store.background().spawn_blocking(move || {
            match OutputEncoder::new(output, size, file) {
                Ok(encoder) => pieces::send_all(encoder, &to),
                // Fails when the store has failed, which is told.
                Err(error) => _ = to.blocking_send(Err(error)),
            }
        });
        let written = pieces::write_all(writer, from).await;
        read.await?;
        match written {
            Err(WriteAllError::Store(error)) if error.is_too_large() => {
                tracing::warn!("{error}; it is not tried again");
                Ok(None)
            }
            written => Ok(Some(written?)),
        }
    }
}

/// Why an upload failed.
pub(crate) struct Failed(String);

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Failed(error.to_string())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
