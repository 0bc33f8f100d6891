//! Times the cache: `rows --dir DIR [--entries N]`, in DIR, which must not be there yet, with N
//! small entries.
//!
//! The rows, their names and their work are those of the Go oracle's `bench`, so that
//! `cargo xtask bench` can set the two side by side. Without `--dir` it does nothing: that is how
//! Cargo starts it, with flags and filters of its own, in a test run.

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};
use std::{env, thread};

use cache_core::{ActionId, Cache, CacheExt, Check, Error, OutputId, Result};
use cache_disk::{DiskCache, TrimOptions};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let value = |option: &str| {
        args.windows(2).find_map(|pair| (pair[0] == option).then_some(pair[1].as_str()))
    };
    let Some(dir) = value("--dir") else {
        eprintln!("rows: nothing to do without --dir; cargo xtask bench gives it one");
        return ExitCode::SUCCESS;
    };
    let Ok(entries) = value("--entries").unwrap_or("20000").parse() else {
        eprintln!("usage: rows --dir DIR [--entries N]");
        return ExitCode::from(2);
    };
    match bench(Path::new(dir), entries) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rows: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(dir: &Path, entries: usize) -> Result<()> {
    fs::create_dir(dir).map_err(Error::io("make", dir))?;
    let cache = DiskCache::open(dir)?;
    let begun = Instant::now();
    for _ in 0..20 {
        DiskCache::open(dir)?;
    }
    row("open", 20, begun.elapsed(), 0);
    small(&cache, entries)?;
    for size in [64 << 10, 1 << 20, 64 << 20] {
        large(&cache, dir, size)?;
    }
    trim(&cache, dir)
}

/// Times `n` entries of 1 KiB: written, written again, read, all in one random order.
fn small(cache: &DiskCache, n: usize) -> Result<()> {
    let bodies: Vec<Vec<u8>> = (0..n as u64).map(|i| body(i, 1024)).collect();
    let order = permutation(n);
    let timed = |name: &str, size: usize, op: &dyn Fn(usize) -> Result<()>| -> Result<()> {
        let begun = Instant::now();
        for &i in &order {
            op(i)?;
        }
        row(name, n, begun.elapsed(), size * n);
        Ok(())
    };
    timed("put-new-1k", 1024, &|i| cache.put_bytes(&key(i as u64), &bodies[i]).map(drop))?;
    timed("put-same-1k", 1024, &|i| cache.put_bytes(&key(i as u64), &bodies[i]).map(drop))?;
    timed("get-hit", 0, &|i| {
        assert!(cache.get(&key(i as u64))?.is_hit());
        Ok(())
    })?;
    timed("get-miss", 0, &|i| {
        assert!(!cache.get(&key(i as u64 + (1 << 40)))?.is_hit());
        Ok(())
    })?;
    timed("get-file", 0, &|i| {
        assert!(cache.get_file(&key(i as u64), Check::Size)?.is_hit());
        Ok(())
    })?;
    timed("get-bytes-1k", 1024, &|i| {
        assert!(cache.get_bytes(&key(i as u64), u64::MAX)?.is_hit());
        Ok(())
    })?;
    let begun = Instant::now();
    thread::scope(|scope| {
        for first in 0..8 {
            let order = &order;
            scope.spawn(move || {
                for &i in order.iter().skip(first).step_by(8) {
                    assert!(cache.get(&key(i as u64)).is_ok_and(|lookup| lookup.is_hit()));
                }
            });
        }
    });
    row("get-hit-8-threads", n, begun.elapsed(), 0);
    Ok(())
}

/// Times up to 256 MiB of bodies of one size: from memory, again, read back, from a file.
fn large(cache: &DiskCache, dir: &Path, size: usize) -> Result<()> {
    let n = ((256 << 20) / size).min(500);
    let mut bodies: Vec<Vec<u8>> = (0..n).map(|i| body((size + i) as u64, size)).collect();
    let label = format!("{}k", size >> 10);
    let id = |i: usize| key(((size as u64) << 20) + i as u64);
    let print = |name: &str, took| row(&format!("{name}-{label}"), n, took, n * size);

    for name in ["put-new", "put-same"] {
        let mut took = Duration::ZERO;
        for (i, body) in bodies.iter().enumerate() {
            took += time(|| cache.put_bytes(&id(i), body))?;
        }
        print(name, took);
    }
    let mut took = Duration::ZERO;
    for i in 0..n {
        took += time(|| cache.get_bytes(&id(i), u64::MAX).inspect(|hit| assert!(hit.is_hit())))?;
    }
    print("get-bytes", took);

    let source = dir.join("source");
    let mut took = Duration::ZERO;
    for (i, body) in bodies.iter_mut().enumerate() {
        body[0] ^= 0xff;
        fs::write(&source, body).map_err(Error::io("write", &source))?;
        let file = File::open(&source).map_err(Error::io("open", &source))?;
        took += time(|| cache.put_file(&id(i), &file))?;
    }
    print("put-file", took);
    fs::remove_file(&source).map_err(Error::io("remove", &source))
}

/// Ages every second file past the limit, then times the trim that removes them and one that finds
/// nothing to do.
fn trim(cache: &DiskCache, dir: &Path) -> Result<()> {
    let old = FileTimes::new().set_modified(SystemTime::now() - 10 * DAY);
    let files = files(dir).map_err(Error::io("list", dir))?;
    for path in files.iter().skip(1).step_by(2) {
        let aged = File::options().write(true).open(path).and_then(|file| file.set_times(old));
        aged.map_err(Error::io("age", path))?;
    }
    let took = time(|| cache.trim(&TrimOptions::default()))?;
    row("trim-half", files.len(), took, 0);
    let stamp = dir.join("trim.txt");
    fs::remove_file(&stamp).map_err(Error::io("remove", &stamp))?;
    let took = time(|| cache.trim(&TrimOptions::default()))?;
    row("trim-none", files.len() / 2, took, 0);
    Ok(())
}

/// Every file below `dir`, in the order of their names.
fn files(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut paths: Vec<PathBuf> =
        fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// Runs `op` and returns how long it took. Giving back the memory of what it gave is not part of it.
fn time<T>(op: impl FnOnce() -> Result<T>) -> Result<Duration> {
    let begun = Instant::now();
    let done = op()?;
    let took = begun.elapsed();
    drop(done);
    Ok(took)
}

/// Prints one line: name, nanoseconds an operation, megabytes a second (0: not a transfer).
fn row(name: &str, n: usize, took: Duration, bytes: usize) {
    let ns = took.as_nanos() as f64 / n as f64;
    let megabytes = bytes as f64 / 1e6 / took.as_secs_f64();
    println!("{name:<20} {ns:12.0} ns/op {megabytes:10.1} MB/s");
}

/// The action ID of entry `i`: the SHA-256 of `i` as 8 little-endian bytes.
fn key(i: u64) -> ActionId {
    ActionId::from_bytes(*OutputId::of(&i.to_le_bytes()).as_bytes())
}

/// `n` pseudo-random bytes that differ for every `i`.
fn body(i: u64, n: usize) -> Vec<u8> {
    let mut state = i;
    let mut bytes = Vec::with_capacity(n + 8);
    while bytes.len() < n {
        bytes.extend(random(&mut state).to_le_bytes());
    }
    bytes.truncate(n);
    bytes
}

fn permutation(n: usize) -> Vec<usize> {
    let mut state = 1;
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, (random(&mut state) % (i as u64 + 1)) as usize);
    }
    order
}

/// The next number of the SplitMix64 sequence.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
