//! Whatever stands on a helper's stdin is read or refused: the same in reads of any size, and what
//! was read is written and read back.

#![no_main]

use std::io::Read;

use cache_prog_wire::{Error, Request, RequestReader, RequestWriter};
use larder_fuzz::{Pieces, placed};
use libfuzzer_sys::fuzz_target;

type All = Vec<(Request, Vec<u8>)>;

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
    skip(bytes, all.len());
    write_and_read_back(all);
});

/// Every request with its body, and what was wrong with the stream.
fn read(bytes: &[u8], size: usize) -> (All, Option<Error>) {
    let mut reader = RequestReader::new(Pieces::new(bytes, size));
    let mut all = All::new();
    loop {
        let request = match reader.next() {
            Ok(Some(request)) => request,
            Ok(None) => return (all, None),
            Err(error) => return (all, Some(error)),
        };
        let mut body = Vec::new();
        if let Err(error) = reader.body().read_to_end(&mut body) {
            let inner = error.into_inner().expect("an error of the wire inside");
            return (all, Some(*inner.downcast().expect("an error of the wire")));
        }
        all.push((request, body));
    }
}

/// Reads the same requests without their bodies.
fn skip(bytes: &[u8], count: usize) {
    let mut reader = RequestReader::new(Pieces::new(bytes, usize::MAX));
    let mut requests = 0;
    while let Ok(Some(_)) = reader.next() {
        requests += 1;
    }
    // The last body may be what is wrong; then its request was read all the same.
    assert!(requests == count || requests == count + 1, "{requests} skipping, {count} reading");
}

fn write_and_read_back(mut all: All) {
    let mut out = Vec::new();
    let mut writer = RequestWriter::new(&mut out);
    for (request, body) in &mut all {
        // A body need not have the size that was announced, but is there when one was.
        if request.has_body() && body.is_empty() {
            request.body_size = 0;
        }
        let mut writing = writer.put(request).expect("a request");
        writing.write(body).expect("a body");
        writing.finish().expect("the end");
    }
    let (again, error) = read(&out, usize::MAX);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(again, all);
}
