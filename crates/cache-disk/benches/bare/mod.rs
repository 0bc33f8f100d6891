//! What each row costs at least.

mod calls;
mod copy;
mod tree;

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::thread;

use calls::{ENTRY, New, entry_text, exists, name, open, open_folder, replace, write_all};
use rustix::io::{self, Errno};
use sha2::{Digest, Sha256};
pub use tree::{hash, walk};

use crate::work::{Key, Result, Subject, row, time};

/// Up to here one thread hashes and writes: a second one takes as long to start as it saves.
const ALONE: usize = 512 << 10;

/// The top folder, held open, for names relative to it are the shortest work for the kernel.
pub struct Bare(OwnedFd);

impl Subject for Bare {
    type Bytes = Vec<u8>;

    /// One open of the top folder.
    fn open(dir: &Path) -> Result<Self> {
        Ok(Bare(open_folder(dir)?))
    }

    /// The SHA-256, a file with the bytes and a file with the entry, both written without a name or
    /// under another one, so that nobody sees half of one. Of many bytes, one core hashes while another
    /// writes.
    fn put(&self, key: &Key, body: &[u8]) -> Result {
        let write = || self.write_new(key, body);
        let (output, written) = if body.len() <= ALONE {
            (Sha256::digest(body).into(), write())
        } else {
            thread::scope(|scope| {
                let written = scope.spawn(write);
                let output: Key = Sha256::digest(body).into();
                (output, written.join().unwrap_or(Err(Errno::IO)))
            })
        };
        written?.publish(&self.0, &name(&output, b'd'))?;
        let entry = self.write_new(key, entry_text(key, &output, body.len()).as_bytes())?;
        Ok(entry.publish(&self.0, &name(key, b'a'))?)
    }

    /// The SHA-256 of the bytes, a look whether the stored ones are the same (to compare is less than
    /// to hash them too), and the new time in the entry, in place. Of many bytes, one core hashes
    /// while another compares, with the output that the entry names.
    fn put_same(&self, key: &Key, body: &[u8]) -> Result {
        let is_same = |output: &[u8]| calls::has_bytes(&open(&self.0, output)?, body);
        let is_same = if body.len() <= ALONE {
            let output: Key = Sha256::digest(body).into();
            is_same(&name(&output, b'd'))?
        } else {
            let stored = calls::output_name(&self.entry(key)?.ok_or("the entry is gone")?);
            let (output, same) = thread::scope(|scope| {
                let same = scope.spawn(|| is_same(&stored));
                let output: Key = Sha256::digest(body).into();
                (output, same.join().unwrap_or(Ok(false)))
            });
            same? && name(&output, b'd') == stored
        };
        if !is_same {
            return Err("the stored output is another".into());
        }
        Ok(calls::write_time(&self.0, &name(key, b'a'))?)
    }

    /// As a put, but the entry takes the place of another. The bytes are hashed while they are still
    /// in the processor's cache from the copy, of many by another core.
    fn put_file(&self, key: &Key, file: &File) -> Result {
        let size = file.metadata()?.len() as usize;
        let written = New::create(&self.0, key)?;
        let output = if size <= ALONE {
            copy::hashing(file.as_fd(), written.file())?
        } else {
            copy::hashing_beside(file.as_fd(), written.file())?
        };
        written.publish(&self.0, &name(&output, b'd'))?;
        let entry = entry_text(key, &output, size);
        Ok(replace(&self.0, key, entry.as_bytes(), &name(key, b'a'))?)
    }

    /// Open, read, look at the time of the last use on the descriptor, close. A miss: the open alone.
    fn get(&self, key: &Key) -> Result<bool> {
        Ok(self.entry(key)?.is_some())
    }

    /// A get, and one look at the output by its name.
    fn get_file(&self, key: &Key) -> Result<bool> {
        let Some(entry) = self.entry(key)? else { return Ok(false) };
        Ok(exists(&self.0, &calls::output_name(&entry))?)
    }

    /// A get; then the output opened, its size looked at, read into new memory and
    /// hashed while the processor's cache has it, of many bytes by another core; closed.
    fn get_bytes(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let Some(entry) = self.entry(key)? else { return Ok(None) };
        let stored = calls::output_name(&entry);
        let (bytes, output) = copy::to_memory(&open(&self.0, &stored)?, ALONE)?;
        Ok((stored == name(&output, b'd')).then_some(bytes))
    }

    /// Every folder listed, every file in it looked at, and what is due removed: by all cores.
    fn trim(&self) -> Result {
        tree::remove_old(&self.0)
    }
}

impl Bare {
    fn entry(&self, key: &Key) -> Result<Option<[u8; ENTRY]>> {
        Ok(calls::read_entry(&self.0, &name(key, b'a'))?)
    }

    /// A new file with these bytes, for the folder of `id`.
    fn write_new(&self, id: &Key, bytes: &[u8]) -> io::Result<New> {
        let written = New::create(&self.0, id)?;
        write_all(written.file(), bytes)?;
        Ok(written)
    }
}

/// Times the SHA-256 of so many bytes, a piece that stays in the processor's cache again and again.
pub fn sha256(bytes: &str) -> Result {
    let (bytes, piece) = (bytes.parse()?, vec![0x5a; 128 << 10]);
    let took = time(|| {
        let mut hash = Sha256::new();
        for at in (0..bytes).step_by(piece.len()) {
            hash.update(&piece[..piece.len().min(bytes - at)]);
        }
        Ok(hash.finalize())
    })?;
    row("hash-1g", 1, took, bytes);
    Ok(())
}
