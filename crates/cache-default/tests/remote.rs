//! From settings to a cache with a store behind it. The stores are folders.

#![cfg(feature = "remote")]

mod support;

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use cache_core::CacheExt;
use cache_default::{OpenError, Opened, Opening, open, read_key_pair};
use support::{Home, action};

/// A home with a directory of its own and this store.
fn home(store: &Path) -> Home {
    let home = Home::new();
    let dir = home.path("cache");
    home.set("LARDER_DIR", dir).set("LARDER_REMOTE", format!("fs://{}", store.display()))
}

/// An open cache, in a home that lives as long.
struct Machine {
    opened: Opened,
    home: Home,
}

impl Deref for Machine {
    type Target = Opened;

    fn deref(&self) -> &Opened {
        &self.opened
    }
}

fn opened(home: Home) -> Machine {
    Machine { opened: open(&home.settings()).unwrap(), home }
}

/// And what it said while it was opened.
fn opened_with_notices(home: &Home) -> (Opened, Vec<String>) {
    let notices = Arc::<Mutex<Vec<String>>>::default();
    let taken = notices.clone();
    let settings = home.settings();
    let opening = Opening::of(&settings);
    let opening = opening.notify(move |notice| taken.lock().unwrap().push(notice.to_string()));
    let opened = opening.open().unwrap();
    let notices = std::mem::take(&mut *notices.lock().unwrap());
    (opened, notices)
}

#[track_caller]
fn refused(home: &Home) -> OpenError {
    open(&home.settings()).err().expect("a mistake")
}

/// Waits for the uploads.
fn finish(opened: &Opened) {
    opened.cache.close().unwrap();
    let remote = opened.remote.as_ref().expect("a store");
    assert_eq!(remote.finish(std::time::Duration::from_secs(60)), 0);
}

/// A file with a new secret key, and the public key.
fn key_file(folder: &Path, name: &str) -> (PathBuf, String) {
    let pair = cache_remote::KeyPair::generate().unwrap();
    let path = folder.join(name);
    fs::write(&path, pair.to_text()).unwrap();
    set_mode(&path, 0o600);
    (path, pair.public().to_string())
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

#[test]
fn what_one_machine_puts_another_one_gets() {
    let store = tempfile::tempdir().unwrap();
    let first = opened(home(store.path()));
    first.cache.put_bytes(&action(1), b"result").unwrap();
    finish(&first);
    let second = opened(home(store.path()));
    let (_, bytes) = second.cache.get_bytes(&action(1), 100).unwrap().hit().expect("a hit");
    assert_eq!(bytes, b"result");
    assert_eq!(second.remote.as_ref().expect("a store").counts().fetched, 1);
    // The directory has it now.
    assert!(second.directory.get_bytes(&action(1), 100).unwrap().is_hit());
}

#[test]
fn a_store_is_read_and_written_as_the_settings_allow() {
    let store = tempfile::tempdir().unwrap();
    let reader = opened(home(store.path()).set("LARDER_REMOTE_ACCESS", "read-only"));
    reader.cache.put_bytes(&action(1), b"result").unwrap();
    finish(&reader);
    assert!(!opened(home(store.path())).cache.get_bytes(&action(1), 100).unwrap().is_hit());

    let writer = opened(home(store.path()).set("LARDER_REMOTE_ACCESS", "write-only"));
    writer.cache.put_bytes(&action(2), b"result").unwrap();
    finish(&writer);
    fs::remove_dir_all(writer.home.path("cache")).unwrap();
    let writer = opened(writer.home);
    assert!(!writer.cache.get_bytes(&action(2), 100).unwrap().is_hit());
    assert!(opened(home(store.path())).cache.get_bytes(&action(2), 100).unwrap().is_hit());
}

#[test]
fn only_what_is_signed_with_a_trusted_key_is_taken() {
    let store = tempfile::tempdir().unwrap();
    let keys = tempfile::tempdir().unwrap();
    let (ours, public) = key_file(keys.path(), "ours");
    let (theirs, _) = key_file(keys.path(), "theirs");
    for (number, key) in [(1, Some(&ours)), (2, Some(&theirs)), (3, None)] {
        let writer = match key {
            Some(key) => home(store.path()).set("LARDER_SIGNING_KEY", key),
            None => home(store.path()),
        };
        let writer = opened(writer);
        writer.cache.put_bytes(&action(number), b"result").unwrap();
        finish(&writer);
    }
    let reader = opened(home(store.path()).set("LARDER_TRUSTED_KEYS", public));
    let reason = |number| {
        let lookup = reader.cache.get_bytes(&action(number), 100).unwrap();
        lookup.miss().map(|reason| reason.to_string()).unwrap_or_default()
    };
    assert_eq!(reason(1), "");
    assert!(reason(2).contains("which is not among the trusted ones"), "{}", reason(2));
    assert!(reason(3).contains("it is not signed"), "{}", reason(3));
}

#[test]
fn a_store_that_cannot_be_reached_fails_nothing() {
    // Nothing listens on this port.
    let home = Home::new().set("LARDER_REMOTE", "webdav+http://127.0.0.1:1/cache");
    let dir = home.path("cache");
    let opened = opened(home.set("LARDER_DIR", dir));
    assert!(!opened.cache.get_bytes(&action(1), 100).unwrap().is_hit());
    opened.cache.put_bytes(&action(1), b"result").unwrap();
    assert!(opened.cache.get_bytes(&action(1), 100).unwrap().is_hit());
    opened.cache.close().unwrap();
}

/// As when what should be mounted there is not.
#[test]
fn a_shared_folder_that_cannot_be_used_fails_nothing() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let home = home(&file.path().join("store"));
    let (opened, notices) = opened_with_notices(&home);
    assert!(opened.remote.is_none());
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].starts_with("cannot open the store fs://"), "{notices:?}");
    assert!(notices[0].contains("; going on without the store, "), "{notices:?}");
    opened.cache.put_bytes(&action(1), b"result").unwrap();
    opened.cache.close().unwrap();
}

