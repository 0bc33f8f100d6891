//! Times the cache through a helper process, `larder serve`, beside the directory alone:
//! `helper --dir DIR`, in DIR, which must not be there yet.
//!
//! Prints two lines for each row, `ROW-directory` and `ROW-helper`, in the format of the other
//! benches. `cargo xtask bench` gives it a folder and makes a table of it; without `--dir` it does
//! nothing, which is how `cargo test` runs it.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use cache_core::{ActionId, Cache, CacheExt, Lookup, OutputId};
use cache_disk::DiskCache;
use cache_prog_client::ProgCache;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const ENTRIES: u64 = 20_000;
const THREADS: u64 = 8;
const LARGE: usize = 64 << 20;
const LARGE_BODIES: u64 = 4;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let dir = args.windows(2).find_map(|pair| (pair[0] == "--dir").then_some(&pair[1]));
    let Some(dir) = dir else {
        eprintln!("helper: nothing to do without --dir; cargo xtask bench gives it one");
        return ExitCode::SUCCESS;
    };
    match run(Path::new(dir)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("helper: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(dir: &Path) -> Result {
    fs::create_dir(dir)?;
    for way in ["directory", "helper"] {
        let dir = dir.join(way);
        fs::create_dir(&dir)?;
        let cache = open(way, &dir)?;
        hits(way, &*cache)?;
        puts(way, &*cache)?;
        cache.close()?;
        // What one way wrote to memory is there for the next one: memory that was never used before
        // costs more than what is measured.
        fs::remove_dir_all(&dir)?;
    }
    Ok(())
}

fn open(way: &str, dir: &Path) -> Result<Arc<dyn Cache>> {
    if way == "directory" {
        return Ok(Arc::new(DiskCache::open(dir)?));
    }
    let command = format!("'{}' --dir '{}' serve", env!("CARGO_BIN_EXE_larder"), dir.display());
    Ok(Arc::new(ProgCache::builder(command, dir.join("fuzz")).start()?))
}

/// 20,000 hits by 8 threads, in another order than they were put in.
fn hits(way: &str, cache: &dyn Cache) -> Result {
    for n in 0..ENTRIES {
        cache.put_bytes(&action(n), &n.to_le_bytes().repeat(128))?;
    }
    let begun = Instant::now();
    let missed: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    let mine = (0..ENTRIES).filter(|n| n % THREADS == thread);
                    // 7919 is a prime that does not divide the number of entries.
                    let actions = mine.map(|n| action(n * 7919 % ENTRIES));
                    actions.filter(|id| !matches!(cache.get(id), Ok(Lookup::Hit(_)))).count() as u64
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(ENTRIES)).sum()
    });
    row(&format!("hits-8-threads-{way}"), ENTRIES, begun.elapsed(), 0);
    if missed == 0 { Ok(()) } else { Err(format!("{way}: {missed} of the gets missed").into()) }
}

fn puts(way: &str, cache: &dyn Cache) -> Result {
    let mut took = Duration::ZERO;
    for n in 0..LARGE_BODIES {
        let body: Vec<u8> = (0..LARGE as u64 / 8)
            .flat_map(|word| (word ^ n << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
            .collect();
        let begun = Instant::now();
        let stored = cache.put_bytes(&action(ENTRIES + n), &body)?;
        took += begun.elapsed();
        if stored.entry.output != OutputId::of(&body) {
            return Err(format!("{way}: stored the wrong output").into());
        }
    }
    row(&format!("put-64m-{way}"), LARGE_BODIES, took, LARGE as u64 * LARGE_BODIES);
    Ok(())
}

fn action(n: u64) -> ActionId {
    ActionId::from_bytes(*OutputId::of(&n.to_le_bytes()).as_bytes())
}

fn row(name: &str, operations: u64, took: Duration, bytes: u64) {
    let seconds = took.as_secs_f64();
    let (ns, mb) = (seconds * 1e9 / operations as f64, bytes as f64 / 1e6 / seconds);
    println!("{name:<28} {ns:>12.0} ns/op {mb:>10.1} MB/s");
}
