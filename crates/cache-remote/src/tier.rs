//! The cache: the directory, with the store behind it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cache_core::{
    ActionId, Cache, Entry, Lookup, MissReason, OutputFile, OutputId, PutOptions, Result, Source,
    Stored,
};
use cache_disk::DiskCache;
use tokio::task::JoinHandle;

use crate::builder::{Access, Builder};
use crate::counts::{Counters, Counts};
use crate::fetching::Fetching;
use crate::flight::{Fetched, Flight, Flights, Pilot};
use crate::patience::{Answer, Asking, Patience};
use crate::prefetch::Prefetch;
use crate::publish::Publish;
use crate::store::{Pace, Store};
use crate::upload::Uploads;
use crate::used::Used;

/// A cache on this machine in front of a store that many machines share.
///
/// A lookup asks the directory, then the store; what the store has is checked, put into the
/// directory, and answered from there. A put is done when the directory has it; it is uploaded
/// behind the build. What a build of the same [scope](crate::Scope) used before is fetched in bulk
/// while the first lookups come in.
///
/// Nothing that the store does, or does not do, fails a lookup or a put: the worst that it can do is
/// to cost a few seconds.
pub struct RemoteCache {
    pub(crate) local: Arc<DiskCache>,
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) upload_wait: Duration,
    pub(crate) fetching: Arc<Fetching>,
    pub(crate) flights: Flights,
    pub(crate) patience: Patience,
    pub(crate) prefetch: Option<Prefetch>,
    /// `None` where nothing is written to the store.
    pub(crate) uploads: Option<Uploads>,
    pub(crate) publish: Option<Publish>,
    pub(crate) publishing: Mutex<Option<JoinHandle<()>>>,
    pub(crate) used: Used,
    pub(crate) counters: Arc<Counters>,
    pub(crate) closed: AtomicBool,
}

impl RemoteCache {
    /// The settings to put `store` behind `local` with.
    pub fn builder(local: Arc<DiskCache>, store: Store) -> Builder {
        Builder::new(local, store)
    }

    /// The directory's path.
    pub fn dir(&self) -> &Path {
        self.local.dir()
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        self.counters.now()
    }

    /// How many results are still to be uploaded.
    pub fn uploads_left(&self) -> u64 {
        self.uploads.as_ref().map_or(0, |uploads| uploads.wait(Duration::ZERO))
    }

    /// Goes on with the uploads, up to `limit`, and no longer than they get through. For a program
    /// that has closed the cache, has told so whoever waits for it, and has time left. Returns how
    /// many uploads are left; the next process takes them over.
    pub fn finish(&self, limit: Duration) -> u64 {
        let begun = Instant::now();
        let Some(uploads) = &self.uploads else { return 0 };
        uploads.wait(limit);
        let publishing = self.publishing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(publishing) = publishing {
            let left = limit.saturating_sub(begun.elapsed());
            // Late or failed, it is not there: the next build writes one.
            self.store.block_on(async { tokio::time::timeout(left, publishing).await.ok() });
        }
        uploads.wait(limit.saturating_sub(begun.elapsed()))
    }

    /// Asks the store for what the directory does not have.
    fn fetch(&self, action: &ActionId) -> Fetched {
        if let Some(prefetch) = &self.prefetch {
            prefetch.wait_for_list(action);
        }
        let (flight, pilot) = self.flights.join(action);
        let fetched = match pilot {
            Some(pilot) => self.ask(action, &flight, pilot),
            None => match self.wait(action, &flight) {
                // Who had it in hand has given up: a second try of our own.
                Fetched::GivenUp => match self.flights.join(action) {
                    (flight, Some(pilot)) => self.ask(action, &flight, pilot),
                    (flight, None) => self.wait(action, &flight),
                },
                fetched => fetched,
            },
        };
        match &fetched {
            Fetched::Here | Fetched::Refused(_) | Fetched::Untrusted(_) => {}
            Fetched::NotThere => self.counters.not_there(),
            Fetched::Failed(_) | Fetched::GivenUp => self.counters.failed(),
            Fetched::NotAsked(_) => self.counters.not_asked(),
        }
        fetched
    }

