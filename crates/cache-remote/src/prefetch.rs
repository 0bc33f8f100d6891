//! Fetching in bulk, while the first lookups come in, what the last build of the scope used.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use cache_core::{ActionId, Cache};
use futures_util::{StreamExt, stream};
use tokio::task::JoinHandle;

use crate::fetching::Fetching;
use crate::flight::{Fetched, Flights, Pilot};
use crate::key;
use crate::list::{self, List, PackRef};
use crate::pack;
use crate::patience::{Answer, Patience};
use crate::scope::Scope;
use crate::store::{Pace, StoreError};

/// How many packs are fetched at once.
const PACKS_AT_ONCE: usize = 8;

/// How many results are fetched at once that are in no pack.
const LOOSE_AT_ONCE: usize = 16;

/// When no more than one in so many of what the packs hold is missing here, those are fetched one by
/// one: every one of them is an object of its own as well.
const FEW: usize = 4;

/// The prefetching of one process.
pub(crate) struct Prefetch {
    looked: Arc<Looked>,
    patience: Patience,
    task: JoinHandle<()>,
}

/// The list that was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) list: Arc<List>,
    /// Whether it is that of the scope, and not of its fallback.
    pub(crate) is_own: bool,
}

/// What was found, once that is known.
#[derive(Debug, Default)]
struct Looked {
    found: Mutex<Option<Option<Found>>>,
    known: Condvar,
}

/// The results that are on their way, each with the one who has to bring it.
type Pilots = Arc<Mutex<HashMap<ActionId, Pilot>>>;

impl Prefetch {
    /// Starts looking for a list, and fetching what it names.
    pub(crate) fn start(
        fetching: Arc<Fetching>,
        patience: Patience,
        flights: Flights,
        scope: Scope,
    ) -> Self {
        let looked = Arc::<Looked>::default();
        let runtime = fetching.store.handle().clone();
        let behind = Behind { fetching, patience: patience.clone() };
        let task = runtime.spawn(run(behind, flights, scope, looked.clone()));
        Self { looked, patience, task }
    }

