//! Whatever a helper answers is read or refused: the same in reads of any size, and what was read
//! is written and read back.

#![no_main]

use cache_prog_wire::{Error, Response, ResponseReader, write_response};
use larder_fuzz::{Pieces, placed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (all, error) = read(bytes, usize::MAX);
    for size in [1, 7] {
        let (others, other) = read(bytes, size);
        assert_eq!(all, others);
        assert_eq!(
            error.as_ref().map(|error| placed(error, bytes.len())),
            other.as_ref().map(|error| placed(error, bytes.len()))
        );
    }

    let mut out = Vec::new();
    // A time outside the years of RFC 3339 is read (it has a sign) but not written.
    let written: Vec<Response> =
        all.into_iter().filter(|one| write_response(&mut out, one).is_ok()).collect();
    let (again, error) = read(&out, usize::MAX);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(again, written);
});

/// Every response, and what was wrong with the stream.
fn read(bytes: &[u8], size: usize) -> (Vec<Response>, Option<Error>) {
    let mut reader = ResponseReader::new(Pieces::new(bytes, size));
    let mut all = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(response)) => all.push(response),
            Ok(None) => return (all, None),
            Err(error) => return (all, Some(error)),
        }
    }
}
