//! Many bytes from one place to another, and their SHA-256.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::mpsc;
use std::thread;

use rustix::io::{self, Result};
use sha2::{Digest, Sha256};

use super::calls::{PIECE, write_all};
use crate::work::Key;

/// How many pieces are on their way from the copy to the hash.
const PIECES: usize = 4;

/// Reads a file into new memory, which comes zeroed from the kernel.
pub fn to_memory(file: &OwnedFd) -> Result<(Vec<u8>, Key)> {
    let size = rustix::fs::fstat(file)?.st_size as usize;
    let (mut bytes, mut hash, mut done) = (vec![0; size], Sha256::new(), 0);
    while done < size {
        let end = size.min(done + PIECE);
        let n = io::read(file, &mut bytes[done..end])?;
        if n == 0 {
            break;
        }
        hash.update(&bytes[done..done + n]);
        done += n;
    }
    Ok((bytes, hash.finalize().into()))
}

/// Copies a file, and hashes each piece when it was written.
pub fn hashing(from: BorrowedFd<'_>, to: &OwnedFd) -> Result<Key> {
    let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
    loop {
        let n = io::read(from, &mut piece)?;
        if n == 0 {
            return Ok(hash.finalize().into());
        }
        write_all(to, &piece[..n])?;
        hash.update(&piece[..n]);
    }
}

/// Copies a file, and another thread hashes what was written.
pub fn hashing_beside(from: BorrowedFd<'_>, to: &OwnedFd) -> Result<Key> {
    let (written, to_hash) = mpsc::sync_channel::<(Vec<u8>, usize)>(PIECES);
    let (hashed, free) = mpsc::channel();
    for _ in 0..PIECES {
        // The receiver is right here.
        let _ = hashed.send(vec![0; PIECE]);
    }
    thread::scope(|scope| {
        let hash = scope.spawn(move || {
            let mut hash = Sha256::new();
            for (piece, n) in to_hash {
                hash.update(&piece[..n]);
                // The copy may have ended.
                let _ = hashed.send(piece);
            }
            hash.finalize().into()
        });
        for mut piece in free {
            let n = io::read(from, &mut piece)?;
            if n == 0 {
                break;
            }
            write_all(to, &piece[..n])?;
            if written.send((piece, n)).is_err() {
                break;
            }
        }
        drop(written);
        hash.join().map_err(|_| io::Errno::IO)
    })
}
