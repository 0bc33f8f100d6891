//! Output IDs of what is large are made on two threads, and are the same.

use std::convert::Infallible;
use std::io::{self, Read};

use cache_core::OutputId;

/// From here on [`OutputId::of_reader_ahead`] has a second thread hash.
const BESIDE: usize = 4 << 20;

fn body(size: usize) -> Vec<u8> {
    (0..size as u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

/// Gives a few bytes at a time, is interrupted now and then, and ends as `end` says.
struct Stingy<'a> {
    bytes: &'a [u8],
    most: usize,
    reads: usize,
    end: Option<io::ErrorKind>,
}

impl Read for Stingy<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        if self.reads.is_multiple_of(7) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match self.end {
            Some(kind) if self.bytes.is_empty() => Err(kind.into()),
            _ => {
                let n = buffer.len().min(self.most);
                self.bytes.read(&mut buffer[..n])
            }
        }
    }
}

#[test]
fn a_reader_of_any_size_has_the_id_of_its_bytes() {
    // From here on the pieces are larger.
    const LONG: usize = BESIDE + (16 << 20);
    const LONG_PIECE: usize = 2 << 20;
    let bytes = body(LONG + LONG_PIECE + 1);
    let sizes = [
        BESIDE - 1,
        BESIDE,
        BESIDE + 1,
        BESIDE + (512 << 10) - 1,
        BESIDE + (512 << 10),
        BESIDE + (512 << 10) + 1,
        LONG - 1,
        LONG,
        LONG + 1,
        LONG + LONG_PIECE - 1,
        LONG + LONG_PIECE,
        bytes.len(),
    ];
    for size in sizes {
        let (id, read) = OutputId::of_reader_ahead(&mut &bytes[..size]).unwrap();
        assert_eq!((id, read), (OutputId::of(&bytes[..size]), size as u64), "{size} bytes");
    }
}

#[test]
fn a_reader_that_gives_little_at_a_time_has_the_id_of_its_bytes() {
    let bytes = body(BESIDE + (3 << 20) + 12_345);
    for most in [4099, 65_536, 1 << 20] {
        let mut reader = Stingy { bytes: &bytes, most, reads: 0, end: None };
        let (id, size) = OutputId::of_reader_ahead(&mut reader).unwrap();
        assert_eq!((id, size), (OutputId::of(&bytes), bytes.len() as u64), "{most} bytes a time");
    }
}

#[test]
fn a_large_reader_that_fails_fails_the_hash() {
    for size in [BESIDE, BESIDE + 1, BESIDE + (2 << 20)] {
        let bytes = body(size);
        let end = Some(io::ErrorKind::ConnectionReset);
        let mut reader = Stingy { bytes: &bytes, most: 100_000, reads: 0, end };
        let error = OutputId::of_reader_ahead(&mut reader).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "after {size} bytes");
    }
}

#[test]
fn pieces_have_the_id_of_their_bytes_on_one_thread_and_on_two() {
    let bytes = body(1 << 20);
    for beside in [false, true] {
        for size in [1000, 65_536, 2 << 20] {
            let Ok((passed, id)) = OutputId::of_pieces(beside, |pass| {
                let pieces = bytes.chunks(size);
                let passed = pieces.len();
                pieces.for_each(|piece| {
                    pass(piece);
                });
                Ok::<_, Infallible>(passed)
            });
            assert_eq!((passed, id), (bytes.len().div_ceil(size), OutputId::of(&bytes)));
        }
    }
}

#[test]
fn no_pieces_have_the_id_of_no_bytes() {
    for beside in [false, true] {
        let Ok(((), id)) = OutputId::of_pieces::<Vec<u8>, _, Infallible>(beside, |_pass| Ok(()));
        assert_eq!(id, OutputId::of(b""));
    }
}

#[test]
fn a_piece_comes_back_when_it_was_hashed_and_not_before() {
    let bytes = body(64 << 10);
    for beside in [false, true] {
        let mut made = 0;
        let Ok(((), id)) = OutputId::of_pieces(beside, |pass| {
            let mut piece = Vec::new();
            for chunk in bytes.chunks(1024) {
                piece.clear();
                piece.extend_from_slice(chunk);
                piece = pass(piece).unwrap_or_else(|| {
                    made += 1;
                    Vec::new()
                });
            }
            Ok::<_, Infallible>(())
        });
        assert_eq!(id, OutputId::of(&bytes));
        // One that is filled, one that is hashed, and what may wait.
        assert!(made <= 8, "{made} pieces were made");
    }
}

#[test]
fn work_that_fails_fails_the_hash() {
    for beside in [false, true] {
        let failed = OutputId::of_pieces(beside, |pass| {
            for _ in 0..100 {
                pass(b"a piece");
            }
            Err::<(), _>("the work failed")
        });
        assert_eq!(failed, Err("the work failed"));
    }
}
