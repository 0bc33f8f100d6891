//! Puts: copy-with-verify, and publishing in one step.

mod common;

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::sync::Barrier;
use std::thread;

use cache_core::{Cache, CacheExt, Error, FileName, OutputId, PutOptions, Source};
use cache_disk::DiskCache;
use common::{Clock, HOUR, action, bytes_of, entry_path, mtime, names, output_path, set_mtime};
use fs4::{FileExt, TryLockError};

/// What tells a file from one that took its place.
#[cfg(unix)]
fn identity(path: &std::path::Path) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap())
}

/// Gives other bytes when it is read for the second time.
struct Changing {
    first: Cursor<Vec<u8>>,
    second: Cursor<Vec<u8>>,
    passes: u32,
}

impl Changing {
    fn new(first: &[u8], second: &[u8]) -> Self {
        Self { first: Cursor::new(first.to_vec()), second: Cursor::new(second.to_vec()), passes: 0 }
    }
}

impl Read for Changing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.passes < 2 { self.first.read(buffer) } else { self.second.read(buffer) }
    }
}

impl Seek for Changing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.passes += u32::from(to == SeekFrom::Start(0));
        self.second.seek(to)?;
        self.first.seek(to)
    }
}

/// Fails after some bytes.
struct Failing(usize);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::other("the cable was pulled"));
        }
        let n = self.0.min(buffer.len());
        self.0 -= n;
        Ok(n)
    }
}

#[test]
fn content_that_changes_between_the_two_passes_is_an_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    // More than is read at once.
    let first = vec![1; 200_000];
    let (cut, mut grown, mut changed) = (&first[..150_000], first.clone(), first.clone());
    grown.push(1);
    changed[199_999] = 2;
    for second in [&[3; 200_000], changed.as_slice(), &grown, cut, b"short", b""] {
        let mut source = Changing::new(&first, second);
        let put = cache.put(&action(1), Source::Seekable(&mut source), &PutOptions::default());
        assert!(matches!(put, Err(Error::ContentChanged { .. })), "{put:?}");
        assert_eq!(names(folder.path()), [""; 0], "after it had {} bytes", second.len());
    }
}

#[test]
fn a_source_that_fails_leaves_nothing_and_the_old_entry() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    cache.put_bytes(&action(1), b"good").unwrap();
    let before = names(folder.path());
    for after in [0, 1, 1 << 20] {
        let put =
            cache.put(&action(1), Source::Reader(&mut Failing(after)), &PutOptions::default());
        assert!(matches!(put, Err(Error::Source { .. })), "{put:?}");
        assert_eq!(names(folder.path()), before);
    }
    assert_eq!(bytes_of(&cache, &action(1)).unwrap(), b"good");
}

#[test]
fn a_broken_promise_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let output = OutputId::of(b"promised");
    for (size, body) in [
        (8, b"Promised".as_slice()),
        (8, b"promise"),
        (8, b"promised and more"),
        (7, b"promised"),
        (9, b"promised"),
        (0, b"promised"),
    ] {
        let source = Source::Promised { output, size, body: &mut { body } };
        let put = cache.put(&action(1), source, &PutOptions::default());
        assert!(matches!(put, Err(Error::BrokenPromise(_))), "{put:?}");
        assert_eq!(names(folder.path()), [""; 0]);
    }
    let source = Source::Promised { output, size: 8, body: &mut b"promised".as_slice() };
    cache.put(&action(1), source, &PutOptions::default()).unwrap();
    assert_eq!(bytes_of(&cache, &action(1)).unwrap(), b"promised");
}

#[test]
#[cfg(unix)]
fn an_output_with_the_right_bytes_is_left_alone_by_every_kind_of_source() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let body = vec![7; 300_000];
    cache.put_bytes(&action(1), &body).unwrap();
    let path = output_path(folder.path(), &body);
    let before = identity(&path);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&body).unwrap();
    let sources = [
        Source::Bytes(&body),
        Source::File(&file),
        Source::Seekable(&mut Cursor::new(body.clone())),
        Source::Reader(&mut body.as_slice()),
    ];
    for source in sources {
        let kind = format!("{source:?}");
        let stored = cache.put(&action(2), source, &PutOptions::default()).unwrap();
        assert_eq!(stored.entry.output, OutputId::of(&body), "{kind}");
        assert_eq!(identity(&path), before, "{kind} replaced it");
    }
    assert_eq!(names(folder.path()).len(), 3);
}

#[test]
fn an_output_with_wrong_bytes_or_a_wrong_size_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let path = output_path(folder.path(), b"content");
    for damage in [b"Content".as_slice(), b"cont", b"", b"content and more"] {
        let sources = [
            Source::Bytes(b"content"),
            Source::Seekable(&mut Cursor::new(b"content")),
            Source::Reader(&mut b"content".as_slice()),
        ];
        for source in sources {
            cache.put_bytes(&action(1), b"content").unwrap();
            fs::write(&path, damage).unwrap();
            assert_eq!(bytes_of(&cache, &action(1)), None);
            let kind = format!("{source:?}");
            cache.put(&action(1), source, &PutOptions::default()).unwrap();
            assert_eq!(bytes_of(&cache, &action(1)).unwrap(), b"content", "{damage:?}, {kind}");
        }
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    cache.put_bytes(&action(1), b"content").unwrap();
    assert_eq!(bytes_of(&cache, &action(1)).unwrap(), b"content", "over an empty folder");
}

