//! An object store, of whatever kind, as the rest of this crate uses it.
//!
//! OpenDAL speaks to the services; this adds what every use of one needs here. Every operation
//! ends: each request has a limit, and so have the tries. Uploads and downloads do not take each
//! other's turns. A failure is sorted, and no text that leaves this module has a secret in it.

mod address;
mod body;
mod error;
mod log;
mod mask;
mod reach;
mod runtime;
mod scheme;
mod service;
#[cfg(test)]
mod tests;
mod unfinished;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures_util::TryStreamExt;
use opendal::{ErrorKind, Operator};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::Semaphore;

use self::error::Place;
use self::mask::Masks;
use self::scheme::Scheme;

pub(crate) use self::body::{Body, Pace};
pub use self::error::{StoreError, StoreProblem};
pub use self::mask::masked_uri;
pub use self::reach::{Reached, reach};
pub(crate) use self::writer::Writer;

/// The pauses between tries double, from the first to the longest, with as much again at random.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How a [`Store`] is spoken to. [`Default`] is right for nearly everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// How long making a connection may take; 5 seconds by default.
    pub connect_timeout: Duration,
    /// How long the store may take for an answer, and for each further piece of it; 10 seconds by
    /// default. Lookups that a build waits for have a tighter limit of their own.
    pub read_timeout: Duration,
    /// How long the store may take for each request of an upload, which has up to 8 MiB; a minute
    /// by default.
    pub write_timeout: Duration,
    /// How often a request is tried that fails in a way that may pass; 3 by default. Between tries
    /// is a pause of 0.1 s that doubles, with as much again at random.
    pub tries: usize,
    /// How many downloads may be on their way at once, and how many uploads; 32 by default.
    pub at_once: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(60),
            tries: 3,
            at_once: 32,
        }
    }
}

/// An object store: a bucket of a cloud, a Redis, a WebDAV server, a shared folder.
///
/// A clone is the same store. Its threads end when the last one is dropped, without waiting for
/// what is on its way.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// What the clones of a [`Store`] share, and the bodies and writers that it gave out.
struct Inner {
    scheme: Scheme,
    reads: Operator,
    writes: Operator,
    /// Without retries.
    lists: Operator,
    tries: usize,
    /// One at a time for objects that are kept in memory until they are whole.
    in_memory: Arc<Semaphore>,
    shown: String,
    masks: Arc<Masks>,
    handle: Handle,
    background: Handle,
    /// Taken when it is dropped.
    runtimes: [Option<Runtime>; 2],
}

impl Store {
    /// Opens the store that `uri` names. Nothing is sent to it yet.
    ///
    /// | address | store |
    /// | --- | --- |
    /// | `s3://BUCKET/PREFIX?region=…&endpoint=…` | Amazon S3 and what speaks its protocol |
    /// | `gcs://BUCKET/PREFIX` | Google Cloud Storage |
    /// | `azblob://CONTAINER/PREFIX?account_name=…` | Azure Blob Storage |
    /// | `redis://:PASSWORD@HOST:PORT/DB/PREFIX` | Redis; over TLS with `rediss` |
    /// | `webdav://USER:PASSWORD@HOST/PREFIX` | WebDAV over HTTPS; without TLS with `webdav+http` |
    /// | `fs:///FOLDER` | a folder that the machines share |
    /// | `ghac:///PREFIX` | the cache of GitHub Actions |
    ///
    /// What follows the `?` are options of OpenDAL's service by their names there. Credentials come
    /// from each cloud's standard variables and files.
    ///
    /// Credentials in the address itself stay out of errors and out of `tracing`, but not out of
    /// what OpenDAL's libraries tell the `log` facade at debug level, where a program listens to it.
    ///
    /// # Errors
    ///
    /// [`StoreProblem::Address`] when the address makes no sense or its service is not compiled in;
    /// another problem when a shared folder cannot be used, or the system has no root certificates
    /// for HTTPS. [`StoreError`] never shows a secret.
    pub fn open(uri: &str, options: &StoreOptions) -> Result<Self, StoreError> {
        let masks = Arc::new(Masks::new(uri));
        let shown = masked_uri(uri);
        let store = mask::without_options(&shown);
        let place = Place { operation: "open", key: None, store, masks: &masks };
        let address = place.address(uri)?;
        let scheme = address.scheme;
        let [reads, writes, lists] =
            service::open(address, options, &masks).map_err(|problem| place.problem(problem))?;
        let (runtime, background) = runtime::start().map_err(|error| {
            place.problem(StoreProblem::Failed(format!("cannot start its threads: {error}")))
        })?;
        Ok(Self {
            inner: Arc::new(Inner {
                scheme,
                reads,
                writes,
                lists,
                tries: options.tries.max(1),
                in_memory: Arc::new(Semaphore::new(1)),
                shown,
                masks,
                handle: runtime.handle().clone(),
                background: background.handle().clone(),
                runtimes: [Some(runtime), Some(background)],
            }),
        })
    }

