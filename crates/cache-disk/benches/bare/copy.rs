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

/// Reads a file into new memory, which comes zeroed from the kernel. Of more than `alone` bytes,
/// another thread hashes what was read.
pub fn to_memory(file: &OwnedFd, alone: usize) -> Result<(Vec<u8>, Key)> {
    let size = rustix::fs::fstat(file)?.st_size as usize;
    let mut bytes = vec![0; size];
    if size <= alone {
        let mut hash = Sha256::new();
        for piece in bytes.chunks_mut(PIECE) {
            fill(file, piece)?;
            hash.update(piece);
        }
        return Ok((bytes, hash.finalize().into()));
    }
    let (filled, to_hash) = mpsc::channel::<&mut [u8]>();
    let output = thread::scope(|scope| {
        let hash = scope.spawn(move || {
            let mut hash = Sha256::new();
            to_hash.iter().for_each(|piece| hash.update(piece));
            hash.finalize().into()
        });
        for piece in bytes.chunks_mut(PIECE) {
            fill(file, piece)?;
            if filled.send(piece).is_err() {
                break;
            }
        }
        drop(filled);
        hash.join().map_err(|_| io::Errno::IO)
    })?;
    Ok((bytes, output))
}

fn fill(file: &OwnedFd, mut piece: &mut [u8]) -> Result<()> {
    while !piece.is_empty() {
        match io::read(file, &mut *piece)? {
            0 => return Err(io::Errno::IO),
            n => piece = &mut piece[n..],
        }
    }
    Ok(())
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
