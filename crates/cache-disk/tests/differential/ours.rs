//! Our cache, asked in the same words as Go's.

use std::fs::File;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use cache_core::{
    ActionId, Cache, CacheExt, Check, Entry, FileName, Lookup, MissReason, OutputId, PutOptions,
    Source, Stored,
};
use cache_disk::DiskCache;

use crate::Result;
use crate::model::{Answer, Given, Reading, Reason};
use crate::world::Body;

/// Opens `dir` with a clock that the test moves, in Unix seconds.
pub(crate) fn open(dir: &Path, clock: &Arc<AtomicI64>) -> Result<DiskCache> {
    let clock = clock.clone();
    Ok(DiskCache::builder(dir).clock(move || at(clock.load(Ordering::SeqCst))).open()?)
}

pub(crate) fn read(cache: &DiskCache, reading: Reading, action: &ActionId) -> Result<Answer> {
    Ok(match reading {
        Reading::Entry => match cache.get(action)? {
            Lookup::Hit(entry) => hit(&entry, Given::Nothing)?,
            Lookup::Miss(reason) => miss(&reason)?,
        },
        Reading::File => match cache.get_file(action, Check::Size)? {
            Lookup::Hit((entry, path)) => hit(&entry, Given::File(path))?,
            Lookup::Miss(reason) => miss(&reason)?,
        },
        Reading::Bytes => match cache.get_bytes(action, u64::MAX)? {
            Lookup::Hit((entry, bytes)) => {
                let (sum, length) = (OutputId::of(&bytes), bytes.len() as u64);
                hit(&entry, Given::Bytes { sum, length })?
            }
            Lookup::Miss(reason) => miss(&reason)?,
        },
    })
}

/// The ways in which a put can be given its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    Bytes,
    File,
    Seekable,
    Reader,
    Promised,
}

impl Way {
    pub(crate) const ALL: &[Way] =
        &[Way::Bytes, Way::File, Way::Seekable, Way::Reader, Way::Promised];
}

pub(crate) fn put(
    cache: &DiskCache,
    action: &ActionId,
    body: &Body,
    way: Way,
    name: Option<&str>,
) -> Result<Stored> {
    let executable = name.map(FileName::new).transpose()?;
    let options = PutOptions { executable, ..PutOptions::default() };
    let Body { output, bytes, path } = body;
    Ok(match way {
        Way::Bytes => cache.put(action, Source::Bytes(bytes), &options)?,
        Way::File => cache.put(action, Source::File(&File::open(path)?), &options)?,
        Way::Seekable => cache.put(action, Source::Seekable(&mut Cursor::new(bytes)), &options)?,
        Way::Reader => cache.put(action, Source::Reader(&mut &**bytes), &options)?,
        Way::Promised => {
            let (output, size) = (*output, bytes.len() as u64);
            cache.put(action, Source::Promised { output, size, body: &mut &**bytes }, &options)?
        }
    })
}

/// The time `seconds` after 1970.
pub(crate) fn at(seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
}

fn hit(entry: &Entry, given: Given) -> Result<Answer> {
    let time = entry.time.duration_since(SystemTime::UNIX_EPOCH)?.as_nanos();
    Ok(Answer::Hit { output: entry.output, size: entry.size, time: time.try_into()?, given })
}

fn miss(reason: &MissReason) -> Result<Answer> {
    Ok(Answer::Miss(match reason {
        MissReason::NotFound => Reason::NotFound,
        MissReason::Unreadable { .. } => Reason::Unreadable,
        MissReason::OutputGone(_) => Reason::OutputGone,
        MissReason::OutputSize { .. } => Reason::OutputSize,
        MissReason::OutputChecksum(_) => Reason::OutputChecksum,
        MissReason::Malformed(text) => match *text {
            "the file is empty" => Reason::Empty,
            "the file is too short" => Reason::Short,
            "the file is too long" => Reason::Long,
            "the header or a separator is wrong" => Reason::Header,
            "the action ID is not hexadecimal" => Reason::ActionHex,
            "the action ID is another's" => Reason::OtherAction,
            "the output ID is not hexadecimal" => Reason::OutputHex,
            "the size is not a number" => Reason::SizeText,
            "the size is negative" => Reason::NegativeSize,
            "the time is not a number" => Reason::TimeText,
            "the time is negative" => Reason::NegativeTime,
            _ => return Err(format!("ours misses for an unknown reason: {reason}").into()),
        },
        _ => return Err(format!("ours misses for an unknown reason: {reason}").into()),
    }))
}
