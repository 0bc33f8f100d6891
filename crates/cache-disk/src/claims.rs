//! What holds for the reader of entries, whatever bytes it gets. The tests deal it bytes that are
//! nearly right, and the fuzz target any.

use std::time::{Duration, SystemTime};

use cache_core::{ActionId, Entry, MissReason};

use crate::entry_file::{self, SIZE};

/// An entry is read as its format says or refused with a reason, and what was read is written and
/// read back.
pub fn entry(bytes: &[u8]) {
    read(bytes);
    // Hardly any of those above gets as far as the numbers.
    read(&framed(bytes));
}

fn read(bytes: &[u8]) {
    let action = action_in(bytes);
    let expected = by_the_format(bytes, &action);
    let entry = match entry_file::parse(bytes, &action) {
        Ok(entry) => entry,
        Err(MissReason::Malformed(why)) => {
            assert!(!why.is_empty() && expected.is_none(), "{why}: {:?}", text_of(bytes));
            return;
        }
        Err(reason) => panic!("{reason}"),
    };
    assert_eq!(Some(entry), expected, "{:?}", text_of(bytes));
    assert!(entry_file::has_time(bytes, entry.time));
    assert!(!entry_file::has_time(bytes, entry.time + Duration::from_nanos(1)));

    let mut other = *action.as_bytes();
    other[usize::from(bytes[SIZE - 2] % 32)] ^= 1;
    let refused = entry_file::parse(bytes, &ActionId::from_bytes(other));
    assert!(matches!(refused, Err(MissReason::Malformed(_))), "it is another's");

    let written = entry_file::format(&action, &entry);
    assert_eq!(written.len(), SIZE);
    assert_eq!(entry_file::parse(written.as_bytes(), &action).ok(), Some(entry));
    // But for the digits' case and the spaces, signs and zeros before a number.
    let head = SIZE - 43;
    assert_eq!(written[..head], text_of(&bytes[..head]).to_ascii_lowercase());
}

/// The same as [`entry_file::parse`], written down from the format and not for speed.
fn by_the_format(bytes: &[u8], action: &ActionId) -> Option<Entry> {
    let text = str::from_utf8(bytes).ok().filter(|text| text.is_ascii() && text.len() == 175)?;
    let line = text.strip_prefix("v1 ")?.strip_suffix('\n')?;
    for space in [64, 129, 150] {
        line.get(space..=space).filter(|between| *between == " ")?;
    }
    let (id, output) = (line[..64].to_ascii_lowercase(), line[65..129].to_ascii_lowercase());
    if id != action.to_string() {
        return None;
    }
    let (size, time) = (number(&line[130..150])?, number(&line[151..])?);
    let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(time);
    Some(Entry { output: output.parse().ok()?, size, time })
}

/// A number that is not negative, after spaces: a sign, and digits that fit into 63 bits.
fn number(field: &str) -> Option<u64> {
    let word = field.trim_start_matches(' ');
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse::<u128>().ok()?;
    let fits = if word.starts_with('-') { number == 0 } else { number < 1 << 63 };
    fits.then_some(number as u64)
}

/// The action whose entry the file says it is, or any.
fn action_in(bytes: &[u8]) -> ActionId {
    let id = bytes.get(3..67).map(text_of).and_then(|id| id.to_ascii_lowercase().parse().ok());
    id.unwrap_or(ActionId::from_bytes([0xab; 32]))
}

/// Made of the bytes, what is nearly always an entry, or would be with other numbers.
fn framed(bytes: &[u8]) -> Vec<u8> {
    let at = |place: usize| bytes.get(place).copied().unwrap_or_default();
    let hex = |place| char::from(b"0123456789abcdefABCDEF"[usize::from(at(place) % 22)]);
    let id = |places: std::ops::Range<usize>| places.map(hex).collect::<String>();
    let number = |place: usize| {
        let bytes = [0, 1, 2, 3, 4, 5, 6, 7].map(|byte| at(place + byte));
        let n = u64::from_le_bytes(bytes) >> (at(place + 8) % 64);
        let mut field = match at(place + 9) % 8 {
            0 => format!("{n:020}"),
            1 => format!("{n:+20}"),
            2 => format!("{n:<20}"),
            3 => format!("{:20}", (n as i64).wrapping_neg()),
            4 => format!("{n:<10}{n:10}"),
            _ => format!("{n:20}"),
        };
        field.truncate(20);
        field
    };
    let (size, time) = (number(133), number(154));
    format!("v1 {} {} {size} {time}\n", id(3..67), id(68..132)).into()
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
