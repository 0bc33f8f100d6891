//! Hashing what is read, here or on a second thread.

use std::io::{self, ErrorKind, Read};
use std::panic;
use std::sync::mpsc;
use std::thread;

use sha2::{Digest, Sha256};

/// From this size on, in bytes, what is read is hashed on a second thread. To read takes a quarter of
/// the time of hashing, so for less the thread and its pieces cost what they save.
pub(crate) const BESIDE: u64 = 4 << 20;

/// The size in bytes of a piece of what is read, so small that the second thread soon has the first.
pub(crate) const PIECE: usize = 512 << 10;

/// The size of a piece, once so many as [`LONG`] bytes went by in pieces. Each piece lets a thread wake the other, and that is the
/// larger part of what is lost to hashing alone in a file of 1 GiB: 14 of 100 with pieces of 256 KiB, 8
/// with 512 KiB, 4 with this and with more.
const LONG_PIECE: usize = 2 << 20;
const LONG: u64 = 16 << 20;

/// How many pieces may wait to be hashed.
const WAITING: usize = 4;

/// Takes a piece to be hashed. Gives one back that was hashed before, if there is one, so that its
/// memory serves again.
pub(crate) type Pass<'a, P> = dyn FnMut(P) -> Option<P> + 'a;

/// Does `work`, and goes on with `sha` over the pieces that it passes on, on a second thread; in
/// turn, where no thread is to be had.
pub(crate) fn beside<P: AsRef<[u8]> + Send, T, E>(
    sha: Sha256,
    work: impl FnOnce(&mut Pass<'_, P>) -> Result<T, E>,
) -> Result<(T, Sha256), E> {
    thread::scope(|scope| {
        let (pieces, to_hash) = mpsc::sync_channel::<P>(WAITING);
        let (give_back, used) = mpsc::channel();
        let mut hash = sha.clone();
        let hash_all = move || {
            for piece in to_hash {
                hash.update(piece.as_ref());
                // Fails when the work is done.
                give_back.send(piece).ok();
            }
            hash
        };
        let Ok(hashing) = thread::Builder::new().spawn_scoped(scope, hash_all) else {
            return in_turn(sha, work);
        };
        let done = work(&mut |piece| {
            // Fails when the other thread has panicked, which joining it tells.
            pieces.send(piece).ok();
            used.try_recv().ok()
        })?;
        drop(pieces);
        let sha = hashing.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked));
        Ok((done, sha))
    })
}

/// Does `work`, and goes on with `sha` over each piece when it is passed on.
pub(crate) fn in_turn<P: AsRef<[u8]>, T, E>(
    mut sha: Sha256,
    work: impl FnOnce(&mut Pass<'_, P>) -> Result<T, E>,
) -> Result<(T, Sha256), E> {
    let done = work(&mut |piece| {
        sha.update(piece.as_ref());
        Some(piece)
    })?;
    Ok((done, sha))
}

/// Reads on and hashes until there were `enough` bytes, or to the end. Returns the number of bytes.
pub(crate) fn up_to(enough: u64, reader: &mut dyn Read, sha: &mut Sha256) -> io::Result<u64> {
    let mut size = 0;
    // Most files are small, and memory that was never used before is not for free.
    let mut buffer = vec![0; 8 << 10];
    while size < enough {
        let n = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        sha.update(&buffer[..n]);
        size += n as u64;
        if n == buffer.len() && n < 128 << 10 {
            buffer = vec![0; 128 << 10];
        }
    }
    Ok(size)
}

/// Reads to the end, and passes on pieces that are full but for the last. Returns the number of
/// bytes.
pub(crate) fn read_in_pieces(
    reader: &mut dyn Read,
    pass: &mut Pass<'_, Vec<u8>>,
) -> io::Result<u64> {
    let mut size = 0;
    let mut piece = vec![0; PIECE];
    loop {
        let mut filled = 0;
        while filled < piece.len() {
            match reader.read(&mut piece[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        size += filled as u64;
        let is_last = filled < piece.len();
        piece.truncate(filled);
        let used = pass(piece);
        if is_last {
            return Ok(size);
        }
        piece = used.unwrap_or_default();
        piece.resize(if size < LONG { PIECE } else { LONG_PIECE }, 0);
    }
}
