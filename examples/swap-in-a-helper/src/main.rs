//! Counts the words of the files that its command line names, and does not count them again while
//! they stay the same. Where the counts are kept is decided in one place, [`open_cache`].

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::{env, fs};

use anyhow::{Context, Result};
use cache_core::{Cache, CacheExt, Lookup};
use cache_disk::DiskCache;
use cache_hash::{FileHashMemo, KeySpace};
use cache_prog_client::ProgCache;

/// Names a helper, as `GOCACHEPROG` does for the go command. Without it the cache is a directory.
const HELPER: &str = "WORD_COUNTS_HELPER";

fn main() -> Result<()> {
    let cache = open_cache()?;
    let counter = Counter {
        cache: cache.clone(),
        // Another salt, other keys: a version that counts otherwise finds none of these counts.
        keys: KeySpace::new(concat!("word counts ", env!("CARGO_PKG_VERSION"))),
        files: FileHashMemo::new(),
    };
    for path in env::args_os().skip(1) {
        let path = Path::new(&path);
        let (words, whence) = counter.count(path).with_context(|| path.display().to_string())?;
        println!("{words:>8} {} ({whence})", path.display());
    }
    Ok(cache.close()?)
}

/// The only function that knows what kind of cache it is.
fn open_cache() -> Result<Arc<dyn Cache>> {
    let dir = env::temp_dir().join("word-counts");
    fs::create_dir_all(&dir)?;
    let directory = DiskCache::open(dir)?;
    match env::var(HELPER) {
        Err(env::VarError::NotPresent) => Ok(Arc::new(directory)),
        helper => Ok(Arc::new(ProgCache::builder(helper?, directory.fuzz_dir()).start()?)),
    }
}

struct Counter {
    cache: Arc<dyn Cache>,
    keys: KeySpace,
    files: FileHashMemo,
}

impl Counter {
    /// How many words a file has, and whether that was known.
    fn count(&self, path: &Path) -> Result<(u64, &'static str)> {
        let mut key = self.keys.hash("count words");
        writeln!(key, "file {}", self.files.hash(path)?)?;
        let action = key.sum();
        if let Lookup::Hit((_, known)) = self.cache.get_bytes(&action, 100)? {
            return Ok((str::from_utf8(&known)?.parse()?, "known"));
        }
        let words = fs::read_to_string(path)?.split_whitespace().count() as u64;
        self.cache.put_bytes(&action, words.to_string().as_bytes())?;
        Ok((words, "counted"))
    }
}