#[test]
fn an_address_that_makes_no_sense_is_an_error_that_names_where_and_no_secret() {
    let home = Home::with_file("\nremote = 'ftp://user:hidden@host/cache'");
    let dir = home.path("cache");
    let home = home.set("LARDER_DIR", dir);
    let error = refused(&home).to_string();
    assert!(error.contains("no store has this scheme"), "{error}");
    assert!(error.ends_with(&format!("({}:2)", home.file().display())), "{error}");
    assert!(!error.contains("hidden"), "{error}");
}

#[test]
fn a_helper_and_a_store_are_one_too_many() {
    let store = tempfile::tempdir().unwrap();
    let home = home(store.path()).set("LARDER_PROG", "helper");
    let error = refused(&home);
    assert_eq!(
        error.to_string(),
        "a cache helper (LARDER_PROG) and a store (LARDER_REMOTE) are named, and a cache has one \
         of the two; set the other to off"
    );
    assert!(!home.path("cache").exists());
    // Who needs one of them, or none, has it.
    let settings = home.settings();
    assert!(Opening::of(&settings).without_helper().open().unwrap().remote.is_some());
    let neither = Opening::of(&settings).without_helper().without_store().open().unwrap();
    assert!(neither.remote.is_none());
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_use_is_refused_with_what_to_do() {
    let store = tempfile::tempdir().unwrap();
    let keys = tempfile::tempdir().unwrap();
    let (path, _) = key_file(keys.path(), "key");
    for mode in [0o644, 0o640, 0o604, 0o620] {
        set_mode(&path, mode);
        let error = refused(&home(store.path()).set("LARDER_SIGNING_KEY", &path)).to_string();
        let says = format!("signing key {}: its mode is 0{mode:o}, so others", path.display());
        assert!(error.starts_with(&says) && error.contains("chmod 600"), "{error}");
        assert!(error.ends_with("(LARDER_SIGNING_KEY)"), "{error}");
        // Who writes nothing needs no key.
        let reader = home(store.path()).set("LARDER_SIGNING_KEY", &path);
        opened(reader.set("LARDER_REMOTE_ACCESS", "read-only"));
    }
    set_mode(&path, 0o400);
    read_key_pair(&path).unwrap();
}

#[test]
fn what_is_no_key_file_is_told_without_what_is_in_it() {
    let keys = tempfile::tempdir().unwrap();
    let (path, public) = key_file(keys.path(), "key");
    for (text, why) in [
        (&public.clone().into_bytes()[..], "it has a public key, where the secret key is needed"),
        (b"hidden", "it has not a key of this kind"),
        (b"larder-secret-key-v1 hidden", "it has a key whose second half"),
        (b"hidden\xff", "it has not a key of this kind"),
    ] {
        fs::write(&path, text).unwrap();
        let told = read_key_pair(&path).unwrap_err().to_string();
        assert!(told.contains(why) && !told.contains("hidden"), "{told}");
    }
    let told = read_key_pair(&keys.path().join("gone")).unwrap_err().to_string();
    assert!(told.contains("gone: it cannot be read: "), "{told}");
    let told = read_key_pair(keys.path()).unwrap_err().to_string();
    assert!(told.ends_with(": it is not a file"), "{told}");
}

/// A directory that cannot be written to is of no use to a store.
#[cfg(unix)]
#[test]
fn a_directory_without_a_place_for_the_journal_is_used_alone() {
    let store = tempfile::tempdir().unwrap();
    let home = home(store.path());
    let dir = home.path("cache");
    fs::create_dir_all(&dir).unwrap();
    // Where the journal's folder would be.
    fs::write(dir.join("larder"), "").unwrap();
    let (opened, notices) = opened_with_notices(&home);
    assert!(opened.remote.is_none());
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].contains("going on without the store, "), "{notices:?}");
}
