//! Times `cacache`, the nearest Rust store: `cacache_rows --dir DIR [--entries N]`.
//!
//! Its index leads from a key to an integrity, as an entry leads from an action to an output, so a
//! lookup in the index stands for a get, and its key is the action ID in hexadecimal. As ours, it
//! makes nothing durable, and checks the SHA-256 of what it reads. It gives no path of what it holds
//! and removes nothing by age: it has no get-file and no trim; nor is there anything to open.

mod work;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cacache::{Algorithm, WriteOpts};
use work::{Key, Result, Subject};

fn main() -> ExitCode {
    work::main::<Cacache>()
}

struct Cacache(PathBuf);

impl Subject for Cacache {
    type Bytes = Vec<u8>;

    fn has(row: &str) -> bool {
        !matches!(row, "open" | "get-file" | "trim")
    }

    fn open(dir: &Path) -> Result<Self> {
        Ok(Cacache(dir.to_owned()))
    }

    fn put(&self, key: &Key, body: &[u8]) -> Result {
        cacache::write_sync(&self.0, hex::encode(key), body)?;
        Ok(())
    }

    fn put_file(&self, key: &Key, mut file: &File) -> Result {
        // Not told the size: it would write through a memory map that takes all bytes at once.
        let mut writer =
            WriteOpts::new().algorithm(Algorithm::Sha256).open_sync(&self.0, hex::encode(key))?;
        io::copy(&mut file, &mut writer)?;
        writer.commit()?;
        Ok(())
    }

    fn get(&self, key: &Key) -> Result<bool> {
        Ok(cacache::metadata_sync(&self.0, hex::encode(key))?.is_some())
    }

    fn get_file(&self, _: &Key) -> Result<bool> {
        Err("cacache has no paths".into())
    }

    fn get_bytes(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        Ok(Some(cacache::read_sync(&self.0, hex::encode(key))?))
    }

    fn trim(&self) -> Result {
        Err("cacache has no trim".into())
    }
}
