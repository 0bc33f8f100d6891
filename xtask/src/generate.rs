//! Makes a cache directory with many entries, faster than to put them would.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::thread;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// What an entry and its output take at most: a block each, and what a file system keeps of a file.
pub(crate) const BYTES_PER_ENTRY: u64 = 2 * (4096 + 1024);

/// `cargo xtask generate DIR ENTRIES`.
pub(crate) fn run(dir: &str, entries: &str) -> Result<()> {
    let entries =
        entries.parse().with_context(|| format!("{entries:?} is no number of entries"))?;
    directory(Path::new(dir), entries)
}

/// Fills `dir`, which is made, with `entries` entries and as many outputs of up to 1 KiB.
///
/// Entry `i` has the action ID that the benches give it: the SHA-256 of `i` as 8 little-endian
/// bytes. Nothing is written under another name first, for nobody else looks.
pub(crate) fn directory(dir: &Path, entries: u64) -> Result<()> {
    for folder in 0..256 {
        let folder = dir.join(format!("{folder:02x}"));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let threads = thread::available_parallelism().map_or(1, usize::from) as u64;
    thread::scope(|scope| {
        let share = entries.div_ceil(threads);
        let parts = (0..threads).map(|n| n * share..((n + 1) * share).min(entries));
        let threads: Vec<_> =
            parts.map(|part| scope.spawn(move || write_entries(dir, part))).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(done) => done,
            Err(_) => bail!("a thread that wrote entries failed"),
        })
    })
}

fn write_entries(dir: &Path, entries: Range<u64>) -> Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos();
    let write = |id: &str, kind: char, bytes: &[u8]| {
        let path = dir.join(format!("{}/{id}-{kind}", &id[..2]));
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    };
    for i in entries {
        let action = hex::encode(Sha256::digest(i.to_le_bytes()));
        let body = i.to_le_bytes().repeat(1 + i as usize % 128);
        let output = hex::encode(Sha256::digest(&body));
        let size = body.len();
        write(&output, 'd', &body)?;
        write(&action, 'a', format!("v1 {action} {output} {size:20} {now:20}\n").as_bytes())?;
    }
    Ok(())
}
