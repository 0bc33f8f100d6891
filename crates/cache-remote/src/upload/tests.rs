//! How many uploads are on their way at once, and when they rest.

use cache_core::{Cache, PutOptions, Source};
use cache_disk::DiskCache;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::counts::Counters;
use crate::journal;
use crate::store::{Store, StoreOptions};

/// Of this many results.
const RESULTS: u64 = 20;

fn start(runtime: &Runtime, effort: Effort) -> (Uploads, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let [dir, store] = ["cache", "store"].map(|name| folder.path().join(name));
    [&dir, &store].into_iter().try_for_each(std::fs::create_dir).unwrap();
    let local = Arc::new(DiskCache::open(dir).unwrap());
    let store = Store::open(&format!("fs://{}", store.display()), &StoreOptions::default());
    let store = store.unwrap();
    local.own_folder(&journal::own_folder(store.name())).unwrap();
    let (journal, _) = Journal::open(local.dir(), store.name()).unwrap();
    let waiting: Vec<_> =
        (0..RESULTS).map(|n| ActionId::from_bytes([n.try_into().unwrap(); 32])).collect();
    for action in &waiting {
        local.put(action, Source::Bytes(action.as_bytes()), &PutOptions::default()).unwrap();
    }
    let sending = Sending { local, store, signer: None, counters: Arc::<Counters>::default() };
    let handle = runtime.handle().clone();
    (Uploads::start(Arc::new(sending), handle, journal, waiting, effort), folder)
}

/// How many tasks there are for uploads that never get on, before somebody waits and then.
fn tasks(effort: Effort) -> [usize; 2] {
    // Nobody drives it, so what is spawned stays as it is.
    let runtime = Builder::new_current_thread().build().unwrap();
    let (uploads, _folder) = start(&runtime, effort);
    assert_eq!(uploads.wait(Duration::ZERO), RESULTS);
    let before = uploads.0.lock().tasks;
    assert_eq!(uploads.wait(Duration::from_millis(1)), RESULTS);
    let then = uploads.0.lock().tasks;
    [before, then]
}

#[test]
fn more_go_up_at_once_when_somebody_waits() {
    let behind = Effort::until_closing(Duration::ZERO);
    assert!((1..=Effort::FULL.at_once).contains(&behind.at_once), "{behind:?}");
    assert_eq!(tasks(behind), [behind.at_once, Effort::FULL.at_once]);
    assert_eq!(Effort::until_closing(Duration::from_secs(10)), Effort::FULL);
    assert_eq!(tasks(Effort::FULL), [Effort::FULL.at_once; 2]);
}

/// Two uploads that are done and rest, for longer than any test takes.
fn two_that_rest(runtime: &Runtime) -> (Uploads, TempDir) {
    let effort = Effort { at_once: 2, rest: Duration::from_secs(3600) };
    let (uploads, folder) = start(runtime, effort);
    let begun = Instant::now();
    while uploads.wait(Duration::ZERO) > RESULTS - 2 {
        assert!(begun.elapsed() < Duration::from_secs(60), "none goes up");
        thread::sleep(Duration::from_millis(5));
    }
    (uploads, folder)
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn after_an_upload_each_rests_until_somebody_waits() {
    let runtime = runtime();
    let (uploads, _folder) = two_that_rest(&runtime);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(uploads.wait(Duration::ZERO), RESULTS - 2);
    assert_eq!(uploads.wait(Duration::from_secs(60)), 0);
    assert_eq!(uploads.0.lock().tasks, 0, "nobody rests any more");
}

#[test]
fn what_is_released_does_not_go_up_here() {
    let runtime = runtime();
    let (uploads, _folder) = two_that_rest(&runtime);
    uploads.release();
    let begun = Instant::now();
    while uploads.0.lock().tasks > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "somebody rests still");
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(uploads.0.sending.counters.now().uploaded, 2);
}
