//! Does each operation of the cache a number of times, for a tracer to look at:
//! `operations DIR TIMES`, in DIR, which must not be there yet.
//!
//! It looks for a file `/begin-OPERATION` before each kind of operation, and for `/end` after the
//! last, so that a trace shows where they are.

use std::path::Path;
use std::{env, fs};

use cache_core::{ActionId, Cache, CacheExt, Check, Error, OutputId, Result};
use cache_disk::DiskCache;

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let (Some(dir), Some(Ok(times))) = (args.next(), args.next().map(|n| n.parse::<u64>())) else {
        eprintln!("usage: operations DIR TIMES");
        return Ok(());
    };
    // With its 256 folders, as every cache has them after a while.
    for folder in 0..256 {
        let folder = format!("{dir}/{folder:02x}");
        fs::create_dir_all(&folder).map_err(Error::io("make", Path::new(&folder)))?;
    }
    let cache = DiskCache::open(&dir)?;
    let body = |i: u64| OutputId::of(&i.to_le_bytes()).as_bytes().repeat(32);
    begin("get-miss");
    for i in 0..times {
        assert!(!cache.get(&action(i))?.is_hit());
    }
    begin("put-new");
    for i in 0..times {
        cache.put_bytes(&action(i), &body(i))?;
    }
    begin("get-hit");
    for i in 0..times {
        assert!(cache.get(&action(i))?.is_hit());
    }
    // The first time that a path in one of the 256 folders is given out, the folder is looked at.
    for operation in ["get-file-first", "get-file"] {
        begin(operation);
        for i in 0..times {
            assert!(cache.get_file(&action(i), Check::Size)?.is_hit());
        }
    }
    begin("put-same");
    for i in 0..times {
        cache.put_bytes(&action(i), &body(i))?;
    }
    begin("put-other");
    for i in 0..times {
        cache.put_bytes(&action(i), &body(i + times))?;
    }
    fs::exists("/end").ok();
    Ok(())
}

fn begin(operation: &str) {
    fs::exists(format!("/begin-{operation}")).ok();
}

fn action(i: u64) -> ActionId {
    ActionId::from_bytes(*OutputId::of(&(i ^ 1 << 40).to_le_bytes()).as_bytes())
}
