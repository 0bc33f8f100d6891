//! Starts the helper of its first argument, puts bodies of as many MiB as its second says through
//! it, once as a file and once as a reader, and prints by how many KiB its memory has grown at most.

use std::io::{self, Read};

use cache_core::{ActionId, Cache, CacheExt, PutOptions, Source};
use cache_prog_client::ProgCache;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().expect("a command");
    let size = arguments.next().expect("a size in MiB").parse::<u64>().expect("a number") << 20;

    let mut file = tempfile::tempfile().unwrap();
    io::copy(&mut generated(size, 1), &mut file).unwrap();

    let cache = ProgCache::builder(command, "/").start().unwrap();
    cache.put_bytes(&action(0), b"so that everything is loaded").unwrap();
    let before = peak();
    let stored = cache.put_file(&action(1), &file).unwrap();
    assert_eq!(stored.entry.size, size);
    let source = Source::Reader(&mut generated(size, 2));
    let stored = cache.put(&action(2), source, &PutOptions::default()).unwrap();
    assert_eq!(stored.entry.size, size);
    let grown = peak() - before;
    cache.close().unwrap();
    println!("{grown}");
}

fn action(number: u8) -> ActionId {
    ActionId::from_bytes([number; 32])
}

/// Bytes that nobody has to keep.
fn generated(size: u64, seed: u8) -> impl Read + Send {
    struct Counting(u8);
    impl Read for Counting {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(self.0);
            self.0 = self.0.wrapping_add(1);
            Ok(buffer.len())
        }
    }
    Counting(seed).take(size)
}

/// The most memory that this process has had so far, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
