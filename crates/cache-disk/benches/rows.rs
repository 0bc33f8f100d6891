//! Times the cache: `rows --dir DIR [--entries N]`.

mod work;

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use cache_core::{ActionId, Cache, CacheExt, Check, Entry};
use cache_disk::{DiskCache, TrimOptions};
use work::{Key, Result, Subject};

fn main() -> ExitCode {
    work::main::<DiskCache>()
}

impl Subject for DiskCache {
    type Bytes = (Entry, Vec<u8>);

    fn open(dir: &Path) -> Result<Self> {
        Ok(DiskCache::open(dir)?)
    }

    fn put(&self, key: &Key, body: &[u8]) -> Result {
        self.put_bytes(&ActionId::from_bytes(*key), body)?;
        Ok(())
    }

    fn put_file(&self, key: &Key, file: &File) -> Result {
        CacheExt::put_file(self, &ActionId::from_bytes(*key), file)?;
        Ok(())
    }

    fn get(&self, key: &Key) -> Result<bool> {
        Ok(Cache::get(self, &ActionId::from_bytes(*key))?.is_hit())
    }

    fn get_file(&self, key: &Key) -> Result<bool> {
        Ok(CacheExt::get_file(self, &ActionId::from_bytes(*key), Check::Size)?.is_hit())
    }

    fn get_bytes(&self, key: &Key) -> Result<Option<Self::Bytes>> {
        Ok(CacheExt::get_bytes(self, &ActionId::from_bytes(*key), u64::MAX)?.hit())
    }

    fn trim(&self) -> Result {
        DiskCache::trim(self, &TrimOptions::default())?;
        Ok(())
    }
}
