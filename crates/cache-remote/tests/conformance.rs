//! The contract of the `Cache` trait, held by the cache with a store behind it.

use std::sync::Arc;

use cache_conformance::Fixture;
use cache_disk::DiskCache;
use cache_remote::{KeyPair, RemoteCache, Scope, Store, StoreOptions, Trust};
use test_stores::S3Server;

/// The tier over a shared folder, with everything turned on.
mod over_a_folder {
    use super::*;

    cache_conformance::tests!(|| {
        let folder = tempfile::tempdir().unwrap();
        let uri = format!("fs://{}", folder.path().join("store").display());
        Fixture::new(tier(&folder, &uri), folder)
    });
}

/// The tier over S3.
mod over_s3 {
    use super::*;

    cache_conformance::tests!(|| {
        let folder = tempfile::tempdir().unwrap();
        let server = S3Server::start();
        Fixture::new(tier(&folder, &server.uri("claims")), (folder, server))
    });
}

fn tier(folder: &tempfile::TempDir, uri: &str) -> RemoteCache {
    let dir = folder.path().join("cache");
    std::fs::create_dir(&dir).unwrap();
    let local = Arc::new(DiskCache::open(dir).unwrap());
    let store = Store::open(uri, &StoreOptions::default()).unwrap();
    let pair = KeyPair::generate().unwrap();
    RemoteCache::builder(local, store)
        .trust(Trust::only([pair.public()]))
        .signer(pair)
        .scope(Scope::new("claims"))
        .start()
        .unwrap()
}
