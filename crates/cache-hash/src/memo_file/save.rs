//! Adding records to the file: into the buckets where they belong, or into a larger file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use cache_core::refuse_what_is_no_file;
use fs4::TryLockError;

use super::bucket::{self, BYTES, CAPACITY, Record};
use super::buckets::{self, FEWEST, places};

/// How long to wait for others who save. Mostly that takes a millisecond, though building a very
/// large file anew may take a second. What is not saved costs one more reading.
const PATIENCE: Duration = Duration::from_millis(250);

/// Adds `learnt` to the file at `path`, which gets up to `most` buckets.
pub(super) fn save(path: &Path, learnt: &HashMap<u64, Record>, most: usize) -> io::Result<()> {
    let file = lock(path)?;
    let count = buckets::count(&file)?;
    if let Some(count) = count
        && let Some(changed) = changed_buckets(&file, count, learnt)
    {
        return write(&file, &changed);
    }
    // A file that is none of ours is replaced, and nothing in it is looked at.
    let old = (0..count.unwrap_or(0)).map(|at| buckets::read(&file, at)).collect();
    replace(path, &rebuilt(old, learnt, count.unwrap_or(FEWEST), most))
}

/// Locks the file that stands at `path`, making it when there is none. Whoever holds it is the only
/// one to write to that file, or to put another one in its place.
fn lock(path: &Path) -> io::Result<File> {
    let start = Instant::now();
    loop {
        let file = open(path)?;
        match fs4::FileExt::try_lock(&file) {
            // Another process may have put a larger file in its place before we had the lock.
            Ok(()) if stands_at(&file, path)? => return Ok(file),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(e)) => return Err(e),
        }
        if start.elapsed() > PATIENCE {
            return Err(io::Error::new(
                ErrorKind::WouldBlock,
                "other processes are saving into it",
            ));
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn open(path: &Path) -> io::Result<File> {
    refuse_what_is_no_file(path)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    match options.open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            make_the_folder(path)?;
            options.open(path)
        }
        opened => opened,
    }
}

/// The folder alone, not those above it: a cache that was removed is not to come back for this.
fn make_the_folder(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    match fs::create_dir(folder) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

fn stands_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// The buckets in which there is something new, as they are to be; `None` when there is no room.
fn changed_buckets(
    file: &File,
    count: usize,
    learnt: &HashMap<u64, Record>,
) -> Option<BTreeMap<usize, Vec<Record>>> {
    let (mut buckets, mut changed) = (BTreeMap::new(), HashSet::new());
    for record in learnt.values() {
        let at = places(record.name, &record.stamp, count).find(|&at| {
            // Read again: others may have saved since this process read it.
            let records = buckets.entry(at).or_insert_with(|| buckets::read(file, at));
            records.retain(|old| old.name != record.name);
            records.len() < CAPACITY
        })?;
        changed.insert(at);
        buckets.entry(at).or_default().push(*record);
    }
    buckets.retain(|at, _| changed.contains(at));
    Some(buckets)
}

/// Writes in place. A bucket that is cut short by a crash does not fit its checksum any more.
fn write(file: &File, changed: &BTreeMap<usize, Vec<Record>>) -> io::Result<()> {
    for (at, records) in changed {
        file.write_all_at(&bucket::encode(records), (at * BYTES) as u64)?;
    }
    Ok(())
}

/// The buckets with the old records and the new ones, at least `count` of them. There are more when
/// it takes that to give all records room, and some to spare for those to come; when there may be
/// no more, the older half of each bucket goes.
fn rebuilt(
    mut old: Vec<Vec<Record>>,
    learnt: &HashMap<u64, Record>,
    mut count: usize,
    most: usize,
) -> Vec<Vec<Record>> {
    forget_the_replaced(&mut old, learnt);
    let mut new: Vec<_> = learnt.values().copied().collect();
    loop {
        let records: Vec<_> = old.iter().flatten().chain(&new).collect();
        let room = count * CAPACITY;
        if records.len() <= room / 4 * 3 {
            // Where even four times the room is too little, it is for records that want to be in
            // one place, and no larger file would help them.
            let leave_out = records.len() <= room / 4;
            if let Some(buckets) = distribute(&records, count, leave_out) {
                return buckets;
            }
        }
        if count < most {
            count = (count * 2).min(most);
        } else if old.iter().any(|records| !records.is_empty()) {
            old.iter_mut().for_each(|records| _ = records.drain(..records.len().div_ceil(2)));
        } else {
            new.truncate(new.len() / 2);
        }
    }
}

/// Removes what is of no use any more: the records of files in whose place there was another one
/// later. Those have other inodes, so that nothing removed them before.
fn forget_the_replaced(old: &mut [Vec<Record>], learnt: &HashMap<u64, Record>) {
    let mut newest: HashMap<u64, i64> = HashMap::new();
    for record in old.iter().flatten() {
        let ctime = record.stamp.ctime.cast_signed();
        newest
            .entry(record.name)
            .and_modify(|newest| *newest = ctime.max(*newest))
            .or_insert(ctime);
    }
    for records in old {
        records.retain(|Record { name, stamp, .. }| {
            !learnt.contains_key(name) && newest.get(name) == Some(&stamp.ctime.cast_signed())
        });
    }
}

/// The records in their buckets. `None` when there is no room for all of them, unless those may be
/// left out.
fn distribute(records: &[&Record], count: usize, leave_out: bool) -> Option<Vec<Vec<Record>>> {
    let mut buckets: Vec<Vec<Record>> = vec![Vec::new(); count];
    for record in records {
        let mut places = places(record.name, &record.stamp, count);
        match places.find(|&at| buckets[at].len() < CAPACITY) {
            Some(at) => buckets[at].push(**record),
            None if leave_out => {}
            None => return None,
        }
    }
    Some(buckets)
}

/// Puts a file with these buckets in the place of the one that we have locked.
fn replace(path: &Path, buckets: &[Vec<Record>]) -> io::Result<()> {
    // Its name can be fixed: only who has the lock writes it. What a killed process left goes.
    let new = beside(path);
    match fs::remove_file(&new) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let written = write_new(&new, buckets).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        fs::remove_file(&new).ok();
    }
    written
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Not synced: after a loss of power the checksums tell what reached the disk.
fn write_new(path: &Path, buckets: &[Vec<Record>]) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(64 * BYTES, File::create_new(path)?);
    for records in buckets {
        file.write_all(&bucket::encode(records))?;
    }
    file.into_inner()?;
    Ok(())
}