    /// Waits until it is known what is on its way: a lookup that comes before that would ask the
    /// store for what comes anyway.
    pub(crate) fn wait_for_list(&self, action: &ActionId) {
        let mut found = self.looked.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.is_some() {
            return;
        }
        let Ok(asking) = self.patience.wait(action) else { return };
        loop {
            if let Some(found) = &*found {
                return asking.answered(match found {
                    Some(_) => Answer::Hit,
                    None => Answer::NotThere,
                });
            }
            let left = asking.left();
            if left.is_zero() {
                return asking.answered(Answer::Failed);
            }
            let waited = self.looked.known.wait_timeout(found, left);
            found = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends it. Returns the list that was found.
    pub(crate) fn stop(&self) -> Option<Found> {
        self.task.abort();
        let found = self.looked.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.clone().flatten()
    }
}

/// What fetches behind the build.
#[derive(Clone)]
struct Behind {
    fetching: Arc<Fetching>,
    patience: Patience,
}

async fn run(behind: Behind, flights: Flights, scope: Scope, looked: Arc<Looked>) {
    let found = behind.look(&scope).await;
    let mut plan = Plan::default();
    if let Some(found) = &found {
        let (fetching, list) = (behind.fetching.clone(), found.list.clone());
        let runtime = behind.fetching.store.handle();
        let planned = runtime.spawn_blocking(move || Plan::of(&list, &fetching, &flights)).await;
        plan = planned.unwrap_or_default();
    }
    // Whoever looks something up from now on waits for what is planned.
    *looked.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
    looked.known.notify_all();
    plan.fetch(&behind).await;
}

impl Behind {
    /// The list of the scope, else of its fallback.
    async fn look(&self, scope: &Scope) -> Option<Found> {
        if let Some(list) = self.list(&scope.text).await {
            return Some(Found { list, is_own: true });
        }
        let list = self.list(scope.fallback.as_deref()?).await?;
        Some(Found { list, is_own: false })
    }

    async fn list(&self, scope: &str) -> Option<Arc<List>> {
        let bytes = self.read(&key::of_list(scope), list::LIMIT).await?;
        let list = List::parse(&bytes);
        list.inspect_err(|e| tracing::warn!("no list for {scope}: {e}")).ok().map(Arc::new)
    }

    /// Reads a whole object, and tells those who wait that something comes.
    async fn read(&self, key: &str, limit: u64) -> Option<Vec<u8>> {
        if self.patience.is_failing() {
            return None;
        }
        let read = self.try_read(key, limit).await;
        self.patience.learn(match &read {
            Ok(Some(_)) => Answer::Hit,
            Ok(None) => Answer::NotThere,
            Err(_) => Answer::Failed,
        });
        read.inspect_err(|error| tracing::warn!("{error}")).ok()?
    }

    async fn try_read(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(mut body) = self.fetching.store.stream(key, Pace::BEHIND).await? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        while let Some(piece) = body.next_within(limit).await? {
            bytes.extend_from_slice(&piece);
            self.patience.received(piece.len() as u64);
        }
        Ok(Some(bytes))
    }

    async fn fetch_pack(self, pack: PackRef, pilots: Pilots) {
        let Some(bytes) = self.read(&key::of_pack(pack.day, &pack.id), pack::LIMIT).await else {
            return;
        };
        let fetching = self.fetching.clone();
        let runtime = self.fetching.store.handle();
        let patience = self.patience.clone();
        let unpacked = runtime.spawn_blocking(move || {
            unpack(&fetching, &pack, &bytes, &pilots, &patience);
        });
        // One that panicked has not landed its pilots, who are given up with the others.
        unpacked.await.ok();
    }

    async fn fetch_loose(self, action: ActionId, pilot: Pilot) {
        if self.patience.is_failing() {
            return;
        }
        let received = |bytes| self.patience.received(bytes);
        let fetched = self.fetching.fetch(action, Pace::BEHIND, &received).await;
        self.patience.learn(match fetched {
            Fetched::Here => Answer::Hit,
            Fetched::NotThere | Fetched::Untrusted(_) => Answer::NotThere,
            _ => Answer::Failed,
        });
        pilot.land(fetched);
    }
}

/// What is to be fetched.
#[derive(Default)]
struct Plan {
    packs: Vec<PackRef>,
    loose: Vec<(ActionId, Pilot)>,
    in_packs: Pilots,
}

impl Plan {
    /// What of the list's results is neither here nor on its way. For threads that may block.
    fn of(list: &List, fetching: &Fetching, flights: &Flights) -> Self {
        let is_here =
            |action: &ActionId| fetching.local.get(action).is_ok_and(|lookup| lookup.is_hit());
        let missing = |actions: &[ActionId]| -> Vec<(ActionId, Pilot)> {
            let missing = actions.iter().filter(|action| !is_here(action));
            missing.filter_map(|action| Some((*action, flights.join(action).1?))).collect()
        };
        let mut loose = missing(list.loose());
        let packed: Vec<ActionId> = list.packed().collect();
        let in_packs = missing(&packed);
        if in_packs.len() <= packed.len() / FEW {
            loose.extend(in_packs);
            return Self { loose, ..Self::default() };
        }
        let in_packs = Arc::new(Mutex::new(in_packs.into_iter().collect()));
        Self { packs: list.packs().to_vec(), loose, in_packs }
    }

    async fn fetch(self, behind: &Behind) {
        let Self { packs, loose, in_packs } = self;
        let packs = async {
            let packs = stream::iter(packs);
            packs
                .for_each_concurrent(PACKS_AT_ONCE, |pack| {
                    behind.clone().fetch_pack(pack, in_packs.clone())
                })
                .await;
            // Who still waits for something that was in none of them asks for it himself.
            in_packs.lock().unwrap_or_else(PoisonError::into_inner).clear();
        };
        let loose = stream::iter(loose).for_each_concurrent(LOOSE_AT_ONCE, |(action, pilot)| {
            behind.clone().fetch_loose(action, pilot)
        });
        tokio::join!(packs, loose);
    }
}

/// Puts what a pack holds into the directory. For threads that may block.
fn unpack(fetching: &Fetching, pack: &PackRef, bytes: &[u8], pilots: &Pilots, patience: &Patience) {
    let objects = match pack::objects(bytes, &pack.id) {
        Ok(objects) => objects,
        Err(malformed) => return tracing::warn!("pack {}: {malformed}", pack.id),
    };
    for object in objects {
        let (header, body) = match object {
            Ok(object) => object,
            Err(malformed) => return tracing::warn!("pack {}: {malformed}", pack.id),
        };
        let action = header.said.action;
        let pilot = pilots.lock().unwrap_or_else(PoisonError::into_inner).remove(&action);
        // Without a pilot it is here already, or nobody was told that it would come.
        if let Some(pilot) = pilot {
            pilot.land(fetching.take(&header, body));
            // Whoever waits for a later one sees that it goes on.
            patience.received(body.len() as u64);
        }
    }
}