#[test]
fn a_reader_keeps_the_good_copy_that_it_opened_while_a_put_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    cache.put_bytes(&action(1), b"content").unwrap();
    let path = output_path(folder.path(), b"content");
    fs::write(&path, b"Content").unwrap();
    let mut opened = File::open(&path).unwrap();
    cache.put_bytes(&action(1), b"content").unwrap();
    let mut read = String::new();
    opened.read_to_string(&mut read).unwrap();
    assert_eq!(read, "Content", "what was open is another file now, and untouched");
}

#[test]
fn a_folder_that_go_clean_removed_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    for _ in 0..2 {
        cache.put_bytes(&action(1), b"content").unwrap();
        assert_eq!(bytes_of(&cache, &action(1)).unwrap(), b"content");
        for path in [entry_path(folder.path(), &action(1)), output_path(folder.path(), b"content")]
        {
            fs::remove_dir_all(path.parent().unwrap()).unwrap();
        }
        assert_eq!(bytes_of(&cache, &action(1)), None);
    }
}

/// Removes the 256 folders, as `go clean -cache` does, in the middle of its content.
struct Cleaning<'a>(&'a std::path::Path, bool);

impl Read for Cleaning<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if std::mem::replace(&mut self.1, true) {
            return Ok(0);
        }
        for folder in fs::read_dir(self.0)? {
            fs::remove_dir_all(folder?.path())?;
        }
        buffer[..4].copy_from_slice(b"body");
        Ok(4)
    }
}

/// So many bytes, after which all files that there are by then are looked at.
struct Looking<'a, F>(&'a std::path::Path, usize, F);

impl<F: FnMut(&File)> Read for Looking<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.1.min(buffer.len());
        self.1 -= n;
        if n == 0 {
            for folder in fs::read_dir(self.0)? {
                for file in fs::read_dir(folder?.path())? {
                    (self.2)(&File::open(file?.path())?);
                }
            }
        }
        Ok(n)
    }
}

/// The writer has its file locked until the put ends, which is some time after the file has its name;
/// another put locks what it replaces, and would be refused.
#[test]
fn a_writer_keeps_trims_away_from_its_file_and_no_other_put() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let executable = Some(FileName::new("body").unwrap());
    for options in [
        PutOptions { durable: true, ..PutOptions::default() },
        PutOptions { executable, ..PutOptions::default() },
    ] {
        let mut seen = 0;
        let mut source = Looking(folder.path(), 4 << 20, |file: &File| {
            let is_trims = FileExt::try_lock(file);
            assert!(matches!(is_trims, Err(TryLockError::WouldBlock)), "{is_trims:?}");
            FileExt::try_lock_shared(file).expect("as another put locks it");
            seen += 1;
        });
        cache.put(&action(1), Source::Reader(&mut source), &options).unwrap();
        assert!(seen > 0, "there is a file");
        cache.clean(false).unwrap();
    }
}

#[test]
#[cfg(all(target_os = "linux", not(feature = "portable")))]
fn nobody_comes_across_what_is_being_written() {
    use rustix::fs::{Mode, OFlags, open};

    let folder = tempfile::tempdir().unwrap();
    if open(folder.path(), OFlags::RDWR | OFlags::TMPFILE, Mode::RUSR).is_err() {
        println!("{} has no files without a name", folder.path().display());
        return;
    }
    let cache = DiskCache::open(folder.path()).unwrap();
    let mut source = Looking(folder.path(), 4 << 20, |file: &File| panic!("there is {file:?}"));
    cache.put(&action(1), Source::Reader(&mut source), &PutOptions::default()).unwrap();
    assert_eq!(names(folder.path()).len(), 2);
}

#[test]
fn a_put_survives_a_go_clean_in_its_middle() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    for executable in [None, Some(FileName::new("body").unwrap())] {
        let mut source = Cleaning(folder.path(), false);
        let options = PutOptions { executable, ..PutOptions::default() };
        cache.put(&action(1), Source::Reader(&mut source), &options).unwrap();
        assert_eq!(bytes_of(&cache, &action(1)).unwrap(), b"body");
        assert_eq!(names(folder.path()).len(), 2, "{:?}", names(folder.path()));
    }
}

#[test]
#[cfg(unix)]
fn files_have_the_modes_that_the_umask_leaves_of_gos() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    File::create(&plain).unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    cache.put_bytes(&action(1), b"content").unwrap();
    assert_eq!(mode(&entry_path(folder.path(), &action(1))), mode(&plain));
    assert_eq!(mode(&output_path(folder.path(), b"content")), mode(&plain));
}

