//! How many uploads are on their way at once.

use cache_disk::DiskCache;

use super::*;
use crate::counts::Counters;
use crate::journal;
use crate::store::{Store, StoreOptions};

/// How many tasks there are for uploads that never get on, before somebody waits and then.
fn tasks(at_once: usize) -> [usize; 2] {
    let folder = tempfile::tempdir().unwrap();
    let [dir, store] = ["cache", "store"].map(|name| folder.path().join(name));
    [&dir, &store].into_iter().try_for_each(std::fs::create_dir).unwrap();
    let local = Arc::new(DiskCache::open(dir).unwrap());
    let store = Store::open(&format!("fs://{}", store.display()), &StoreOptions::default());
    let store = store.unwrap();
    local.own_folder(&journal::own_folder(store.name())).unwrap();
    let (journal, _) = Journal::open(local.dir(), store.name()).unwrap();
    let sending = Sending { local, store, signer: None, counters: Arc::<Counters>::default() };
    // Nobody drives it, so what is spawned stays as it is.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let waiting = (0..20).map(|n| ActionId::from_bytes([n; 32])).collect();
    let handle = runtime.handle().clone();
    let uploads = Uploads::start(Arc::new(sending), handle, journal, waiting, at_once);
    assert_eq!(uploads.wait(Duration::ZERO), 20);
    let before = uploads.0.lock().tasks;
    assert_eq!(uploads.wait(Duration::from_millis(1)), 20);
    let then = uploads.0.lock().tasks;
    [before, then]
}

#[test]
fn more_go_up_at_once_when_somebody_waits() {
    assert_eq!(tasks(1), [1, AT_ONCE]);
    assert_eq!(tasks(AT_ONCE), [AT_ONCE; 2]);
    let beside = beside_a_build();
    assert!((1..=AT_ONCE).contains(&beside), "{beside}");
}
