//! Writing down, at the end, what a build used, for the next one of the scope to fetch in bulk.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::SystemTime;

use cache_core::ActionId;
use tokio::task::{JoinHandle, JoinSet};

use crate::day::Day;
use crate::key;
use crate::list::{List, PackRef};
use crate::pack::Packing;
use crate::prefetch::Found;
use crate::scope::Scope;
use crate::sending::{Failed, Ready, Sending};
use crate::upload::Uploads;

/// What is older, in days, is written again, so that a bucket can drop what is older than a month.
const MAX_AGE: u32 = 7;

/// Of a hundred used actions, how many have to be in the list for it to stay as it is.
const COVERED: usize = 95;

/// Fewer new results than this that take together fewer [bytes](FEW_BYTES) are left out of packs.
const FEW: usize = 32;
const FEW_BYTES: usize = 256 << 10;

/// How many packs are on their way at once.
const PACKS_AT_ONCE: usize = 4;

/// Writes lists.
pub(crate) struct Publish {
    work: Arc<Work>,
}

struct Work {
    sending: Arc<Sending>,
    uploads: Uploads,
    scope: Scope,
}

impl Publish {
    pub(crate) fn new(sending: Arc<Sending>, uploads: Uploads, scope: Scope) -> Self {
        Self { work: Arc::new(Work { sending, uploads, scope }) }
    }

    /// Writes what was `used`, in the order of the first use, where the list that was found does not
    /// say it already.
    pub(crate) async fn write(
        &self,
        found: Option<Found>,
        used: Vec<ActionId>,
    ) -> Result<(), Failed> {
        self.work.run(found, used).await
    }

    /// [`write`](Self::write), behind the build.
    pub(crate) fn begin(&self, found: Option<Found>, used: Vec<ActionId>) -> JoinHandle<()> {
        let work = self.work.clone();
        self.work.sending.store.handle().spawn(async move {
            if let Err(error) = work.run(found, used).await {
                tracing::warn!("no list for {} was written: {error}", work.scope.text);
            }
        })
    }
}

impl Work {
    async fn run(
        self: &Arc<Self>,
        found: Option<Found>,
        used: Vec<ActionId>,
    ) -> Result<(), Failed> {
        let today = Day::of(SystemTime::now());
        if used.is_empty() || found.as_ref().is_some_and(|found| will_do(found, &used, today)) {
            return Ok(());
        }
        let kept = found.map(|found| Kept::of(&found.list, &used, today)).unwrap_or_default();
        let Kept { mut packs, packed, stored } = kept;
        let new = used.iter().filter(|action| !packed.contains(action)).copied().collect();
        let Sorted { small, large } = self.pack_new(new, today, &mut packs).await?;
        let loose: Vec<ActionId> = small.into_iter().chain(large).collect();
        for action in loose.iter().filter(|action| !stored.contains(action)) {
            // One that was put now is on its way. One that was here already may never have been sent.
            if !self.uploads.was_added(action)
                && !self.sending.store.exists(&key::of_action(action)).await?
            {
                self.uploads.add(action);
            }
        }
        let list = List::new(today, packs, loose, used).to_bytes();
        Ok(self.sending.store.write(&key::of_list(&self.scope.text), list).await?)
    }

    /// Packs what is small, and returns what is in no pack.
    async fn pack_new(
        self: &Arc<Self>,
        new: Vec<ActionId>,
        today: Day,
        packs: &mut Vec<PackRef>,
    ) -> Result<Sorted, Failed> {
        let mut sorted = Sorted::default();
        let mut packing = Packing::default();
        let mut full = 0;
        let mut writes = JoinSet::new();
        for action in new {
            match self.ready(action).await? {
                Some(Ready::Small(object)) => {
                    packing.add(&object);
                    sorted.small.push(action);
                }
                Some(Ready::Large(..)) => sorted.large.push(action),
                None => {}
            }
            if packing.is_full() {
                full += 1;
                sorted.small.clear();
                packs
                    .push(self.write_pack(std::mem::take(&mut packing), today, &mut writes).await?);
            }
        }
        // A few more are as well asked for one by one, until there are more of them.
        let few = sorted.small.len() < FEW && packing.len() < FEW_BYTES;
        if !packing.is_empty() && (full > 0 || !few) {
            sorted.small.clear();
            packs.push(self.write_pack(packing, today, &mut writes).await?);
        }
        while let Some(written) = writes.join_next().await {
            written??;
        }
        Ok(sorted)
    }

    async fn ready(self: &Arc<Self>, action: ActionId) -> Result<Option<Ready>, Failed> {
        let sending = self.sending.clone();
        let runtime = self.sending.store.handle();
        Ok(runtime.spawn_blocking(move || sending.ready(&action)).await??)
    }

    /// Sends a pack on its way, when there are not too many.
    async fn write_pack(
        self: &Arc<Self>,
        packing: Packing,
        today: Day,
        writes: &mut JoinSet<Result<(), Failed>>,
    ) -> Result<PackRef, Failed> {
        if writes.len() >= PACKS_AT_ONCE
            && let Some(written) = writes.join_next().await
        {
            written??;
        }
        let (id, bytes) = packing.finish();
        let pack = PackRef { day: today, id, bytes: bytes.len() as u64 };
        let (store, counters) = (self.sending.store.clone(), self.sending.counters.clone());
        writes.spawn(async move {
            store.write(&key::of_pack(today, &id), bytes).await?;
            counters.packed(pack.bytes);
            Ok(())
        });
        Ok(pack)
    }
}

/// What is in no pack.
#[derive(Default)]
struct Sorted {
    small: Vec<ActionId>,
    large: Vec<ActionId>,
}

/// Whether a list says well enough what was used.
fn will_do(found: &Found, used: &[ActionId], today: Day) -> bool {
    let list = &found.list;
    let covered = used.iter().filter(|action| list.used().binary_search(action).is_ok()).count();
    found.is_own
        && covered * 100 >= used.len() * COVERED
        && list.packs().iter().all(|pack| is_young(pack.day, today))
        && is_young(list.written(), today)
}

fn is_young(day: Day, today: Day) -> bool {
    today.since(day) <= MAX_AGE
}

/// What stays of a list.
#[derive(Default)]
struct Kept {
    packs: Vec<PackRef>,
    /// What is in these packs.
    packed: HashSet<ActionId>,
    /// What is in the store as an object of its own.
    stored: HashSet<ActionId>,
}

impl Kept {
    /// The packs stay together, unless one is old, or most of what they hold is not used any more.
    fn of(list: &List, used: &[ActionId], today: Day) -> Self {
        let stored = list.loose().iter().copied().collect();
        let packed: HashSet<ActionId> = list.packed().collect();
        let still_used = used.iter().filter(|action| packed.contains(action)).count();
        let all_young = list.packs().iter().all(|pack| is_young(pack.day, today));
        if all_young && still_used * 2 >= packed.len() {
            Self { packs: list.packs().to_vec(), packed, stored }
        } else {
            Self { stored, ..Self::default() }
        }
    }
}