#[test]
fn a_put_of_what_is_there_counts_as_use() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    cache.put_bytes(&action(1), b"content").unwrap();
    clock.pass(HOUR);
    cache.put_bytes(&action(2), b"content").unwrap();
    assert_eq!(mtime(&output_path(folder.path(), b"content")), clock.seconds());
}

#[test]
fn a_mark_is_set_at_most_once_an_hour_and_an_mtime_far_in_the_future_is_set_right() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    let output = cache.put_bytes(&action(1), b"content").unwrap().entry.output;
    let paths = [entry_path(folder.path(), &action(1)), output_path(folder.path(), b"content")];
    let start = clock.seconds();
    let used_at = |seconds| {
        clock.set(seconds);
        cache.get(&action(1)).unwrap().hit().unwrap();
        cache.output_file(&output).unwrap().unwrap();
        let [entry, output] = [mtime(&paths[0]), mtime(&paths[1])];
        assert_eq!(entry, output);
        entry - start
    };
    assert_eq!(used_at(HOUR - 1), 0);
    assert_eq!(used_at(HOUR), HOUR);
    assert_eq!(used_at(2 * HOUR - 1), HOUR);
    assert_eq!(used_at(2 * HOUR), 2 * HOUR);
    for (ahead, then) in [(HOUR, 4 * HOUR), (HOUR + 1, 3 * HOUR)] {
        for path in &paths {
            set_mtime(path, start + 3 * HOUR + ahead);
        }
        assert_eq!(used_at(3 * HOUR), then, "{ahead} s in the future");
    }
}

/// A file source is read by position, so any number of puts may share one file.
#[test]
fn two_puts_of_one_open_file_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let body: Vec<u8> = (0..3_000_000u32).map(|n| (n / 7) as u8).collect();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&body).unwrap();
    for round in 0..10 {
        thread::scope(|scope| {
            for n in 0..2 {
                let (cache, file, body) = (&cache, &file, &body);
                scope.spawn(move || {
                    let stored = cache.put_file(&action(2 * round + n), file).unwrap();
                    assert_eq!(stored.entry.output, OutputId::of(body));
                });
            }
        });
    }
}

#[test]
fn two_puts_where_a_folder_stands_in_the_entrys_place_both_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    for n in 0..300 {
        fs::create_dir_all(entry_path(folder.path(), &action(n))).unwrap();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    cache.put_bytes(&action(n), b"content").unwrap();
                });
            }
        });
        assert_eq!(bytes_of(&cache, &action(n)).unwrap(), b"content", "action {n}");
    }
}

#[test]
fn a_wrong_output_stays_until_the_right_one_can_take_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let content = [1; 200_000];
    let path = output_path(folder.path(), &content);
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("tool"), b"cont").unwrap();
    // Fails the second pass.
    let mut source = Changing::new(&content, b"other");
    let executable = Some(FileName::new("tool").unwrap());
    let options = PutOptions { executable, ..PutOptions::default() };
    cache.put(&action(1), Source::Seekable(&mut source), &options).unwrap_err();
    assert!(path.join("tool").exists(), "another writer may have been in the middle of it");
}

#[test]
fn verify_mode_names_the_action_what_was_hashed_and_both_outputs() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::builder(folder.path())
        .verify(|action| (*action == common::action(1)).then(|| "compile a.c".to_owned()))
        .open()
        .unwrap();
    cache.put_bytes(&action(1), b"abc").unwrap();
    cache.put_bytes(&action(1), b"abc").unwrap();
    assert!(!cache.get(&action(1)).unwrap().is_hit(), "every get misses");
    let before = names(folder.path());
    let Err(Error::VerifyMismatch(mismatch)) = cache.put_bytes(&action(1), b"defg") else {
        panic!("the put was not refused")
    };
    assert_eq!(mismatch.action, action(1));
    assert_eq!(mismatch.description.as_deref(), Some("compile a.c"));
    assert_eq!((mismatch.old, mismatch.old_size), (OutputId::of(b"abc"), 3));
    assert_eq!((mismatch.new, mismatch.new_size), (OutputId::of(b"defg"), 4));
    assert_eq!(names(folder.path()), before, "nothing of it was stored");
    let plain = DiskCache::open(folder.path()).unwrap();
    assert_eq!(bytes_of(&plain, &action(1)).unwrap(), b"abc");

    cache.put_without_verify(&action(1), Source::Bytes(b"defg")).unwrap();
    assert_eq!(bytes_of(&plain, &action(1)).unwrap(), b"defg");
}

#[test]
fn opening_writes_nothing_and_says_what_is_wrong_with_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    DiskCache::open(folder.path()).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let file = folder.path().join("file");
    File::create(&file).unwrap();
    for path in [folder.path().join("missing"), file] {
        let text = DiskCache::open(&path).err().unwrap().to_string();
        assert!(text.contains(path.to_str().unwrap()), "{text}");
    }
}