    /// Asks the store, and waits for the answer.
    fn ask(&self, action: &ActionId, flight: &Flight, pilot: Pilot) -> Fetched {
        let asking = match self.patience.ask(action) {
            Ok(asking) => asking,
            Err(why) => {
                pilot.land(Fetched::NotAsked(why));
                return Fetched::NotAsked(why);
            }
        };
        let (fetching, action) = (self.fetching.clone(), *action);
        self.store.handle().spawn(async move {
            let received = |bytes| pilot.received(bytes);
            let fetched = fetching.fetch(action, Pace::LOOKUP, &received).await;
            pilot.land(fetched);
        });
        answered(asking, flight)
    }

    /// Waits for what is on its way.
    fn wait(&self, action: &ActionId, flight: &Flight) -> Fetched {
        match self.patience.wait(action) {
            Ok(asking) => answered(asking, flight),
            Err(why) => Fetched::NotAsked(why),
        }
    }

    /// Whether the output of an entry is there in the size that the entry says.
    fn has_output(&self, entry: &Entry) -> Result<bool> {
        let file = self.local.output_file(&entry.output)?;
        Ok(file.is_some_and(|file| file.size == entry.size))
    }

    fn used(&self, action: &ActionId) {
        if self.publish.is_some() {
            self.used.add(action);
        }
    }
}

impl Cache for RemoteCache {
    fn get(&self, action: &ActionId) -> Result<Lookup> {
        let missed = match self.local.get(action)? {
            Lookup::Hit(entry) if self.has_output(&entry)? => {
                self.used(action);
                return Ok(Lookup::Hit(entry));
            }
            Lookup::Hit(entry) => MissReason::OutputGone(entry.output),
            Lookup::Miss(reason) => reason,
        };
        if !self.access.reads() || matches!(missed, MissReason::VerifyMode) {
            return Ok(Lookup::Miss(missed));
        }
        let why = match self.fetch(action) {
            Fetched::Here => {
                let lookup = self.local.get(action)?;
                if lookup.is_hit() {
                    self.used(action);
                }
                return Ok(lookup);
            }
            Fetched::NotThere => return Ok(Lookup::Miss(missed)),
            Fetched::Refused(why) | Fetched::Untrusted(why) => {
                format!("{missed}; the store's result is refused: {why}")
            }
            Fetched::Failed(why) => format!("{missed}; the store: {why}"),
            Fetched::NotAsked(why) => format!("{missed}; {why}"),
            Fetched::GivenUp => missed.to_string(),
        };
        Ok(Lookup::Miss(MissReason::Other(why.into())))
    }

    fn put(&self, action: &ActionId, source: Source<'_>, options: &PutOptions) -> Result<Stored> {
        let stored = self.local.put(action, source, options)?;
        self.used(action);
        self.patience.computed(action);
        if let Some(uploads) = &self.uploads {
            uploads.add(action);
        }
        Ok(stored)
    }

    fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>> {
        self.local.output_file(output)
    }

    fn open_output(&self, output: &OutputId) -> Result<Option<(OutputFile, File)>> {
        self.local.open_output(output)
    }

    fn fuzz_dir(&self) -> PathBuf {
        self.local.fuzz_dir()
    }

    /// Ends the prefetching, and waits for the uploads as long as it was told to; what is left then
    /// is for [`finish`](Self::finish), or for the next process. The directory is trimmed.
    fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let found = self.prefetch.as_ref().and_then(Prefetch::stop);
        if let Some(publish) = &self.publish {
            let publishing = publish.begin(found, self.used.take());
            *self.publishing.lock().unwrap_or_else(PoisonError::into_inner) = Some(publishing);
        }
        if !self.upload_wait.is_zero() {
            self.finish(self.upload_wait);
        }
        self.local.close()
    }
}

impl Drop for RemoteCache {
    fn drop(&mut self) {
        if let Some(uploads) = &self.uploads {
            uploads.release();
        }
    }
}

/// Waits for the end of a flight, and says what it was to the one who waited.
fn answered(asking: Asking, flight: &Flight) -> Fetched {
    let fetched = flight.wait(&asking);
    asking.answered(match &fetched {
        Some(Fetched::Here) => Answer::Hit,
        Some(
            Fetched::NotThere | Fetched::Untrusted(_) | Fetched::NotAsked(_) | Fetched::GivenUp,
        ) => Answer::NotThere,
        Some(Fetched::Refused(_) | Fetched::Failed(_)) | None => Answer::Failed,
    });
    fetched.unwrap_or_else(|| Fetched::Failed("it did not answer in time".into()))
}
