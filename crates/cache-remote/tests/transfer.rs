//! A whole directory to a store, and back.

use std::sync::Arc;

use cache_core::{ActionId, CacheExt};
use cache_disk::DiskCache;
use cache_remote::{
    KeyPair, Scope, Store, StoreOptions, TransferOptions, Transferred, Trust, pull, push,
};
use tempfile::TempDir;
use test_stores::{S3Server, noise};

const ENTRIES: u64 = 150;

fn action(n: u64) -> ActionId {
    ActionId::from_bytes(noise(n, 32).try_into().unwrap())
}

fn body(n: u64) -> Vec<u8> {
    noise(n, if n.is_multiple_of(50) { 600_000 } else { n as usize * 10 })
}

fn directory() -> (TempDir, Arc<DiskCache>) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Arc::new(DiskCache::open(folder.path()).unwrap());
    (folder, cache)
}

fn filled() -> (TempDir, Arc<DiskCache>) {
    let (folder, cache) = directory();
    (0..ENTRIES).for_each(|n| _ = cache.put_bytes(&action(n), &body(n)).unwrap());
    (folder, cache)
}

fn has_all(cache: &DiskCache) {
    for n in 0..ENTRIES {
        let found = cache.get_bytes(&action(n), 1 << 20).unwrap().hit();
        assert_eq!(found.map(|(_, bytes)| bytes), Some(body(n)), "{n}");
    }
}

fn numbers(copied: &Transferred) -> [u64; 4] {
    [copied.copied, copied.there, copied.refused, copied.failed]
}

#[test]
fn everything_goes_up_and_comes_back_and_nothing_is_copied_twice() {
    let server = S3Server::start();
    let store = Store::open(&server.uri("p"), &StoreOptions::default()).unwrap();
    let (_one, from) = filled();
    let copied = push(&from, &store, TransferOptions::default());
    assert_eq!(numbers(&copied), [ENTRIES, 0, 0, 0], "{copied:?}");
    let copied = push(&from, &store, TransferOptions::default());
    assert_eq!(numbers(&copied), [0, ENTRIES, 0, 0], "{copied:?}");

    let (_two, to) = directory();
    let copied = pull(&to, &store, TransferOptions::default()).unwrap();
    assert_eq!(numbers(&copied), [ENTRIES, 0, 0, 0], "{copied:?}");
    has_all(&to);
    let copied = pull(&to, &store, TransferOptions::default()).unwrap();
    assert_eq!(numbers(&copied), [0, ENTRIES, 0, 0], "{copied:?}");
}

#[test]
fn a_scopes_list_brings_what_was_in_the_directory_in_packs() {
    let server = S3Server::start();
    let store = Store::open(&server.uri("p"), &StoreOptions::default()).unwrap();
    let (_one, from) = filled();
    let scope = || Some(Scope::new("project"));
    let copied = push(&from, &store, TransferOptions { scope: scope(), ..Default::default() });
    assert_eq!((copied.failed, copied.list.as_deref()), (0, Some("project")), "{copied:?}");
    let (_two, to) = directory();
    server.forget_requests();
    let options = TransferOptions { scope: scope(), ..Default::default() };
    let copied = pull(&to, &store, options).unwrap();
    assert_eq!(numbers(&copied), [ENTRIES, 0, 0, 0], "{copied:?}");
    assert!(server.requests().len() < 20, "{:?}", server.requests());
    has_all(&to);
}

#[test]
fn who_is_not_trusted_is_left_out() {
    let server = S3Server::start();
    let store = Store::open(&server.uri("p"), &StoreOptions::default()).unwrap();
    let (_one, from) = filled();
    let (good, bad) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let trust = || Trust::only([good.public()]);
    push(&from, &store, TransferOptions { signer: Some(bad), ..Default::default() });
    let (_two, to) = directory();
    let options = TransferOptions { trust: trust(), ..Default::default() };
    let copied = pull(&to, &store, options).unwrap();
    assert_eq!(numbers(&copied), [0, 0, ENTRIES, 0], "{copied:?}");
    assert_eq!(to.totals().unwrap().entries, 0);
}
