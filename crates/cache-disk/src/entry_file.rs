//! The 175 bytes that lead from an action to its output.
//!
//! `v1 <action hex> <output hex> <size, 20 wide> <time in Unix nanoseconds, 20 wide>\n`, as Go's
//! `cmd/go/internal/cache` writes and reads it.

use std::time::{Duration, SystemTime};

use cache_core::{ActionId, Entry, ID_BYTES, MissReason};

#[cfg(test)]
mod tests;

const HEX: usize = 2 * ID_BYTES;
/// The size of an entry's file in bytes.
pub(crate) const SIZE: usize = 2 + 1 + HEX + 1 + HEX + 1 + 20 + 1 + 20 + 1;
/// Where the time begins in it.
const TIME_AT: usize = SIZE - 1 - 20;

/// The entry's file for an action. A time that the format has no room for, before 1970 or after
/// the year 2262, becomes the nearest that it has.
pub(crate) fn format(action: &ActionId, entry: &Entry) -> String {
    let nanoseconds = entry
        .time
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX));
    format!("v1 {action} {} {:20} {nanoseconds:20}\n", entry.output, entry.size)
}

/// Whether an entry's file, which need not be one, says this time.
pub(crate) fn has_time(file: &[u8], time: SystemTime) -> bool {
    let said = file.get(TIME_AT..SIZE - 1).and_then(number).and_then(|n| u64::try_from(n).ok());
    said.is_some_and(|n| SystemTime::UNIX_EPOCH + Duration::from_nanos(n) == time)
}

/// Where the time begins in an entry's file, in bytes, and the time as it stands there.
pub(crate) fn time_of(file: &str) -> (u64, &str) {
    (TIME_AT as u64, &file[TIME_AT..SIZE - 1])
}

/// Reads the entry of `action` from its file's content.
///
/// The checks come in Go's order, so that both name the same problem of a file that has several.
pub(crate) fn parse(file: &[u8], action: &ActionId) -> Result<Entry, MissReason> {
    let problem = |text| Err(MissReason::Malformed(text));
    match file.len() {
        0 => return problem("the file is empty"),
        n if n < SIZE => return problem("the file is too short"),
        n if n > SIZE => return problem("the file is too long"),
        _ => {}
    }
    let (header, rest) = file.split_at(3);
    let (id, rest) = rest.split_at(HEX);
    let (gap1, rest) = rest.split_at(1);
    let (output, rest) = rest.split_at(HEX);
    let (gap2, rest) = rest.split_at(1);
    let (size, rest) = rest.split_at(20);
    let (gap3, rest) = rest.split_at(1);
    let (time, end) = rest.split_at(20);
    if header != b"v1 " || gap1 != b" " || gap2 != b" " || gap3 != b" " || end != b"\n" {
        return problem("the header or a separator is wrong");
    }
    let mut bytes = [0; ID_BYTES];
    if faster_hex::hex_decode(id, &mut bytes).is_err() {
        return problem("the action ID is not hexadecimal");
    }
    if bytes != *action.as_bytes() {
        return problem("the action ID is another's");
    }
    if faster_hex::hex_decode(output, &mut bytes).is_err() {
        return problem("the output ID is not hexadecimal");
    }
    let size = match number(size) {
        None => return problem("the size is not a number"),
        Some(n) => match u64::try_from(n) {
            Err(_) => return problem("the size is negative"),
            Ok(n) => n,
        },
    };
    let time = match number(time) {
        None => return problem("the time is not a number"),
        Some(n) => match u64::try_from(n) {
            Err(_) => return problem("the time is negative"),
            Ok(n) => SystemTime::UNIX_EPOCH + Duration::from_nanos(n),
        },
    };
    Ok(Entry { output: bytes.into(), size, time })
}

/// A decimal number after any number of spaces, with Go's `strconv.ParseInt` for the rest: an
/// optional sign, digits, nothing else.
fn number(field: &[u8]) -> Option<i64> {
    str::from_utf8(field).ok()?.trim_start_matches(' ').parse().ok()
}
