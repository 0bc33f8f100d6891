//! From the store to the directory.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use cache_core::{ActionId, CacheExt, Check};
use cache_disk::DiskCache;
use tokio::sync::mpsc;

use super::line::{AT_ONCE, Event, FOLDERS_AT_ONCE, Line};
use crate::fetching::Fetching;
use crate::flight::Fetched;
use crate::key;
use crate::list::{self, List, PackRef};
use crate::malformed::Malformed;
use crate::pack;
use crate::prefetch::Found;
use crate::scope::Scope;
use crate::store::{Pace, Store, StoreError};

/// How many packs are fetched at once.
const PACKS_AT_ONCE: usize = 4;

/// When no more than one in so many of what the packs hold is missing here, those are fetched one by
/// one.
const FEW: usize = 4;

pub(super) async fn run(
    fetching: Arc<Fetching>,
    scope: Option<Scope>,
    line: Line,
) -> Result<(), StoreError> {
    let Some(scope) = scope else { return everything(fetching, line).await };
    match find_list(&fetching.store, &scope).await? {
        Ok(None) => {}
        Ok(Some(found)) => {
            let fallback = scope.fallback.unwrap_or_default();
            line.tell(Event::List(if found.is_own { scope.text } else { fallback })).await;
            listed(&fetching, found.list, &line).await;
        }
        Err(malformed) => {
            let problem = format!("the list for {} is not used: {malformed}", scope.text);
            line.tell(Event::Refused(problem)).await;
        }
    }
    Ok(())
}

/// The list of a scope, else of its fallback.
pub(super) async fn find_list(
    store: &Store,
    scope: &Scope,
) -> Result<Result<Option<Found>, Malformed>, StoreError> {
    for (text, is_own) in [(Some(&scope.text), true), (scope.fallback.as_ref(), false)] {
        let Some(text) = text else { continue };
        if let Some(bytes) = store.read(&key::of_list(text), list::LIMIT, Pace::BEHIND).await? {
            let list = List::parse(&bytes);
            return Ok(list.map(|list| Some(Found { list: Arc::new(list), is_own })));
        }
    }
    Ok(Ok(None))
}

