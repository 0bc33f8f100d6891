//! The readers and writers that every cache has, over the smallest cache that can be written.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use cache_core::{
    ActionId, Cache, CacheExt, Check, Entry, Error, Lookup, MissReason, OutputFile, OutputId,
    PutOptions, Result, Source, Stored,
};

/// Entries in memory, outputs in a folder under their IDs.
struct TinyCache {
    folder: tempfile::TempDir,
    entries: Mutex<HashMap<ActionId, Entry>>,
    options: Mutex<Vec<PutOptions>>,
}

impl TinyCache {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            entries: Mutex::default(),
            options: Mutex::default(),
        }
    }

    fn path(&self, output: &OutputId) -> PathBuf {
        self.folder.path().join(output.to_string())
    }

    /// With `bytes` stored for [`ACTION`]. Returns the output's path too.
    fn holding(bytes: &[u8]) -> (Self, PathBuf) {
        let cache = Self::new();
        let stored = cache.put_bytes(&ACTION, bytes).unwrap();
        (cache, stored.file.unwrap().path)
    }
}

impl Cache for TinyCache {
    fn get(&self, action: &ActionId) -> Result<Lookup> {
        Ok(match self.entries.lock().unwrap().get(action) {
            Some(entry) => Lookup::Hit(*entry),
            None => Lookup::Miss(MissReason::NotFound),
        })
    }

    fn put(&self, action: &ActionId, source: Source<'_>, options: &PutOptions) -> Result<Stored> {
        let mut bytes = Vec::new();
        match source {
            Source::Bytes(all) => bytes.extend_from_slice(all),
            Source::File(mut file) => {
                file.rewind().and_then(|()| file.read_to_end(&mut bytes)).unwrap();
            }
            _ => return Err(Error::Unsupported("store such a source")),
        }
        let output = OutputId::of(&bytes);
        let entry = Entry { output, size: bytes.len() as u64, time: SystemTime::now() };
        let path = self.path(&output);
        fs::write(&path, &bytes).map_err(Error::io("write", &path))?;
        self.entries.lock().unwrap().insert(*action, entry);
        self.options.lock().unwrap().push(options.clone());
        Ok(Stored { entry, file: Some(OutputFile { path, size: entry.size }) })
    }

    fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>> {
        let path = self.path(output);
        Ok(fs::metadata(&path).ok().map(|found| OutputFile { path, size: found.len() }))
    }

