//! From the directory to the store.

use std::collections::HashSet;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cache_core::ActionId;
use cache_disk::DiskCache;
use tokio::sync::mpsc;

use super::line::{AT_ONCE, Event, FOLDERS_AT_ONCE, Line};
use crate::journal::Journal;
use crate::key;
use crate::list::MAX_ACTIONS;
use crate::publish::Publish;
use crate::scope::Scope;
use crate::sending::{Sending, Sent};
use crate::store::StoreError;
use crate::upload::{Effort, Uploads};

/// The store is asked for so few of a folder one by one: a listing is of all that is there, which may
/// be much more.
const FEW: usize = 4;

/// How long the uploads may take that earlier processes left.
const LEFT_OVER: Duration = Duration::from_secs(60);

/// What is to be sent.
enum ToDo {
    /// The store does not have it.
    Send(ActionId),
    /// Nothing is known of it.
    Find(ActionId),
}

pub(super) async fn run(sending: Arc<Sending>, scope: Option<Scope>, line: Line) {
    let (to_folders, folders) = mpsc::channel(FOLDERS_AT_ONCE);
    let (to_do, wanted) = mpsc::channel(AT_ONCE);
    let (local, runtime) = (sending.local.clone(), sending.store.handle().clone());
    let keep = scope.is_some();
    let tell = line.clone();
    let walking = runtime.spawn_blocking(move || walk(&local, keep, &tell, &to_folders));
    let looking = runtime.spawn({
        let (line, sending) = (line.clone(), sending.clone());
        async move {
            let look = |folder| look(sending.clone(), folder, line.clone(), to_do.clone());
            line.spread(folders, FOLDERS_AT_ONCE as u32, look).await;
        }
    });
    let send = |to_do| send(sending.clone(), to_do, line.clone());
    line.spread(wanted, AT_ONCE as u32, send).await;
    looking.await.ok();
    let Ok(used) = walking.await else { return };
    let Some(scope) = scope.filter(|_| !line.is_stopped() && !used.is_empty()) else { return };
    let event = match publish(sending, &scope, used).await {
        Ok(()) => Event::List(scope.text),
        Err(problem) => Event::Failed(format!("no list for {} was written: {problem}", scope.text)),
    };
    line.tell(event).await;
}

/// Sends the directory's entries on, a folder at a time. When they are to be kept, returns them too,
/// in the order in which they were added: that of their first use.
fn walk(
    local: &DiskCache,
    keep: bool,
    line: &Line,
    to: &mpsc::Sender<Vec<ActionId>>,
) -> Vec<ActionId> {
    let total = local.totals().map_or(0, |totals| totals.entries);
    line.tell_blocking(Event::More(total));
    let mut kept: Vec<(SystemTime, ActionId)> = Vec::new();
    let mut folder: Vec<ActionId> = Vec::new();
    for listed in local.entries() {
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => {
                line.tell_blocking(Event::Failed(error.to_string()));
                continue;
            }
        };
        let is_next = |last: &ActionId| last.as_bytes()[0] != listed.action.as_bytes()[0];
        if folder.last().is_some_and(is_next) && to.blocking_send(mem::take(&mut folder)).is_err() {
            return Vec::new();
        }
        folder.push(listed.action);
        if keep {
            kept.push((listed.entry.time, listed.action));
        }
    }
    to.blocking_send(folder).ok();
    kept.sort_unstable();
    let too_many = kept.len().saturating_sub(MAX_ACTIONS);
    kept.drain(too_many..).map(|(_, action)| action).collect()
}

/// Finds out which of a folder's actions the store does not have.
async fn look(sending: Arc<Sending>, folder: Vec<ActionId>, line: Line, to: mpsc::Sender<ToDo>) {
    let Some(first) = folder.first() else { return };
    let listed = match folder.len() > FEW {
        true => missing(&sending, key::of_actions(first.as_bytes()[0]), &folder).await,
        false => Ok(None),
    };
    let to_do = match listed {
        Ok(Some(missing)) => {
            line.tell(Event::There((folder.len() - missing.len()) as u64)).await;
            missing.into_iter().map(ToDo::Send).collect()
        }
        Ok(None) => folder.into_iter().map(ToDo::Find).collect(),
        // Not every store can list, and not everybody may.
        Err(error) => {
            tracing::debug!("asking one by one: {error}");
            folder.into_iter().map(ToDo::Find).collect::<Vec<_>>()
        }
    };
    for to_do in to_do {
        if to.send(to_do).await.is_err() {
            return;
        }
    }
}

async fn missing(
    sending: &Sending,
    prefix: String,
    folder: &[ActionId],
) -> Result<Option<Vec<ActionId>>, StoreError> {
    let mut missing: HashSet<ActionId> = folder.iter().copied().collect();
    for key in sending.store.list(&prefix).await? {
        if let Some(action) = key::action_of(&key) {
            missing.remove(&action);
        }
    }
    Ok(Some(missing.into_iter().collect()))
}

async fn send(sending: Arc<Sending>, to_do: ToDo, line: Line) {
    let action = match to_do {
        ToDo::Send(action) => action,
        // Where asking fails, sending may not.
        ToDo::Find(action) => match sending.store.exists(&key::of_action(&action)).await {
            Ok(true) => return line.tell(Event::There(1)).await,
            _ => action,
        },
    };
    let event = match sending.send(action).await {
        Sent::Done => Event::Copied,
        Sent::Gone => Event::Gone,
        Sent::Failed(problem) => Event::Failed(problem),
    };
    line.tell(event).await;
}

/// Writes the list of the scope, unless the one that is there says as much.
async fn publish(sending: Arc<Sending>, scope: &Scope, used: Vec<ActionId>) -> Result<(), String> {
    let found = super::pull::find_list(&sending.store, scope).await;
    let found = found.map_err(|error| error.to_string())?.ok();
    let (store, runtime) = (sending.store.clone(), sending.store.handle().clone());
    // What the list names and is in no pack has to be in the store. What could not be sent now is
    // sent by the next process.
    let (journal, adopted) = Journal::open(sending.local.dir(), &store.to_string())
        .map_err(|error| error.to_string())?;
    let uploads = Uploads::start(sending.clone(), runtime.clone(), journal, adopted, Effort::FULL);
    let publish = Publish::new(sending, uploads.clone(), scope.clone());
    publish.write(found.flatten(), used).await.map_err(|problem| problem.to_string())?;
    runtime.spawn_blocking(move || uploads.wait(LEFT_OVER)).await.ok();
    Ok(())
}
