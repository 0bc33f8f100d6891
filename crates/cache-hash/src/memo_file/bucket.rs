//! One bucket: 4096 bytes, as docs/FORMAT.md draws them.

use cache_core::{ID_BYTES, OutputId};
use twox_hash::XxHash3_128;

use crate::stamp::KeptStamp;

/// A page: the least that a system reads or writes.
pub(super) const BYTES: usize = 4096;

/// How many records a bucket has room for.
pub(super) const CAPACITY: usize = 50;

/// The last character is the version.
const MAGIC: [u8; 8] = *b"larderF1";

const NAME_BYTES: usize = 8;
const STAMP_BYTES: usize = KeptStamp::BYTES;
const RECORD_BYTES: usize = NAME_BYTES + STAMP_BYTES + ID_BYTES;
/// The magic and the number of records, and nothing up to the length of a record.
const HEADER_BYTES: usize = RECORD_BYTES;
const CHECKSUM_AT: usize = HEADER_BYTES + CAPACITY * RECORD_BYTES;

/// What a file hashed to in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// The hash of its path.
    pub(super) name: u64,
    pub(super) stamp: KeptStamp,
    pub(super) hash: OutputId,
}

/// The bytes of a bucket with these records, up to [`CAPACITY`], from old to new.
pub(super) fn encode(records: &[Record]) -> [u8; BYTES] {
    let records = &records[..records.len().min(CAPACITY)];
    let mut bytes = [0; BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..16].copy_from_slice(&(records.len() as u64).to_le_bytes());
    let (slots, _) = bytes[HEADER_BYTES..CHECKSUM_AT].as_chunks_mut::<RECORD_BYTES>();
    for (slot, record) in slots.iter_mut().zip(records) {
        slot[..NAME_BYTES].copy_from_slice(&record.name.to_le_bytes());
        slot[NAME_BYTES..][..STAMP_BYTES].copy_from_slice(&record.stamp.to_bytes());
        slot[NAME_BYTES + STAMP_BYTES..].copy_from_slice(record.hash.as_bytes());
    }
    let checksum = checksum(&bytes);
    bytes[CHECKSUM_AT..].copy_from_slice(&checksum);
    bytes
}

/// The records of a bucket, from old to new; `None` when it is damaged or none of this version.
pub(super) fn decode(bytes: &[u8; BYTES]) -> Option<Vec<Record>> {
    if bytes[..8] != MAGIC || bytes[CHECKSUM_AT..] != checksum(bytes) {
        return None;
    }
    let count = usize::try_from(number(&bytes[8..])?).ok()?;
    let (slots, _) = bytes[HEADER_BYTES..CHECKSUM_AT].as_chunks::<RECORD_BYTES>();
    slots.get(..count)?.iter().map(record).collect()
}

fn record(slot: &[u8; RECORD_BYTES]) -> Option<Record> {
    let (name, rest) = slot.split_at(NAME_BYTES);
    let (stamp, hash) = rest.split_first_chunk()?;
    let hash: [u8; ID_BYTES] = hash.try_into().ok()?;
    Some(Record { name: number(name)?, stamp: KeptStamp::from_bytes(stamp), hash: hash.into() })
}

fn number(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Against torn writes and failing disks. Who can write the file can make any checksum, and could
/// replace whatever the memo is asked about as well; so none needs to be cryptographic, and a fast
/// one will do.
fn checksum(bytes: &[u8; BYTES]) -> [u8; BYTES - CHECKSUM_AT] {
    XxHash3_128::oneshot(&bytes[..CHECKSUM_AT]).to_le_bytes()
}
