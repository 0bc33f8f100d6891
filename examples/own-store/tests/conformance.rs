//! The contract of the `Cache` trait.

use cache_conformance::Fixture;
use own_store::SqliteCache;

mod opened {
    use super::*;

    cache_conformance::tests!(|| {
        let folder = tempfile::tempdir().unwrap();
        Fixture::new(SqliteCache::open(folder.path()).unwrap(), folder)
    });
}

/// As a helper: what the go command would see of it.
mod served {
    use cache_prog_client::ProgCache;

    use super::*;

    cache_conformance::tests!(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let helper = format!("'{}' '{path}' serve", env!("CARGO_BIN_EXE_own-store"));
        let client = ProgCache::builder(helper, folder.path().join("fuzz")).start().unwrap();
        Fixture::new(client, folder)
    });
}
