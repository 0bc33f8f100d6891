//! How a store is put behind a directory.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cache_core::Result;
use cache_disk::DiskCache;

use crate::counts::Counters;
use crate::fetching::Fetching;
use crate::flight::Flights;
use crate::journal::{self, Journal};
use crate::patience::Patience;
use crate::prefetch::Prefetch;
use crate::publish::Publish;
use crate::scope::Scope;
use crate::sending::Sending;
use crate::sign::{KeyPair, Trust};
use crate::store::Store;
use crate::tier::RemoteCache;
use crate::upload::{Effort, Uploads};
use crate::used::Used;

/// What is done with a store. The directory is always read and filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// Lookups ask it, and puts are uploaded.
    #[default]
    ReadWrite,
    /// Lookups ask it, and nothing is written to it.
    ReadOnly,
    /// Puts are uploaded, and lookups do not ask it.
    WriteOnly,
}

impl Access {
    pub(crate) fn reads(self) -> bool {
        self != Access::WriteOnly
    }

    pub(crate) fn writes(self) -> bool {
        self != Access::ReadOnly
    }
}

/// How a [`RemoteCache`] is made. Made by [`RemoteCache::builder`].
#[must_use]
pub struct Builder {
    local: Arc<DiskCache>,
    store: Store,
    access: Access,
    trust: Trust,
    signer: Option<KeyPair>,
    scope: Option<Scope>,
    upload_wait: Duration,
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
    notify: Notify,
}

/// Takes the notice that a build goes on without its store.
type Notify = Box<dyn Fn(&str) + Send + Sync>;

impl Builder {
    pub(crate) fn new(local: Arc<DiskCache>, store: Store) -> Self {
        Self {
            local,
            store,
            access: Access::default(),
            trust: Trust::everybody(),
            signer: None,
            scope: None,
            upload_wait: Duration::ZERO,
            clock: Box::new(Instant::now),
            notify: Box::new(|notice| tracing::warn!("{notice}")),
        }
    }

    /// What is done with the store; all when not said.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Whose entries are taken from the store; everybody's when not said.
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Signs what is uploaded with this key; nothing is signed when not said.
    pub fn signer(mut self, pair: KeyPair) -> Self {
        self.signer = Some(pair);
        self
    }

    /// Which builds this one has a list in common with: what the last one used is fetched at the
    /// start, and what this one used is written down at the end. Without a scope neither is done.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// How long closing waits for uploads while they are getting through; not at all when not said.
    /// Where it does not wait, fewer go up before that: one at once for every two processors, with
    /// rests. They take time that a build would have to itself.
    pub fn upload_wait(mut self, limit: Duration) -> Self {
        self.upload_wait = limit;
        self
    }

    /// Calls `notify` with a line for the user when lookups first go on without the store, since it
    /// fails or costs too much time, instead of telling the log. It may be called on any thread.
    pub fn notify(mut self, notify: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.notify = Box::new(notify);
        self
    }

    /// The clock by which waiting for the store has cost too much, instead of the system's.
    pub fn clock(mut self, now: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        self.clock = Box::new(now);
        self
    }

    /// Starts fetching what the scope's list names, and uploading what earlier processes left.
    ///
    /// # Errors
    ///
    /// When the journal of uploads cannot be written in the directory.
    pub fn start(self) -> Result<RemoteCache> {
        let Self { local, store, access, trust, signer, scope, upload_wait, clock, notify } = self;
        let counters = Arc::<Counters>::default();
        let fetching = Arc::new(Fetching {
            local: local.clone(),
            store: store.clone(),
            trust,
            counters: counters.clone(),
        });
        let flights = Flights::default();
        let patience = Patience::new(clock, {
            let store = store.name().to_owned();
            move |turned_off| notify(&format!("the build goes on without {store}: {turned_off}"))
        });
        let runtime = store.handle().clone();
        let sending = Arc::new(Sending {
            local: local.clone(),
            store: store.clone(),
            signer,
            counters: counters.clone(),
        });
        let uploads = match access.writes() {
            false => None,
            true => {
                let name = store.to_string();
                // No link in their place leads the journals elsewhere.
                local.own_folder(&journal::own_folder(&name))?;
                let (journal, adopted) = Journal::open(local.dir(), &name)?;
                let effort = Effort::until_closing(upload_wait);
                Some(Uploads::start(sending.clone(), runtime, journal, adopted, effort))
            }
        };
        let prefetch = scope.as_ref().filter(|_| access.reads()).map(|scope| {
            let (fetching, patience) = (fetching.clone(), patience.clone());
            Prefetch::start(fetching, patience, flights.clone(), scope.clone())
        });
        let publish = scope
            .zip(uploads.clone())
            .map(|(scope, uploads)| Publish::new(sending, uploads, scope));
        Ok(RemoteCache {
            local,
            store,
            access,
            upload_wait,
            fetching,
            flights,
            patience,
            prefetch,
            uploads,
            publish,
            publishing: Mutex::default(),
            used: Used::default(),
            counters,
            closed: AtomicBool::default(),
        })
    }
}
