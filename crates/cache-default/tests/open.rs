//! From settings to an open cache: its directory, its limits, its modes.

mod support;

use std::fs;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use cache_core::{CacheExt, Error, Lookup, MissReason, PutOptions, Source};
use cache_default::{Flags, Names, OpenError, Opened, Opening, open};
use cache_hash::Trace;
use support::{Home, action};

fn opened(home: &Home) -> Opened {
    open(&home.settings()).expect("a cache")
}

#[test]
fn the_directory_is_made_with_its_readme_on_first_use() {
    let home = Home::new();
    let dir = home.path("user/cache");
    let home = home.set("LARDER_DIR", &dir);
    let opened = opened(&home);
    assert_eq!(fs::read_to_string(dir.join("README")).unwrap(), Names::LARDER.readme);
    opened.cache.put_bytes(&action(1), b"result").unwrap();
    opened.cache.close().unwrap();
    let (_, bytes) = open(&home.settings())
        .unwrap()
        .cache
        .get_bytes(&action(1), 100)
        .unwrap()
        .hit()
        .expect("what was put");
    assert_eq!(bytes, b"result");
    assert_eq!(opened.cache.fuzz_dir(), dir.join("fuzz"));
    assert_eq!(opened.directory.dir(), dir);
}

#[test]
fn what_only_looks_makes_no_directory() {
    let home = Home::new();
    let dir = home.path("cache");
    let settings = home.set("LARDER_DIR", &dir).settings();
    let error = Opening::of(&settings).existing().open().err().expect("no directory");
    assert!(matches!(error, OpenError::Directory(_)), "{error}");
    assert!(!dir.exists());
}

#[test]
fn a_cache_that_is_off_cannot_be_opened() {
    let error = open(&Home::new().set("LARDER_DIR", "off").settings()).err().expect("it is off");
    assert_eq!(error.to_string(), "build cache is disabled by LARDER_DIR=off, but required");
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_with_its_path() {
    let home = Home::new();
    fs::write(home.path("file"), "").unwrap();
    let dir = home.path("file/cache");
    let error = open(&home.set("LARDER_DIR", &dir).settings()).err().expect("no directory");
    let says = format!("failed to initialize build cache at {}: ", dir.display());
    assert!(error.to_string().starts_with(&says), "{error}");
}

#[cfg(unix)]
#[test]
fn a_directory_that_everybody_can_write_to_is_opened_when_that_is_allowed() {
    use std::os::unix::fs::PermissionsExt;

    let home = Home::new();
    let dir = home.path("cache");
    let home = home.set("LARDER_DIR", &dir);
    opened(&home);
    for mode in [0o777, 0o1777, 0o702] {
        fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
        let error = open(&home.settings()).err().expect("a refusal");
        let refused =
            matches!(&error, OpenError::Directory(Error::WorldWritable { dir: of }) if *of == dir);
        assert!(refused, "{mode:o}: {error}");
        let mut allowed = home.settings();
        allowed.allow_world_writable.value = true;
        open(&allowed).expect("a cache");
        // The go command's users have no such variable.
        let go = home.resolve(&Names { dir: "LARDER_DIR", ..Names::GO }, Flags::default()).unwrap();
        assert!(open(&go).is_err(), "{mode:o}");
    }
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o775)).unwrap();
    opened(&home);
}

#[test]
fn closing_keeps_the_limits() {
    let unused_for = |opened: &Opened, days: u64| {
        opened.cache.put_bytes(&action(1), b"result").unwrap();
        let then = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
        let (entry, path) = match opened.cache.get_file(&action(1), cache_core::Check::Size) {
            Ok(Lookup::Hit(hit)) => hit,
            other => panic!("{other:?}"),
        };
        let name = format!("{}-a", action(1));
        for path in [path, opened.directory.dir().join(&name[..2]).join(name)] {
            fs::File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
        }
        entry
    };
    for (limit, days, stays) in [
        ("", 4, true),
        ("", 6, false),
        ("max-age = '1d'", 2, false),
        ("max-age = '30d'", 20, true),
        ("max-size = 1", 1, false),
        ("max-size = '1GiB'", 1, true),
    ] {
        let home = Home::with_file(limit);
        let opened = opened(&home);
        unused_for(&opened, days);
        opened.cache.close().unwrap();
        let lookup = opened.directory.get_bytes(&action(1), 100).unwrap();
        assert_eq!(lookup.is_hit(), stays, "{limit:?}, unused for {days} days: {lookup:?}");
    }
}

#[test]
fn verify_mode_catches_a_result_that_changed() {
    let home = Home::new();
    let put = |opened: &Opened, bytes: &[u8]| {
        let mut hash = opened.keys("a tool 1.0").hash("compile");
        write!(hash, "compile main.c").unwrap();
        let action = hash.sum();
        (action, opened.cache.put_bytes(&action, bytes))
    };
    put(&opened(&home), b"result").1.unwrap();

    let home = home.set("LARDER_DEBUG", "verify=1");
    let opened = opened(&home);
    // The same result is computed again, for every lookup misses.
    let (action, stored) = put(&opened, b"result");
    stored.unwrap();
    let lookup = opened.cache.get_bytes(&action, 100).unwrap();
    assert!(matches!(lookup, Lookup::Miss(MissReason::VerifyMode)), "{lookup:?}");

    let error = put(&opened, b"another").1.unwrap_err();
    let Error::VerifyMismatch(mismatch) = &error else { panic!("{error}") };
    assert_eq!(mismatch.description.as_deref(), Some("compile main.c"));
    assert_eq!((mismatch.old_size, mismatch.new_size), (6, 7));
    // A result that may vary is not compared.
    let options = PutOptions { verify: false, ..PutOptions::default() };
    opened.cache.put(&action, Source::Bytes(b"another"), &options).unwrap();
}

#[test]
fn hashes_are_traced_when_the_settings_say_so() {
    for (debug, traced) in [("hash=1", true), ("verify=1", false), ("", false)] {
        let settings = Home::new().set("LARDER_DEBUG", debug).settings();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let taken = lines.clone();
        let trace = Trace::new(move |line| taken.lock().unwrap().push(line.to_owned()));
        let opened = Opening::of(&settings).trace(trace).open().unwrap();
        let keys = opened.keys("a tool 1.0");
        let mut hash = keys.hash("compile");
        write!(hash, "main.c").unwrap();
        let action = hash.sum();
        let subkey = keys.subkey(&action, "stdout");
        let expected = [
            "HASH[compile]".to_owned(),
            r#"HASH[compile]: "a tool 1.0""#.to_owned(),
            r#"HASH[compile]: "main.c""#.to_owned(),
            format!("HASH[compile]: {action}"),
            format!(r#"HASH subkey {action} "stdout" = {subkey}"#),
        ];
        let expected = if traced { &expected[..] } else { &[] };
        assert_eq!(*lines.lock().unwrap(), expected, "{debug}");
    }
}