/// All that the store has.
async fn everything(fetching: Arc<Fetching>, line: Line) -> Result<(), StoreError> {
    let (to_folders, folders) = mpsc::channel(FOLDERS_AT_ONCE);
    let (to_do, wanted) = mpsc::channel(AT_ONCE);
    let failed = Arc::<Mutex<Option<StoreError>>>::default();
    let looking = tokio::spawn({
        let (fetching, line, failed) = (fetching.clone(), line.clone(), failed.clone());
        async move {
            let bring = async move {
                for folder in 0..=u8::MAX {
                    if to_folders.send(folder).await.is_err() {
                        return;
                    }
                }
            };
            let bringing = tokio::spawn(bring);
            let look = |folder| {
                let (fetching, line) = (fetching.clone(), line.clone());
                let (to_do, failed) = (to_do.clone(), failed.clone());
                async move {
                    if let Err(error) = look(&fetching, folder, &line, &to_do).await {
                        line.stop();
                        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    }
                }
            };
            line.spread(folders, FOLDERS_AT_ONCE as u32, look).await;
            bringing.await.ok();
        }
    });
    fetch_each(&fetching, wanted, &line).await;
    looking.await.ok();
    match failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Finds out which of the actions in a folder of the store are not here.
async fn look(
    fetching: &Arc<Fetching>,
    folder: u8,
    line: &Line,
    to_do: &mpsc::Sender<ActionId>,
) -> Result<(), StoreError> {
    let keys = fetching.store.list(&key::of_actions(folder)).await?;
    let actions = keys.iter().filter_map(|key| key::action_of(key)).collect();
    for action in missing(fetching, actions, line).await {
        if to_do.send(action).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Which of these actions have no result here.
async fn missing(
    fetching: &Arc<Fetching>,
    mut actions: Vec<ActionId>,
    line: &Line,
) -> Vec<ActionId> {
    let all = actions.len() as u64;
    line.tell(Event::More(all)).await;
    let local = fetching.local.clone();
    let looked = fetching.store.handle().spawn_blocking(move || {
        actions.retain(|action| !is_here(&local, action));
        actions
    });
    let missing = looked.await.unwrap_or_default();
    line.tell(Event::There(all - missing.len() as u64)).await;
    missing
}

fn is_here(local: &DiskCache, action: &ActionId) -> bool {
    local.get_file(action, Check::Size).is_ok_and(|lookup| lookup.is_hit())
}

/// What a list names: in packs, and one by one what is in none.
async fn listed(fetching: &Arc<Fetching>, list: Arc<List>, line: &Line) {
    let missing = missing(fetching, list.used().to_vec(), line).await;
    let wanted: Arc<Mutex<HashSet<ActionId>>> = Arc::new(Mutex::new(missing.into_iter().collect()));
    let in_packs = {
        let wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
        list.packed().filter(|action| wanted.contains(action)).count()
    };
    if in_packs > list.packed().count() / FEW {
        let (to, packs) = mpsc::channel(PACKS_AT_ONCE);
        let named = list.clone();
        let bringing = tokio::spawn(async move {
            for pack in named.packs() {
                if to.send(*pack).await.is_err() {
                    return;
                }
            }
        });
        let unpack = |pack| unpack(fetching.clone(), pack, wanted.clone(), line.clone());
        line.spread(packs, PACKS_AT_ONCE as u32, unpack).await;
        bringing.await.ok();
    }
    let left = std::mem::take(&mut *wanted.lock().unwrap_or_else(PoisonError::into_inner));
    let (to, wanted) = mpsc::channel(AT_ONCE);
    let bringing = tokio::spawn(async move {
        for action in left {
            if to.send(action).await.is_err() {
                return;
            }
        }
    });
    fetch_each(fetching, wanted, line).await;
    bringing.await.ok();
}

/// Takes from a pack what is wanted. What cannot be taken stays wanted: it is in the store as an
/// object of its own as well.
async fn unpack(
    fetching: Arc<Fetching>,
    pack: PackRef,
    wanted: Arc<Mutex<HashSet<ActionId>>>,
    line: Line,
) {
    let key = key::of_pack(pack.day, &pack.id);
    let bytes = match fetching.store.read(&key, pack::LIMIT, Pace::BEHIND).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return tracing::debug!("pack {} is gone", pack.id),
        Err(error) => return tracing::debug!("{error}"),
    };
    let runtime = fetching.store.handle().clone();
    let unpacked = runtime.spawn_blocking(move || {
        for object in pack::objects(&bytes, &pack.id)? {
            let (header, body) = object?;
            let action = header.said.action;
            let is_wanted = || {
                let wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
                wanted.contains(&action)
            };
            if is_wanted() && fetching.take(&header, body) == Fetched::Here {
                wanted.lock().unwrap_or_else(PoisonError::into_inner).remove(&action);
                line.tell_blocking(Event::Copied);
            }
        }
        Ok::<(), Malformed>(())
    });
    if let Ok(Err(malformed)) = unpacked.await {
        tracing::warn!("pack {}: {malformed}", pack.id);
    }
}

/// Fetches each of the actions that come.
async fn fetch_each(fetching: &Arc<Fetching>, wanted: mpsc::Receiver<ActionId>, line: &Line) {
    let fetch = |action| {
        let (fetching, line) = (fetching.clone(), line.clone());
        async move {
            let event = match fetching.fetch(action, Pace::BEHIND, &|_| {}).await {
                Fetched::Here => Event::Copied,
                Fetched::NotThere => Event::Gone,
                Fetched::Refused(why) | Fetched::Untrusted(why) => {
                    Event::Refused(format!("the result of action {action} is refused: {why}"))
                }
                Fetched::Failed(why) => Event::Failed(why.to_string()),
                // Nobody else has it in hand, and nobody counts what it costs.
                Fetched::GivenUp | Fetched::NotAsked(_) => Event::Gone,
            };
            line.tell(event).await;
        }
    };
    line.spread(wanted, AT_ONCE as u32, fetch).await;
}
