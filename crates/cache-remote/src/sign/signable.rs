//! What a signature is of.

use std::time::{Duration, SystemTime};

use cache_core::{ActionId, Entry, FileName, OutputId};

/// What every signed message begins with, so that no signature of something else is one of an entry.
const CONTEXT: &[u8; 16] = b"larder entry v1\0";

/// What a writer says about an action, and signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signable {
    pub(crate) action: ActionId,
    pub(crate) output: OutputId,
    /// The output's size in bytes.
    pub(crate) size: u64,
    /// The entry's time in nanoseconds since 1970. As the object has it, and no `SystemTime`: that
    /// of another platform may not hold single nanoseconds, and the signature would not verify.
    pub(crate) time_ns: i64,
    /// The name of an output that is an executable.
    pub(crate) executable: Option<FileName>,
}

impl Signable {
    /// What is to be said of an entry. A time before 1677 or after 2262, which the format has no
    /// room for, becomes the nearest that it has.
    pub(crate) fn of(action: &ActionId, entry: &Entry, executable: Option<FileName>) -> Self {
        let Entry { output, size, time } = *entry;
        Self { action: *action, output, size, time_ns: nanoseconds(time), executable }
    }

    /// The entry that the action gets.
    pub(crate) fn entry(&self) -> Entry {
        Entry { output: self.output, size: self.size, time: time(self.time_ns) }
    }

    /// The bytes that are signed, as `docs/REMOTE.md` gives them.
    pub(super) fn message(&self) -> Vec<u8> {
        let mut message = CONTEXT.to_vec();
        message.extend(self.action.as_bytes());
        message.extend(self.output.as_bytes());
        message.extend(self.size.to_le_bytes());
        message.extend(self.time_ns.to_le_bytes());
        message.push(self.name_length());
        message.extend(self.name().as_bytes());
        message
    }

    /// The name of an executable; empty for any other output.
    pub(crate) fn name(&self) -> &str {
        self.executable.as_ref().map_or("", FileName::as_str)
    }

    /// The length of the name in bytes, of which a `FileName` has 255 at most.
    pub(crate) fn name_length(&self) -> u8 {
        u8::try_from(self.name().len()).unwrap_or(u8::MAX)
    }
}

fn nanoseconds(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => {
            let before = i64::try_from(before.duration().as_nanos());
            before.map_or(i64::MIN, |before| -before)
        }
    }
}

/// As exactly as this platform can hold it.
fn time(nanoseconds: i64) -> SystemTime {
    let away = Duration::from_nanos(nanoseconds.unsigned_abs());
    let time = if nanoseconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(away)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(away)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}
