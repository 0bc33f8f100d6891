//! The work of every row, done to whatever cache stands below it.
//!
//! The rows, their names and their work are those of the Go oracle's `bench`, so that
//! `cargo xtask bench` can set them side by side.

mod bodies;
mod clock;

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};
use std::{env, thread};

pub use bodies::Key;
use bodies::{body, key, permutation};
pub use clock::{row, time};

pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What is measured.
///
/// Every `get` says whether it hit. What an operation gives is dropped when its time is taken: to
/// give memory back is no part of a cache.
pub trait Subject: Sync + Sized {
    /// What `get_bytes` gives.
    type Bytes;

    /// Whether it has the row of that name.
    fn has(_row: &str) -> bool {
        true
    }
    fn open(dir: &Path) -> Result<Self>;
    fn put(&self, key: &Key, body: &[u8]) -> Result;
    /// Stores what is there already.
    fn put_same(&self, key: &Key, body: &[u8]) -> Result {
        self.put(key, body)
    }
    fn put_file(&self, key: &Key, file: &File) -> Result;
    fn get(&self, key: &Key) -> Result<bool>;
    /// Looks up the path of an output.
    fn get_file(&self, key: &Key) -> Result<bool>;
    /// Looks up an output and reads it, and checks that it is the right one.
    fn get_bytes(&self, key: &Key) -> Result<Option<Self::Bytes>>;
    /// Removes what was not used for five days.
    fn trim(&self) -> Result;
}

/// Does what the command line says.
///
/// `PROGRAM --dir DIR [--entries N]`: every row, in DIR, which must not be there yet, with N small
/// entries. `PROGRAM --dir DIR --hits N`: lookups alone, in a DIR that has those N entries. Without
/// `--dir` it does nothing: that is how Cargo starts it, with flags and filters of its own, in a test
/// run.
pub fn main<S: Subject>() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let value = |option: &str| {
        args.windows(2).find_map(|pair| (pair[0] == option).then_some(pair[1].as_str()))
    };
    let Some(dir) = value("--dir") else {
        eprintln!("nothing to do without --dir; cargo xtask bench gives it one");
        return ExitCode::SUCCESS;
    };
    let hits = value("--hits");
    let Ok(entries) = hits.or(value("--entries")).unwrap_or("20000").parse() else {
        eprintln!("--entries and --hits take a number");
        return ExitCode::from(2);
    };
    let work = if hits.is_some() { hits_of_many::<S> } else { bench::<S> };
    match work(Path::new(dir), entries) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{dir}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench<S: Subject>(dir: &Path, entries: usize) -> Result {
    fs::create_dir(dir)?;
    let cache = S::open(dir)?;
    if S::has("open") {
        let took = time(|| (0..20).try_for_each(|_| S::open(dir).map(drop)))?;
        row("open", 20, took, 0);
    }
    small(&cache, entries)?;
    for size in [64 << 10, 1 << 20, 64 << 20] {
        large(&cache, dir, size)?;
    }
    if S::has("trim") { trim(&cache, dir) } else { Ok(()) }
}

/// Times `n` entries of 1 KiB: written, written again, read, all in one random order.
fn small<S: Subject>(cache: &S, n: usize) -> Result {
    let bodies: Vec<Vec<u8>> = (0..n as u64).map(|i| body(i, 1024)).collect();
    let order = permutation(n);
    let timed = |name: &str, size: usize, op: &dyn Fn(usize) -> Result| -> Result {
        if S::has(name) {
            let took = time(|| order.iter().try_for_each(|&i| op(i)))?;
            row(name, n, took, size * n);
        }
        Ok(())
    };
    timed("put-new-1k", 1024, &|i| cache.put(&key(i as u64), &bodies[i]))?;
    timed("put-same-1k", 1024, &|i| cache.put_same(&key(i as u64), &bodies[i]))?;
    timed("get-hit", 0, &|i| hit(cache.get(&key(i as u64))?))?;
    timed("get-miss", 0, &|i| hit(!cache.get(&key(i as u64 + (1 << 40)))?))?;
    timed("get-file", 0, &|i| hit(cache.get_file(&key(i as u64))?))?;
    timed("get-bytes-1k", 1024, &|i| hit(cache.get_bytes(&key(i as u64))?.is_some()))?;
    let took = time(|| {
        thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|first| {
                    let mut mine = order.iter().skip(first).step_by(8);
                    scope.spawn(move || mine.try_for_each(|&i| hit(cache.get(&key(i as u64))?)))
                })
                .collect();
            threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| hit(false)))
        })
    })?;
    row("get-hit-8-threads", n, took, 0);
    Ok(())
}

/// Times up to 256 MiB of bodies of one size: from memory, again, read back, from a file.
fn large<S: Subject>(cache: &S, dir: &Path, size: usize) -> Result {
    let n = ((256 << 20) / size).min(500);
    let mut bodies: Vec<Vec<u8>> = (0..n).map(|i| body((size + i) as u64, size)).collect();
    let label = format!("{}k", size >> 10);
    let id = |i: usize| key(((size as u64) << 20) + i as u64);
    let print = |name: &str, took| row(&format!("{name}-{label}"), n, took, n * size);

    let mut took = Duration::ZERO;
    for (i, body) in bodies.iter().enumerate() {
        took += time(|| cache.put(&id(i), body))?;
    }
    print("put-new", took);
    let mut took = Duration::ZERO;
    for (i, body) in bodies.iter().enumerate() {
        took += time(|| cache.put_same(&id(i), body))?;
    }
    print("put-same", took);
    let mut took = Duration::ZERO;
    for i in 0..n {
        took += time(|| cache.get_bytes(&id(i))?.ok_or("a get missed".into()))?;
    }
    print("get-bytes", took);

    let source = dir.join("source");
    let mut took = Duration::ZERO;
    for (i, body) in bodies.iter_mut().enumerate() {
        body[0] ^= 0xff;
        fs::write(&source, body)?;
        let file = File::open(&source)?;
        took += time(|| cache.put_file(&id(i), &file))?;
    }
    print("put-file", took);
    Ok(fs::remove_file(&source)?)
}

/// Ages every second file past the limit, then times the trim that removes them and one that finds
/// nothing to do.
fn trim<S: Subject>(cache: &S, dir: &Path) -> Result {
    let old = FileTimes::new().set_modified(SystemTime::now() - 10 * DAY);
    let files = files(dir)?;
    for path in files.iter().skip(1).step_by(2) {
        File::options().write(true).open(path)?.set_times(old)?;
    }
    let took = time(|| cache.trim())?;
    row("trim-half", files.len(), took, 0);
    let stamp = dir.join("trim.txt");
    if stamp.exists() {
        fs::remove_file(stamp)?;
    }
    let took = time(|| cache.trim())?;
    row("trim-none", files.len() / 2, took, 0);
    Ok(())
}

/// Every file below `dir`, in the order of their names.
fn files(dir: &Path) -> Result<Vec<PathBuf>> {
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

/// Times 200,000 lookups among `n` entries, which have all been looked up once before.
fn hits_of_many<S: Subject>(dir: &Path, n: usize) -> Result {
    const TIMES: usize = 200_000;
    let (cache, order) = (S::open(dir)?, permutation(n));
    let look_up = |&i: &usize| hit(cache.get(&key(i as u64))?);
    order.iter().try_for_each(look_up)?;
    let took = time(|| order.iter().cycle().take(TIMES).try_for_each(look_up))?;
    row("get-hit", TIMES, took, 0);
    Ok(())
}

fn hit(as_expected: bool) -> Result {
    if as_expected { Ok(()) } else { Err("a get missed, or hit what was never put".into()) }
}
