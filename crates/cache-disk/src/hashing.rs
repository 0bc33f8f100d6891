//! Hashing what is being copied, beside the copying where that pays.

use std::panic::resume_unwind;
use std::thread;

use cache_core::{OutputId, Result};

/// From this size on, in bytes, hashing is done on one thread, and the copying or the comparing on
/// another. For less, a thread takes as long to start as it saves.
pub(crate) const BESIDE: u64 = 512 << 10;

/// Takes a piece, of which the first bytes count, and gives back a buffer of the same size.
pub(crate) type Hash<'a> = dyn FnMut(Vec<u8>, usize) -> Vec<u8> + 'a;

/// Does `copy`, which passes on every piece of something of about `likely_size` bytes. Returns what
/// it returns, and the output ID of the pieces.
pub(crate) fn hashed<T>(
    likely_size: u64,
    copy: impl FnOnce(&mut Hash<'_>) -> Result<T>,
) -> Result<(T, OutputId)> {
    OutputId::of_pieces(likely_size >= BESIDE, |pass| {
        copy(&mut |buffer, length| {
            let size = buffer.len();
            pass(Piece(buffer, length)).map_or_else(|| vec![0; size], |used| used.0)
        })
    })
}

/// A buffer, of which the first bytes count.
struct Piece(Vec<u8>, usize);

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.0[..self.1]
    }
}

/// Does `work` while `bytes` are being hashed. Returns what it returns, and their output ID.
pub(crate) fn hashed_beside<T: Send>(
    bytes: &[u8],
    work: impl Fn() -> Result<T> + Sync,
) -> Result<(T, OutputId)> {
    thread::scope(|scope| {
        // Hashing takes longer than the work, so it is not what waits for a thread to start. Where
        // none is to be had, the work waits for it.
        let working = thread::Builder::new().spawn_scoped(scope, &work);
        let output = OutputId::of(bytes);
        let done = match working {
            Ok(working) => working.join().unwrap_or_else(|panicked| resume_unwind(panicked)),
            Err(_) => work(),
        };
        Ok((done?, output))
    })
}
