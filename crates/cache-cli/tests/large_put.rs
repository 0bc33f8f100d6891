//! A put of 1 GiB through the client and `larder serve` takes little memory in either.
#![cfg(target_os = "linux")]

mod support;

use std::env;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use cache_core::{ActionId, Cache, CacheExt, Check, Lookup};
use cache_prog_client::ProgCache;
use support::peak_memory;

const SIZE: u64 = 1 << 30;

/// What each process may take at its peak.
const MOST: u64 = 32 << 20;

const DIR: &str = "LARDER_TEST_LARGE_PUT_DIR";

#[test]
fn a_put_of_a_gibibyte_takes_less_than_32_mib_in_each_process() {
    // In a process of its own: the peak that the kernel keeps is that of a whole life.
    if let Some(dir) = env::var_os(DIR) {
        return put(Path::new(&dir));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let name = "a_put_of_a_gibibyte_takes_less_than_32_mib_in_each_process";
    let status = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", name, "--nocapture"])
        .env(DIR, folder.path())
        .status()
        .expect("it runs again");
    assert!(status.success());
}

fn put(dir: &Path) {
    let source = dir.join("source");
    let file = File::create_new(&source).expect("a source");
    // No blocks on disk, but a gibibyte to read.
    file.set_len(SIZE).expect("room");
    let file = File::open(&source).expect("the source");
    let cache_dir = dir.join("cache");
    let command =
        format!("'{}' --dir '{}' serve", env!("CARGO_BIN_EXE_larder"), cache_dir.display());
    let cache = ProgCache::builder(command, dir.join("fuzz")).start().expect("larder serve starts");
    let action = ActionId::from_bytes([7; 32]);
    let stored = cache.put_file(&action, &file).expect("the put");
    assert_eq!(stored.entry.size, SIZE);
    let found = cache.get_file(&action, Check::Size).expect("the get");
    assert!(matches!(found, Lookup::Hit((entry, _)) if entry == stored.entry));

    let helpers = children();
    assert_eq!(helpers.len(), 1, "{helpers:?}");
    for (process, pid) in [("client", "self"), ("helper", &helpers[0])] {
        let peak = peak_memory(pid);
        println!("{process}: {} KiB at the peak", peak >> 10);
        assert!(peak < MOST, "the {process} took {peak} bytes");
    }
    cache.close().expect("the close");
}

/// The processes that this one has started, as their numbers.
fn children() -> Vec<String> {
    let threads = fs::read_dir("/proc/self/task").expect("the threads");
    let of_each = threads.map(|thread| {
        fs::read_to_string(thread.expect("a thread").path().join("children")).unwrap_or_default()
    });
    of_each
        .flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}
