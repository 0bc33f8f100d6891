//! The contract of the `Cache` trait, held by the cache in a directory.

use cache_conformance::Fixture;
use cache_disk::DiskCache;

/// As it is opened without a setting.
mod alone {
    use super::*;

    cache_conformance::tests!(|| {
        let folder = tempfile::tempdir().unwrap();
        Fixture::new(DiskCache::open(folder.path()).unwrap(), folder)
    });
}

/// While another handle trims the directory, over and over, down to nothing: what was used just now
/// does not go, so that every claim holds all the same.
mod beside_trims {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::{self, JoinHandle};

    use cache_disk::TrimOptions;

    use super::*;

    cache_conformance::tests!(|| {
        let folder = tempfile::tempdir().unwrap();
        let trimmer = Trimmer::start(DiskCache::open(folder.path()).unwrap());
        Fixture::new(DiskCache::open(folder.path()).unwrap(), (trimmer, folder))
    });

    /// Trims until it is dropped.
    struct Trimmer {
        stop: Arc<AtomicBool>,
        thread: Option<JoinHandle<()>>,
    }

    impl Trimmer {
        fn start(cache: DiskCache) -> Self {
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = stop.clone();
            let thread = thread::spawn(move || {
                let options =
                    TrimOptions { max_size: Some(0), force: true, ..TrimOptions::default() };
                while !stopped.load(Ordering::Relaxed) {
                    let report = cache.trim(&options).unwrap();
                    assert!(report.failures.is_empty(), "{report:?}");
                    assert_eq!(report.removed, Default::default(), "used just now");
                }
            });
            Self { stop, thread: Some(thread) }
        }
    }

    impl Drop for Trimmer {
        fn drop(&mut self) {
            self.stop.store(true, Ordering::Relaxed);
            let ended = self.thread.take().map(JoinHandle::join);
            // A claim that fails already has said why; two panics at once would abort.
            if !thread::panicking() {
                ended.unwrap().unwrap();
            }
        }
    }
}