    /// The store's address without its options, for messages.
    pub(crate) fn name(&self) -> &str {
        mask::without_options(&self.inner.shown)
    }

    /// The runtime that the store's operations need.
    pub(crate) fn handle(&self) -> &Handle {
        self.inner.handle()
    }

    /// Threads for what keeps a processor busy and no build waits for. On Linux they give way to
    /// everything else. For `spawn_blocking` alone.
    pub(crate) fn background(&self) -> &Handle {
        &self.inner.background
    }

    /// Waits for `work`. Not to be called on one of the runtime's own threads, where it panics.
    pub(crate) fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.handle().block_on(work)
    }

    /// The whole object under `key`. `None`: it is not there.
    ///
    /// Redis gives a value only as a whole, whatever the limit.
    ///
    /// # Errors
    ///
    /// When the store fails or is slower than `pace`, and when the object has more than `limit`
    /// bytes.
    pub(crate) async fn read(
        &self,
        key: &str,
        limit: u64,
        pace: Pace,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        match self.stream(key, pace).await? {
            Some(body) => body.all(limit).await.map(Some),
            None => Ok(None),
        }
    }

    /// The object under `key` as its bytes come. `None`: it is not there.
    ///
    /// # Errors
    ///
    /// When the store fails or is slower than `pace`.
    pub(crate) async fn stream(&self, key: &str, pace: Pace) -> Result<Option<Body>, StoreError> {
        Body::open(self.inner.clone(), key, pace).await
    }

    /// Puts an object under `key`, with one request where the store allows that. It replaces one
    /// that is there, but in the cache of GitHub Actions, whose entries cannot be changed: that one
    /// is kept, and it is no error.
    ///
    /// # Errors
    ///
    /// When the store fails. It has the whole object then, if the answer was lost, or nothing.
    pub(crate) async fn write(&self, key: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let written = self.inner.writes.write(key, bytes).await;
        self.inner.place("write", key).written(written)
    }

    /// Begins an object that is written piece by piece, in parts of 8 MiB.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn writer(&self, key: &str) -> Result<Writer, StoreError> {
        Writer::open(self.inner.clone(), key).await
    }

    /// Whether there is an object under `key`.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn exists(&self, key: &str) -> Result<bool, StoreError> {
        let found = match self.inner.scheme {
            // Not every server knows PROPFIND, which OpenDAL would use; all know GET.
            Scheme::Webdav => self.first_byte(key).await,
            _ => self.inner.reads.stat(key).await.map(|_| ()),
        };
        match found {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.inner.place("look for", key).failure(&error)),
        }
    }

    async fn first_byte(&self, key: &str) -> opendal::Result<()> {
        let reader = self.inner.reads.reader(key).await?;
        match reader.into_stream(0..1).await?.try_next().await {
            // It is there and empty.
            Err(error) if error.kind() == ErrorKind::RangeNotSatisfied => Ok(()),
            result => result.map(|_| ()),
        }
    }

    /// Removes the object under `key`. That there is none is no error.
    ///
    /// # Errors
    ///
    /// When the store fails, or cannot remove anything.
    #[cfg_attr(not(test), expect(dead_code, reason = "for a check that writes and removes"))]
    pub(crate) async fn remove(&self, key: &str) -> Result<(), StoreError> {
        let place = self.inner.place("remove", key);
        self.inner.writes.delete(key).await.map_err(|error| place.failure(&error))
    }

    /// The keys of all objects that begin with `prefix`, which ends with a slash.
    ///
    /// # Errors
    ///
    /// When the store fails, or cannot list anything.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        // From the beginning each time: where OpenDAL goes from folder to folder, it leaves out the
        // one that failed when it is asked to go on.
        let list = || async {
            let listed = self.list_once(prefix).await;
            listed.map_err(|error| self.inner.place("list", prefix).failure(&error))
        };
        let pauses = ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(self.inner.tries - 1);
        list.retry(pauses).when(StoreError::is_temporary).await
    }

    async fn list_once(&self, prefix: &str) -> opendal::Result<Vec<String>> {
        let options = opendal::options::ListOptions { recursive: true, ..Default::default() };
        let mut lister = self.inner.lists.lister_options(prefix, options).await?;
        let mut keys = Vec::new();
        while let Some(entry) = lister.try_next().await? {
            if !entry.metadata().is_dir() {
                keys.push(entry.path().to_owned());
            }
        }
        Ok(keys)
    }
}

/// The store's address, without the secrets in it.
impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.inner.shown)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.inner.shown).finish()
    }
}

impl Inner {
    fn handle(&self) -> &Handle {
        &self.handle
    }

    fn place<'a>(&'a self, operation: &'static str, key: &'a str) -> Place<'a> {
        let store = mask::without_options(&self.shown);
        Place { operation, key: Some(key), store, masks: &self.masks }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Waiting would panic when one of its own tasks holds the last clone, and could take as
        // long as a request may.
        for runtime in self.runtimes.iter_mut().filter_map(Option::take) {
            runtime.shutdown_background();
        }
    }
}
