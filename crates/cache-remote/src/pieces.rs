//! Bytes of a store's objects, between the threads that block and the tasks that do not.

use std::io::{self, Cursor, ErrorKind, Read};

use tokio::sync::mpsc;

use crate::store::{Body, StoreError, Writer};

/// How many pieces may wait for the other side.
const WAITING: usize = 4;

/// The size in bytes of a piece that goes to the store.
const PIECE: usize = 1 << 20;

type Piece<E> = Result<Vec<u8>, E>;

/// Gives the bytes of an object to a thread that blocks, while [`pass_on`] brings them.
pub(crate) struct PieceReader {
    pieces: mpsc::Receiver<Piece<StoreError>>,
    piece: Cursor<Vec<u8>>,
}

/// Where the pieces for a [`PieceReader`] go.
pub(crate) type Pieces = mpsc::Sender<Piece<StoreError>>;

impl PieceReader {
    pub(crate) fn new() -> (Pieces, Self) {
        let (to, pieces) = mpsc::channel(WAITING);
        (to, Self { pieces, piece: Cursor::default() })
    }
}

/// Its errors have a [`StoreError`] inside.
impl Read for PieceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.piece.read(buffer)? {
                0 if !buffer.is_empty() => {}
                n => return Ok(n),
            }
            match self.pieces.blocking_recv() {
                Some(Ok(piece)) => self.piece = Cursor::new(piece),
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Ok(0),
            }
        }
    }
}

/// Brings an object to its reader, to the end or until nobody reads any more. `received` hears of
/// every piece once the reader has taken it on.
pub(crate) async fn pass_on(mut body: Body, to: Pieces, received: &(dyn Fn(u64) + Sync)) {
    loop {
        let piece = match body.next().await {
            Ok(Some(piece)) => Ok(piece),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let bytes = piece.as_ref().map_or(0, |piece| piece.len() as u64);
        let failed = piece.is_err();
        if to.send(piece).await.is_err() || failed {
            return;
        }
        received(bytes);
    }
}

/// Where the bytes go that [`send_all`] reads.
pub(crate) type Reading = mpsc::Sender<Piece<io::Error>>;

/// A way from [`send_all`] to [`write_all`].
pub(crate) fn reading() -> (Reading, mpsc::Receiver<Piece<io::Error>>) {
    mpsc::channel(WAITING)
}

/// Reads to the end, on a thread that blocks, and sends what it reads. Ends early when nobody takes
/// it.
pub(crate) fn send_all(mut reader: impl Read, to: &Reading) {
    loop {
        let mut piece = vec![0; PIECE];
        let mut filled = 0;
        let end = loop {
            match reader.read(&mut piece[filled..]) {
                Ok(0) => break Ok(filled < PIECE),
                Ok(n) => filled += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        piece.truncate(filled);
        let (piece, at_end) = match end {
            Ok(at_end) => (Ok(piece), at_end),
            Err(e) => (Err(e), true),
        };
        if to.blocking_send(piece).is_err() || at_end {
            return;
        }
    }
}

/// Writes what [`send_all`] reads, and finishes the object when all of it could be read. Returns the
/// number of bytes.
pub(crate) async fn write_all(
    mut writer: Writer,
    mut from: mpsc::Receiver<Piece<io::Error>>,
) -> Result<u64, WriteAllError> {
    let mut bytes = 0;
    let mut ended = false;
    while let Some(piece) = from.recv().await {
        let piece = piece.map_err(WriteAllError::Read)?;
        ended = piece.len() < PIECE;
        bytes += piece.len() as u64;
        writer.write(piece).await?;
    }
    if !ended {
        // The reading thread is gone: what there is must not be taken for all of it.
        return Err(WriteAllError::Read(ErrorKind::UnexpectedEof.into()));
    }
    writer.finish().await?;
    Ok(bytes)
}

/// Why an object could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteAllError {
    #[error("cannot read its output: {0}")]
    Read(io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}
