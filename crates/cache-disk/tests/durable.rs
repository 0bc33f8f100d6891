//! Durable puts: what is synced, and when.

mod common;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::Once;

use cache_core::{Cache, CacheExt, FileName, OutputId, PutOptions, Source};
use cache_disk::DiskCache;
use common::action;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    /// The messages of the log that this thread caused.
    static MESSAGES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Log;

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Message(String);
        impl Visit for Message {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    write!(self.0, "{value:?}").unwrap();
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        MESSAGES.with_borrow_mut(|messages| messages.push(message.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What a put of `bytes` syncs, renames and gives its first name, in order, with the names of
/// temporary files left out.
fn steps(cache: &DiskCache, n: u64, bytes: &[u8], options: &PutOptions) -> Vec<String> {
    // One for the process: whether a message is wanted is decided for all threads together.
    static START: Once = Once::new();
    START.call_once(|| tracing::subscriber::set_global_default(Log).unwrap());
    MESSAGES.take();
    cache.put(&action(n), Source::Bytes(bytes), options).unwrap();
    let (entry, output) = (format!("{}-a", action(n)), format!("{}-d", OutputId::of(bytes)));
    let plain = |line: &String| {
        let words = line.split(' ').map(|word| match word.rsplit('/').next().unwrap_or_default() {
            name if name.ends_with(".tmp") => "temporary".to_owned(),
            name => name.replace(&entry, "entry").replace(&output, "output"),
        });
        words.collect::<Vec<_>>().join(" ")
    };
    MESSAGES.take().iter().map(plain).collect()
}

fn durable() -> PutOptions {
    PutOptions { durable: true, ..PutOptions::default() }
}

const PUBLISHED_ENTRY: [&str; 4] =
    ["sync temporary", "rename temporary to entry", "sync 07", "sync ."];

#[test]
fn a_durable_put_syncs_the_output_its_folder_and_then_the_entry() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let output_folder = OutputId::of(b"content").to_string()[..2].to_owned();
    let sync_folder = format!("sync {output_folder}");
    let mut expected = vec!["sync temporary", "rename temporary to output", &sync_folder, "sync ."];
    expected.extend(PUBLISHED_ENTRY);
    assert_eq!(steps(&cache, 7, b"content", &durable()), expected);
    assert_eq!(cache.get_bytes(&action(7), 100).unwrap().hit().unwrap().1, b"content");
}

#[test]
fn a_durable_put_of_what_is_there_syncs_that() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let sync_folder = format!("sync {}", &OutputId::of(b"content").to_string()[..2]);
    for executable in [None, Some(FileName::new("tool").unwrap())] {
        let mut expected = vec!["sync output", &sync_folder, "sync ."];
        if executable.is_some() {
            expected.insert(0, "sync tool");
        }
        expected.extend(PUBLISHED_ENTRY);
        let options = PutOptions { executable, ..PutOptions::default() };
        cache.put(&action(8), Source::Bytes(b"content"), &options).unwrap();
        let options = PutOptions { durable: true, ..options };
        assert_eq!(steps(&cache, 7, b"content", &options), expected);
        cache.clean(false).unwrap();
    }
}

#[test]
fn a_put_that_is_not_durable_syncs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let steps = steps(&cache, 7, b"content", &PutOptions::default());
    // Renamed, or named where files can be had that have no name before.
    let [output, entry] = &steps[..] else { panic!("{steps:?}") };
    for (step, name) in [(output, "output"), (entry, "entry")] {
        let ways = [format!("rename temporary to {name}"), format!("name {name}")];
        assert!(ways.contains(step), "{steps:?}");
    }
}
