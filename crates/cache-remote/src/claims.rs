//! What holds for the readers of all formats, whatever bytes they get. The tests deal them bytes that
//! are nearly right, and the fuzz targets any.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use crate::journal::Pending;
use crate::list::List;
use crate::malformed::Malformed;
use crate::object::{self, HEADER, Header};
use crate::pack::{self, Packing};

/// No more than this of an output is read: a body of a few bytes may be one of gigabytes.
const READ: u64 = 1 << 20;

/// An object is read or refused, and what was read is written with the same bytes.
pub fn object(bytes: &[u8]) {
    read_object(bytes);
    read_object(&with_checksum(bytes));
}

/// A list is read or refused, and what was read is written with the same bytes.
pub fn list(bytes: &[u8]) {
    read_list(bytes);
    // Hardly any of those above gets past the checksum.
    let mut right = bytes.to_vec();
    if let Some(at) = bytes.len().checked_sub(32) {
        right[at..].copy_from_slice(&Sha256::digest(&bytes[..at]));
        read_list(&right);
    }
}

/// A pack gives whole objects and then at most one error, and takes no other name.
pub fn pack(bytes: &[u8]) {
    let mut right = bytes.to_vec();
    let mut at = 0;
    while at < right.len() {
        let object = with_checksum(&right[at..]);
        right.truncate(at);
        right.extend(object);
        at = match object::split(&right[at..]) {
            Ok((_, _, rest)) => right.len() - rest.len(),
            Err(_) => break,
        };
    }
    read_pack(bytes);
    read_pack(&right);
}

/// A journal is read whatever it holds, and what it leaves to do is written and read back. What was
/// cut off in the middle of a line is as if it had never been begun.
pub fn journal(bytes: &[u8]) {
    let left = Pending::replay(bytes);
    assert!(left.len() <= bytes.len() / 69);
    let again = Pending::replay(left.to_text().as_bytes());
    assert_eq!(again.in_order(), left.in_order());
    assert_eq!(again.len(), left.len());

    let cut = bytes.len() / 2;
    let whole = bytes[..cut].iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let cut = Pending::replay(&bytes[..cut]);
    assert_eq!(cut.to_text(), Pending::replay(&bytes[..whole]).to_text());
}

fn read_object(bytes: &[u8]) {
    let (header, begin) = match Header::parse(bytes) {
        Ok(parsed) => parsed,
        Err(wrong) => return placed(&wrong, bytes),
    };
    assert_eq!(header.to_bytes(), bytes[..begin]);
    match object::split(bytes) {
        Ok((same, body, rest)) => {
            assert_eq!(same, header);
            assert_eq!(begin + body.len() + rest.len(), bytes.len());
            assert_eq!(object::whole(bytes).is_ok(), rest.is_empty());
        }
        Err(wrong) => placed(&wrong, bytes),
    }
    // As it is fetched: nobody knows yet whether it is whole.
    let (given, result) = decoded(&header, &bytes[begin..], usize::MAX);
    assert!(given.len() as u64 <= header.said.size);
    for size in [1, 7] {
        let (others, other) = decoded(&header, &bytes[begin..], size);
        // Of what no encoder writes, zstd takes more in some pieces than in others, and what was decoded
        // together with what is wrong is not given.
        assert!(others.starts_with(&given) || given.starts_with(&others));
        assert!(result.is_err() || other.is_err() || others == given);
    }
    if let Err(error) = result {
        assert!(!error.to_string().is_empty());
    } else if (given.len() as u64) < READ {
        assert_eq!(given.len() as u64, header.said.size);
    }
}

/// The first bytes of the output, and how it ended.
fn decoded(header: &Header, body: &[u8], size: usize) -> (Vec<u8>, io::Result<usize>) {
    let mut given = Vec::new();
    let decoder = object::decode(header, Pieces { rest: body, size }).expect("a decoder");
    let result = decoder.take(READ).read_to_end(&mut given);
    (given, result)
}

fn read_list(bytes: &[u8]) {
    match List::parse(bytes) {
        Ok(list) => {
            assert_eq!(list.to_bytes(), bytes);
            let (packs, loose) = (list.packs().to_vec(), list.loose().to_vec());
            assert_eq!(List::new(list.written(), packs, loose, list.used().to_vec()), list);
        }
        Err(wrong) => placed(&wrong, bytes),
    }
}

fn read_pack(bytes: &[u8]) {
    let mut packing = Packing::default();
    packing.add(bytes);
    let (id, same) = packing.finish();
    assert_eq!(same, bytes);
    let mut objects = pack::objects(bytes, &id).expect("a pack of that name");
    let mut at = 0;
    for object in &mut objects {
        match object {
            Ok((header, body)) => {
                let object = [header.to_bytes(), body.to_vec()].concat();
                assert_eq!(object, bytes[at..at + object.len()]);
                at += object.len();
            }
            Err(wrong) => {
                assert!(wrong.at >= at as u64);
                placed(&wrong, bytes);
                at = bytes.len();
            }
        }
    }
    assert_eq!(at, bytes.len(), "all of it was read");
    assert!(objects.next().is_none());
}

/// The same, with a checksum that is right if it is the header of an object.
fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    let mut right = bytes.to_vec();
    let Some(length) = right.get(11) else { return right };
    let Some(name) = right.get(HEADER..HEADER + usize::from(*length)) else { return right };
    let sha = Sha256::new().chain_update(&right[..184]).chain_update(name).finalize();
    right[184..HEADER].copy_from_slice(&sha[..8]);
    right
}

fn placed(wrong: &Malformed, bytes: &[u8]) {
    assert!(wrong.at <= bytes.len() as u64, "{wrong}, of {} bytes", bytes.len());
}

/// A stream in reads of a fixed size.
struct Pieces<'a> {
    rest: &'a [u8],
    size: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = buffer.len().min(self.size);
        self.rest.read(&mut buffer[..n])
    }
}
