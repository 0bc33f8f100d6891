//! Hashing what is being copied, beside the copying where that pays.

use std::sync::mpsc;
use std::thread;

use cache_core::{Error, OutputId, Result};
use sha2::{Digest, Sha256};

/// From this size on, in bytes, hashing is done on a thread of its own, beside the copying or the
/// comparing. For less, a thread takes as long to start as it saves.
pub(crate) const BESIDE: u64 = 512 << 10;

/// How many pieces may wait for the thread that hashes.
const WAITING: usize = 4;

/// Takes a piece, of which the first bytes count, and gives back a buffer of the same size.
pub(crate) type Hash<'a> = dyn FnMut(Vec<u8>, usize) -> Vec<u8> + 'a;

/// Does `copy`, which passes on every piece of something of about `likely_size` bytes. Returns what
/// it returns, and the output ID of the pieces.
pub(crate) fn hashed<T>(
    likely_size: u64,
    copy: impl FnOnce(&mut Hash<'_>) -> Result<T>,
) -> Result<(T, OutputId)> {
    if likely_size < BESIDE {
        return here(copy);
    }
    thread::scope(|scope| {
        let (pieces, to_hash) = mpsc::sync_channel::<(Vec<u8>, usize)>(WAITING);
        let (give_back, used) = mpsc::channel();
        let hash = move || {
            let mut sha = Sha256::new();
            for (piece, length) in to_hash {
                sha.update(&piece[..length]);
                // Fails when the copy is done.
                give_back.send(piece).ok();
            }
            OutputId::from_bytes(sha.finalize().into())
        };
        let Ok(hashing) = thread::Builder::new().spawn_scoped(scope, hash) else {
            return here(copy);
        };
        let copied = copy(&mut |piece, length| {
            let size = piece.len();
            // Fails when the other thread has panicked, which joining it tells.
            pieces.send((piece, length)).ok();
            used.try_recv().unwrap_or_else(|_| vec![0; size])
        })?;
        drop(pieces);
        let output = hashing.join().map_err(|_| Error::Backend("hashing panicked".into()))?;
        Ok((copied, output))
    })
}

/// Does `work` while `bytes` are being hashed. Returns what it returns, and their output ID.
pub(crate) fn hashed_beside<T>(
    bytes: &[u8],
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, OutputId)> {
    thread::scope(|scope| {
        let Ok(hashing) = thread::Builder::new().spawn_scoped(scope, || OutputId::of(bytes)) else {
            return Ok((work()?, OutputId::of(bytes)));
        };
        let done = work()?;
        let output = hashing.join().map_err(|_| Error::Backend("hashing panicked".into()))?;
        Ok((done, output))
    })
}

fn here<T>(copy: impl FnOnce(&mut Hash<'_>) -> Result<T>) -> Result<(T, OutputId)> {
    let mut sha = Sha256::new();
    let copied = copy(&mut |piece, length| {
        sha.update(&piece[..length]);
        piece
    })?;
    Ok((copied, OutputId::from_bytes(sha.finalize().into())))
}
