//! The array of buckets: which one a record is in, and reading them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::thread;

use cache_core::OutputId;
use twox_hash::XxHash3_64;

use super::bucket::{self, BYTES, CAPACITY, Record};
use crate::stamp::KeptStamp;

/// The most buckets a file has: 80 MiB, with room for a million records. It is [`FEWEST`] doubled
/// some number of times.
pub(super) const MOST: usize = 20 << 10;

/// The fewest that a file is made with: 20 KiB.
pub(super) const FEWEST: usize = 5;

/// In how many buckets, one after the other, a record may be by its inode. Not less, because the
/// inodes come in groups that may meet in one place.
const BY_INODE: usize = 4;

/// In how many a record may be by its name. Each is anywhere in the file, so that they are not all
/// full before the file is, whatever the inodes are.
const BY_NAME: u32 = 8;

/// How often a bucket that does not fit its checksum is read: another process may be in the middle
/// of writing it.
const READINGS: u32 = 3;

/// A file's buckets, each of them read when it is needed first, and once.
#[derive(Default)]
pub(super) struct Buckets {
    /// With how many buckets it has; `None` for no file.
    file: Option<(File, usize)>,
    read: HashMap<usize, Box<[Record]>>,
}

impl Buckets {
    pub(super) fn of(file: File) -> io::Result<Self> {
        let count = count(&file)?.ok_or_else(|| {
            io::Error::new(ErrorKind::InvalidData, "its length is not that of a file of hashes")
        })?;
        Ok(Self { file: Some((file, count)), read: HashMap::new() })
    }

    /// The hash of the file with this name and stamp.
    pub(super) fn get(&mut self, name: u64, stamp: &KeptStamp) -> Option<OutputId> {
        let (file, count) = self.file.as_ref()?;
        for at in places(name, stamp, *count) {
            let records = self.read.entry(at).or_insert_with(|| read(file, at).into());
            let known = records.iter().find(|known| known.name == name && known.stamp == *stamp);
            if known.is_some() || records.len() < CAPACITY {
                return known.map(|known| known.hash);
            }
        }
        None
    }
}

/// How many buckets a file of this length has; `None` for a file that is none of ours.
pub(super) fn count(file: &File) -> io::Result<Option<usize>> {
    let bytes = file.metadata()?.len();
    let count = usize::try_from(bytes / BYTES as u64).unwrap_or(usize::MAX);
    let whole = bytes.is_multiple_of(BYTES as u64);
    Ok(Some(count).filter(|count| whole && (1..=MOST).contains(count)))
}

/// The buckets, of `count`, in which a record may be: in the first one that had room.
///
/// First they go by the inode, sixteen neighbours together. Files that were made together mostly
/// have neighbouring inodes and are asked about together, so in a file with a million records of
/// many projects those of one are in few buckets. Then they go by the name: an inode may have any
/// number of them.
pub(super) fn places(
    name: u64,
    stamp: &KeptStamp,
    count: usize,
) -> impl Iterator<Item = usize> + use<> {
    let mut neighbours = [0; 16];
    neighbours[..8].copy_from_slice(&stamp.device.to_le_bytes());
    neighbours[8..].copy_from_slice(&(stamp.inode >> 4).to_le_bytes());
    // Less than `count`, so the cast loses nothing.
    let place = move |hash: u64| ((u128::from(hash) * count as u128) >> 64) as usize;
    let first = place(XxHash3_64::oneshot(&neighbours));
    let by_inode = (first..first + BY_INODE).map(move |at| at % count);
    by_inode.chain((0..BY_NAME).map(move |n| place(name.rotate_left(8 * n))))
}

/// The records of one bucket, from old to new. A bucket that is damaged has none.
pub(super) fn read(file: &File, at: usize) -> Vec<Record> {
    let mut bytes = [0; BYTES];
    for _ in 0..READINGS {
        if let Err(e) = file.read_exact_at(&mut bytes, (at * BYTES) as u64) {
            tracing::debug!("cannot read bucket {at} of the file hashes: {e}");
            return Vec::new();
        }
        if let Some(records) = bucket::decode(&bytes) {
            return records;
        }
        thread::yield_now();
    }
    tracing::debug!("bucket {at} of the file hashes is damaged");
    Vec::new()
}
