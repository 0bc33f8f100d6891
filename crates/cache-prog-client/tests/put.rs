//! What a put sends.

mod support;

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cache_core::{Cache, CacheExt, Error, OutputId, PutOptions, Source};
use cache_prog_client::{HelperProblem, ProgCache};
use support::{action, helper_error, start};

/// Over what is kept in memory.
const LARGE: usize = (3 << 20) + 1;

/// A helper that keeps what it is sent in the file `record` in the folder.
fn recording(folder: &Path) -> ProgCache {
    let dir = folder.display();
    start(&format!("serves '{dir}' get,put,close '{dir}/record'"))
}

fn record(folder: &Path) -> String {
    fs::read_to_string(folder.join("record")).unwrap()
}

fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at % 251) as u8).collect()
}

#[test]
fn a_put_sends_both_names_of_the_output_id_and_then_the_body() {
    let folder = tempfile::tempdir().unwrap();
    let cache = recording(folder.path());
    cache.put_bytes(&action(1), b"the result").unwrap();
    cache.put_bytes(&action(2), b"").unwrap();
    cache.get(&action(2)).unwrap();
    cache.close().unwrap();

    let base64 = |id: &[u8]| BASE64_STANDARD.encode(id);
    let (first, second) = (base64(action(1).as_bytes()), base64(action(2).as_bytes()));
    let output = base64(OutputId::of(b"the result").as_bytes());
    let empty = base64(OutputId::of(b"").as_bytes());
    let lines = [
        format!(
            r#"{{"ID":1,"Command":"put","ActionID":"{first}","OutputID":"{output}","ObjectID":"{output}","BodySize":10}}"#
        ),
        format!("{:?}", base64(b"the result")),
        format!(
            r#"{{"ID":2,"Command":"put","ActionID":"{second}","OutputID":"{empty}","ObjectID":"{empty}"}}"#
        ),
        format!(r#"{{"ID":3,"Command":"get","ActionID":"{second}"}}"#),
        r#"{"ID":4,"Command":"close"}"#.to_owned(),
    ];
    let record = record(folder.path());
    let found: Vec<_> = record.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(found, lines);
}

#[test]
fn large_sources_of_every_kind_are_stored_whole() {
    let folder = tempfile::tempdir().unwrap();
    let cache = start(&support::serves(&folder));
    for (n, size) in [2 << 20, (2 << 20) + 1, LARGE].into_iter().enumerate() {
        let bytes = bytes(size);
        let output = OutputId::of(&bytes);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let mut cursor = Cursor::new(&bytes);
        cursor.set_position(17);
        let sources = [
            Source::Bytes(&bytes),
            Source::File(&file),
            Source::Seekable(&mut cursor),
            Source::Reader(&mut &bytes[..]),
            Source::Promised { output, size: size as u64, body: &mut &bytes[..] },
        ];
        for (kind, source) in sources.into_iter().enumerate() {
            let action = action((10 * n + kind) as u64);
            let stored = cache.put(&action, source, &PutOptions::default()).unwrap();
            assert_eq!((stored.entry.output, stored.entry.size), (output, size as u64));
            assert_eq!(stored.file.unwrap().size, size as u64);
            let (entry, found) = cache.get_bytes(&action, u64::MAX).unwrap().hit().unwrap();
            assert_eq!(entry, stored.entry);
            assert!(found == bytes, "{size} bytes, kind {kind}");
        }
        assert_eq!(
            file.stream_position().unwrap(),
            size as u64,
            "a file's position is its owner's"
        );
    }
    cache.close().unwrap();
}

#[test]
fn a_source_that_changes_while_it_is_sent_is_never_whole_for_the_helper() {
    for change in [Change::OneByte, Change::Shorter, Change::Longer, Change::Fails] {
        let folder = tempfile::tempdir().unwrap();
        let cache = recording(folder.path());
        let mut source = Changing::new(change);
        let put = cache.put(&action(1), Source::Seekable(&mut source), &PutOptions::default());
        match (change, put) {
            (Change::Fails, Err(Error::Source { action: of, .. })) => assert_eq!(of, action(1)),
            (_, Err(Error::ContentChanged { action: of })) => assert_eq!(of, action(1)),
            (_, other) => panic!("{change:?}: {other:?}"),
        }
        let later = helper_error(cache.get(&action(1)));
        assert!(matches!(later.problem, HelperProblem::HalfSent), "{later}");

        // The helper is gone by now, and the pipe is small: it has read most of the body.
        let record = record(folder.path());
        let (_, body) = record.split_once("\n\"").expect("a part of the body");
        assert!(body.len() > 1 << 20, "{change:?}: {} characters", body.len());
        assert!(!body.contains('"'), "{change:?}: the body is whole");
        let whole = &body[..body.len() / 4 * 4];
        let sent = BASE64_STANDARD.decode(whole).unwrap();
        assert!(sent.len() < LARGE, "{change:?}: the last group was sent");
        drop(cache);
        let reopened = start(&support::serves(&folder));
        assert!(!reopened.get(&action(1)).unwrap().is_hit(), "{change:?}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result");
    fs::write(&path, bytes(LARGE)).unwrap();
    let file = File::open(&path).unwrap();
    // The helper changes the file once it is being sent it.
    let cache = start(&format!("overwrites '{}'", path.display()));
    let put = cache.put_file(&action(1), &file);
    assert!(matches!(put, Err(Error::ContentChanged { .. })), "{put:?}");
}

#[test]
fn a_source_that_fails_before_anything_was_sent_costs_nothing_but_its_put() {
    let folder = tempfile::tempdir().unwrap();
    let cache = start(&support::serves(&folder));
    for change in [Change::FailsAtOnce, Change::CannotGoBack] {
        let mut source = Changing::new(change);
        let put = cache.put(&action(1), Source::Seekable(&mut source), &PutOptions::default());
        assert!(matches!(put, Err(Error::Source { .. })), "{change:?}: {put:?}");
        assert!(!cache.get(&action(1)).unwrap().is_hit());
    }
    cache.put_bytes(&action(1), b"another").unwrap();
    assert!(cache.get(&action(1)).unwrap().is_hit());
    cache.close().unwrap();
}

#[test]
fn a_broken_promise_costs_nothing_but_its_put() {
    let folder = tempfile::tempdir().unwrap();
    let cache = start(&support::serves(&folder));
    let body = bytes(LARGE);
    let output = OutputId::of(&body);
    let (mut other, mut longer) = (body.clone(), body.clone());
    other[LARGE - 1] ^= 1;
    longer.push(0);
    for wrong in [&body[..LARGE - 1], &other, &longer, b""] {
        let source = Source::Promised { output, size: LARGE as u64, body: &mut { wrong } };
        match cache.put(&action(1), source, &PutOptions::default()) {
            Err(Error::BrokenPromise(broken)) => {
                assert_eq!((broken.promised, broken.promised_size), (output, LARGE as u64));
                assert_eq!(broken.found_size, wrong.len() as u64);
                assert_eq!(broken.found, OutputId::of(wrong));
            }
            put => panic!("{put:?}"),
        }
        assert!(!cache.get(&action(1)).unwrap().is_hit());
    }
    cache.close().unwrap();
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    OneByte,
    Shorter,
    Longer,
    Fails,
    FailsAtOnce,
    CannotGoBack,
}

/// Has `LARGE` bytes, but on the second pass its last one differs, or as `change` says.
struct Changing {
    change: Change,
    bytes: Cursor<Vec<u8>>,
    passes: u32,
}

impl Changing {
    fn new(change: Change) -> Self {
        Self { change, bytes: Cursor::new(bytes(LARGE)), passes: 0 }
    }
}

impl Read for Changing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let again = self.passes == 2;
        let at_end = self.bytes.position() == LARGE as u64;
        match self.change {
            Change::FailsAtOnce if again => Err(io::Error::other("on purpose")),
            Change::Fails if again && at_end => Err(io::Error::other("on purpose")),
            _ => self.bytes.read(buffer),
        }
    }
}

impl Seek for Changing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.passes += 1;
        let bytes = self.bytes.get_mut();
        match self.change {
            _ if self.passes == 1 => {}
            Change::OneByte => bytes[LARGE - 1] ^= 1,
            Change::Shorter => bytes.truncate(LARGE - 1),
            Change::Longer => bytes.push(0),
            Change::CannotGoBack => return Err(io::Error::other("on purpose")),
            Change::Fails | Change::FailsAtOnce => {}
        }
        self.bytes.seek(to)
    }
}