    fn fuzz_dir(&self) -> PathBuf {
        self.folder.path().join("fuzz")
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

const ACTION: ActionId = ActionId::from_bytes([1; 32]);
const HELLO: &[u8] = b"hello world";

/// One readers' answer, with the hit reduced to nothing: what the four have in common.
type Reading = fn(&dyn Cache) -> Result<Lookup<()>>;

/// Every reader, under its name.
const READINGS: [(&str, Reading); 6] = [
    ("get_file, size", |cache| Ok(forget(cache.get_file(&ACTION, Check::Size)?))),
    ("get_file, checksum", |cache| Ok(forget(cache.get_file(&ACTION, Check::Checksum)?))),
    ("open, size", |cache| Ok(forget(cache.open(&ACTION, Check::Size)?))),
    ("open, checksum", |cache| Ok(forget(cache.open(&ACTION, Check::Checksum)?))),
    ("get_bytes", |cache| Ok(forget(cache.get_bytes(&ACTION, u64::MAX)?))),
    // SAFETY: the map is dropped at once, and nobody else knows the folder.
    ("map", |cache| Ok(forget(unsafe { cache.map(&ACTION) }?))),
];

fn forget<T>(lookup: Lookup<T>) -> Lookup<()> {
    match lookup {
        Lookup::Hit(_) => Lookup::Hit(()),
        Lookup::Miss(reason) => Lookup::Miss(reason),
    }
}

#[test]
fn every_reader_gives_what_was_put() {
    let (cache, path) = TinyCache::holding(HELLO);
    let entry = cache.get(&ACTION).unwrap().hit().unwrap();
    for check in [Check::Size, Check::Checksum] {
        let file = cache.get_file(&ACTION, check).unwrap().hit().unwrap();
        assert_eq!(file, (entry, path.clone()));
        let (opened, file) = cache.open(&ACTION, check).unwrap().hit().unwrap();
        assert_eq!(opened, entry);
        assert_eq!(std::io::read_to_string(file).unwrap().as_bytes(), HELLO);
    }
    assert_eq!(cache.get_bytes(&ACTION, 11).unwrap().hit(), Some((entry, HELLO.to_vec())));
    // SAFETY: nobody else knows the folder.
    let map = unsafe { cache.map(&ACTION) }.unwrap().hit().unwrap();
    assert_eq!((map.entry(), &*map), (&entry, HELLO));
}

#[test]
fn every_reader_takes_a_cache_behind_a_pointer() {
    let (cache, _) = TinyCache::holding(HELLO);
    let cache: Arc<dyn Cache> = Arc::new(cache);
    for (name, reading) in READINGS {
        assert!(reading(&*cache).unwrap().is_hit(), "{name}");
    }
}

#[test]
fn an_action_that_was_never_put_is_a_miss() {
    for (name, reading) in READINGS {
        let miss = reading(&TinyCache::new()).unwrap().miss();
        assert!(matches!(miss, Some(MissReason::NotFound)), "{name}: {miss:?}");
    }
}

#[test]
fn an_output_that_is_gone_is_a_miss() {
    let (cache, path) = TinyCache::holding(HELLO);
    fs::remove_file(path).unwrap();
    for (name, reading) in READINGS {
        let miss = reading(&cache).unwrap().miss();
        assert!(
            matches!(miss, Some(MissReason::OutputGone(output)) if output == OutputId::of(HELLO)),
            "{name}: {miss:?}"
        );
    }
}

#[test]
fn an_output_of_another_size_is_a_miss() {
    for content in ["", "hello worl", "hello world and more"] {
        let (cache, path) = TinyCache::holding(HELLO);
        fs::write(path, content).unwrap();
        for (name, reading) in READINGS {
            let miss = reading(&cache).unwrap().miss();
            let Some(MissReason::OutputSize { output, expected, found }) = miss else {
                panic!("{name}: {miss:?}");
            };
            assert_eq!(
                (output, expected, found),
                (OutputId::of(HELLO), 11, content.len() as u64),
                "{name}"
            );
        }
    }
}

#[test]
fn wrong_bytes_of_the_right_size_are_a_miss_where_bytes_are_checked() {
    let (cache, path) = TinyCache::holding(HELLO);
    fs::write(path, "hello w0rld").unwrap();
    for (name, reading) in READINGS {
        let miss = reading(&cache).unwrap().miss();
        if ["get_file, size", "open, size", "map"].contains(&name) {
            assert!(miss.is_none(), "{name} only promises the size");
        } else {
            let wrong = OutputId::of(HELLO);
            assert!(
                matches!(miss, Some(MissReason::OutputChecksum(output)) if output == wrong),
                "{name}: {miss:?}"
            );
        }
    }
}

#[test]
fn one_wrong_byte_of_a_large_output_is_seen_wherever_it_is() {
    let large: Vec<u8> = (0..(5 << 20) + 77_u32).map(|n| (n ^ n >> 9) as u8).collect();
    let (cache, path) = TinyCache::holding(&large);
    let (_, bytes) = cache.get_bytes(&ACTION, u64::MAX).unwrap().hit().unwrap();
    assert!(bytes == large);
    for at in [0, large.len() / 2, large.len() - 1] {
        let mut wrong = large.clone();
        wrong[at] ^= 1;
        fs::write(&path, wrong).unwrap();
        let miss = cache.get_bytes(&ACTION, u64::MAX).unwrap().miss();
        assert!(matches!(miss, Some(MissReason::OutputChecksum(_))), "byte {at}: {miss:?}");
        let miss = cache.open(&ACTION, Check::Checksum).unwrap().miss();
        assert!(matches!(miss, Some(MissReason::OutputChecksum(_))), "byte {at}: {miss:?}");
    }
}

#[test]
fn putting_an_output_again_mends_it() {
    let (cache, path) = TinyCache::holding(HELLO);
    fs::write(path, "hello w0rld").unwrap();
    cache.put_bytes(&ACTION, HELLO).unwrap();
    for (name, reading) in READINGS {
        assert!(reading(&cache).unwrap().is_hit(), "{name}");
    }
}

#[test]
fn an_output_over_the_limit_is_an_error() {
    let (cache, _) = TinyCache::holding(HELLO);
    let error = cache.get_bytes(&ACTION, 10).unwrap_err();
    let Error::TooLarge { output, size, limit } = error else { panic!("{error:?}") };
    assert_eq!((output, size, limit), (OutputId::of(HELLO), 11, 10));
}

#[test]
fn an_output_over_the_limit_is_not_read() {
    // More than any machine that tests run on has memory for, and no disk: it is one hole.
    const SIZE: u64 = 1 << 42;
    let (cache, path) = TinyCache::holding(HELLO);
    if File::create(path).unwrap().set_len(SIZE).is_err() {
        return; // a file system without files of this size
    }
    cache.entries.lock().unwrap().get_mut(&ACTION).unwrap().size = SIZE;
    let error = cache.get_bytes(&ACTION, 1 << 20).unwrap_err();
    assert!(matches!(error, Error::TooLarge { size: SIZE, .. }), "{error:?}");
}

#[test]
fn an_entry_that_claims_more_than_its_output_has_reserves_no_memory() {
    let (cache, _) = TinyCache::holding(HELLO);
    cache.entries.lock().unwrap().get_mut(&ACTION).unwrap().size = u64::MAX;
    let miss = cache.get_bytes(&ACTION, u64::MAX).unwrap().miss();
    assert!(matches!(miss, Some(MissReason::OutputSize { found: 11, .. })), "{miss:?}");
}

#[test]
fn an_empty_output_is_a_hit_without_bytes() {
    let (cache, path) = TinyCache::holding(b"");
    for (name, reading) in READINGS {
        assert!(reading(&cache).unwrap().is_hit(), "{name}");
    }
    let (entry, bytes) = cache.get_bytes(&ACTION, 0).unwrap().hit().unwrap();
    assert_eq!((entry.size, bytes.len()), (0, 0));
    // SAFETY: nobody else knows the folder.
    let map = unsafe { cache.map(&ACTION) }.unwrap().hit().unwrap();
    assert!(map.is_empty());
    assert!(path.exists());
}

#[test]
fn an_opened_output_outlives_its_name() {
    let (cache, path) = TinyCache::holding(HELLO);
    let (_, file) = cache.open(&ACTION, Check::Checksum).unwrap().hit().unwrap();
    fs::remove_file(path).unwrap();
    assert_eq!(std::io::read_to_string(file).unwrap().as_bytes(), HELLO);
}

#[cfg(unix)]
#[test]
fn an_output_that_cannot_be_read_is_an_error_that_names_it() {
    let (cache, path) = TinyCache::holding(HELLO);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let size = fs::metadata(&path).unwrap().len();
    cache.entries.lock().unwrap().get_mut(&ACTION).unwrap().size = size;
    let error = cache.get_bytes(&ACTION, u64::MAX).unwrap_err();
    assert!(matches!(&error, Error::Io { path: named, .. } if *named == path), "{error:?}");
}

/// A file without an end, as one is to which another program writes faster than it is hashed.
#[test]
fn an_output_that_grows_while_it_is_checked_is_a_miss_in_time() {
    struct Growing(TinyCache);
    impl Cache for Growing {
        fn get(&self, action: &ActionId) -> Result<Lookup> {
            self.0.get(action)
        }
        fn put(&self, _: &ActionId, _: Source<'_>, _: &PutOptions) -> Result<Stored> {
            Err(Error::Unsupported("store anything"))
        }
        fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>> {
            self.0.output_file(output)
        }
        fn open_output(&self, output: &OutputId) -> Result<Option<(OutputFile, File)>> {
            let opened = self.0.open_output(output)?;
            // A hole, which takes an hour to hash.
            File::options()
                .write(true)
                .open(self.0.path(output))
                .unwrap()
                .set_len(1 << 42)
                .unwrap();
            Ok(opened)
        }
        fn fuzz_dir(&self) -> PathBuf {
            self.0.fuzz_dir()
        }
        fn close(&self) -> Result<()> {
            self.0.close()
        }
    }
    let cache = Growing(TinyCache::holding(HELLO).0);
    let (done, in_time) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(cache.open(&ACTION, Check::Checksum).unwrap().miss()));
    let miss = in_time.recv_timeout(std::time::Duration::from_secs(60)).expect("an answer in time");
    assert!(matches!(miss, Some(MissReason::OutputChecksum(_))), "{miss:?}");
}

/// As one that a helper puts in the place of a file that was just looked at.
#[cfg(unix)]
#[test]
fn a_named_pipe_in_the_place_of_an_output_is_an_error_and_not_waited_for() {
    let (cache, path) = TinyCache::holding(HELLO);
    let file = cache.output_file(&OutputId::of(HELLO)).unwrap().unwrap();
    fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let error = file.open().unwrap_err();
    assert!(matches!(&error, Error::Io { path: named, .. } if *named == path), "{error:?}");
    cache.entries.lock().unwrap().get_mut(&ACTION).unwrap().size = 0;
    for (name, reading) in READINGS {
        // `get_file` gives a path, and opens nothing unless it is to read it.
        assert!(reading(&cache).is_err() || name == "get_file, size", "{name}");
    }
}

#[test]
fn a_file_is_put_from_its_beginning() {
    let cache = TinyCache::new();
    let path = cache.folder.path().join("source");
    fs::write(&path, HELLO).unwrap();
    let mut file = File::open(path).unwrap();
    file.seek(std::io::SeekFrom::End(0)).unwrap();
    let stored = cache.put_file(&ACTION, &file).unwrap();
    assert_eq!((stored.entry.output, stored.entry.size), (OutputId::of(HELLO), 11));
}

#[test]
fn puts_are_verified_unless_asked_not_to_be() {
    let cache = TinyCache::new();
    cache.put_bytes(&ACTION, HELLO).unwrap();
    cache.put_without_verify(&ACTION, Source::Bytes(HELLO)).unwrap();
    let options = cache.options.lock().unwrap();
    assert_eq!(options[0], PutOptions::default());
    assert_eq!(options[1], PutOptions { verify: false, ..PutOptions::default() });
    assert!(options[0].verify);
}
