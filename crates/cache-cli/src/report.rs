//! How answers look, and where they and everything else are written.

pub(crate) mod histogram;

use std::fmt;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use bytesize::ByteSize;
use cache_core::{ActionId, Entry, OutputId};
use serde::Serialize;

use crate::failure::Failure;

/// Standard output, where answers go.
pub(crate) struct Answers(BufWriter<StdoutLock<'static>>);

impl Answers {
    pub(crate) fn new() -> Self {
        Self(BufWriter::with_capacity(64 << 10, io::stdout().lock()))
    }

    /// Writes one line.
    pub(crate) fn line(&mut self, line: fmt::Arguments<'_>) -> Result<()> {
        writeln!(self.0, "{line}").map_err(|e| Failure::Output(e).into())
    }

    /// Writes one line as it is, which may hold any bytes, and ends it with `end`.
    pub(crate) fn ended(&mut self, line: &[u8], end: u8) -> Result<()> {
        self.bytes(line)?;
        self.bytes(&[end])
    }

    /// Writes one JSON document, in one line.
    pub(crate) fn json(&mut self, document: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(document)?;
        line.push(b'\n');
        self.bytes(&line)
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write_all(bytes).map_err(|e| Failure::Output(e).into())
    }

    /// Hands out what is still buffered. An answer that is dropped before this may be lost.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.0.flush().map_err(|e| Failure::Output(e).into())
    }
}

/// Writes one JSON document as the whole answer.
pub(crate) fn json(document: &impl Serialize) -> Result<()> {
    let mut answers = Answers::new();
    answers.json(document)?;
    answers.finish()
}

/// Writes one message of one line to stderr. When stderr is gone there is nobody to tell.
pub(crate) fn message(text: &str) {
    let _ = writeln!(io::stderr().lock(), "larder: {}", printable(text));
}

/// Writes a message of several lines to stderr.
pub(crate) fn lines(text: &str) {
    let mut lines = text.lines();
    message(lines.next().unwrap_or_default());
    for line in lines {
        let _ = writeln!(io::stderr().lock(), "{}", printable(line));
    }
}

/// `text` without control characters, which a file's name may have: a message is one line.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A path as it is shown in a line of its own.
pub(crate) fn path(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// An entry in JSON.
#[derive(Serialize)]
pub(crate) struct EntryJson {
    pub(crate) action: ActionId,
    pub(crate) output: OutputId,
    pub(crate) size: u64,
    pub(crate) time: String,
    /// The output's file in the cache; `null` when it is gone.
    pub(crate) path: Option<PathJson>,
}

impl EntryJson {
    pub(crate) fn new(action: ActionId, entry: &Entry, path: Option<PathBuf>) -> Self {
        Self {
            action,
            output: entry.output,
            size: entry.size,
            time: time(entry.time),
            path: path.map(PathJson),
        }
    }
}

/// A path in JSON: a string, with U+FFFD for what is not Unicode.
pub(crate) struct PathJson(pub(crate) PathBuf);

impl Serialize for PathJson {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string_lossy())
    }
}

/// What a trim or a clean removed, in JSON.
#[derive(Serialize)]
pub(crate) struct RemovedJson {
    entries: u64,
    outputs: u64,
    leftovers: u64,
    /// On disk.
    bytes: u64,
}

impl From<&cache_disk::Removed> for RemovedJson {
    fn from(removed: &cache_disk::Removed) -> Self {
        Self {
            entries: removed.entries,
            outputs: removed.outputs,
            leftovers: removed.leftovers,
            bytes: removed.bytes,
        }
    }
}

/// What a trim or a clean removed, in words.
pub(crate) fn removed(removed: &cache_disk::Removed) -> String {
    let mut text = format!(
        "{} and {}, {} on disk",
        count(removed.entries, "entry", "entries"),
        count(removed.outputs, "output", "outputs"),
        size(removed.bytes)
    );
    if removed.leftovers > 0 {
        text +=
            &format!(" (with {})", count(removed.leftovers, "temporary file", "temporary files"));
    }
    text
}

/// A number of things.
pub(crate) fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A size for people.
pub(crate) fn size(bytes: u64) -> String {
    ByteSize(bytes).display().iec().to_string()
}

/// A size for people in one word, for columns.
pub(crate) fn short_size(bytes: u64) -> String {
    ByteSize(bytes).display().iec_short().to_string()
}

/// A time in RFC 3339 with nanoseconds, in UTC.
pub(crate) fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_nanos(within_rfc3339(time)).to_string()
}

/// A time for people: in RFC 3339 too, to the second.
pub(crate) fn moment(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(within_rfc3339(time)).to_string()
}

/// A time before 1970 or after 9999, which only a broken clock gives, is shown as the nearer one of
/// the two: formatting it as it is would panic.
fn within_rfc3339(time: SystemTime) -> SystemTime {
    const LAST: Duration = Duration::new(253_402_300_799, 999_999_999);
    UNIX_EPOCH + time.duration_since(UNIX_EPOCH).unwrap_or_default().min(LAST)
}

/// How long ago a time was, in its largest unit. What is yet to come is `0s` old.
pub(crate) fn age(time: SystemTime, now: SystemTime) -> String {
    let seconds = now.duration_since(time).unwrap_or_default().as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A day in UTC, counted from 1970, as `2026-11-20`.
pub(crate) fn date(day: u64) -> String {
    let seconds = Duration::from_secs(day.saturating_mul(86_400));
    let moment = moment(UNIX_EPOCH.checked_add(seconds).unwrap_or(UNIX_EPOCH));
    moment.split('T').next().unwrap_or_default().to_owned()
}

/// The name of a day that is counted from 1970, as `Fri`.
pub(crate) fn weekday(day: u64) -> &'static str {
    // 1970 began with a Thursday.
    ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(day % 7) as usize]
}

/// How long something took, for people: `17 ms`, `1.40 s`, `2h 5m 3s`.
pub(crate) fn duration(time: Duration) -> String {
    match time.as_secs() {
        0 if time < Duration::from_millis(100) => format!("{} ms", time.as_millis()),
        0..60 => format!("{:.2} s", time.as_secs_f64()),
        seconds => humantime::format_duration(Duration::from_secs(seconds)).to_string(),
    }
}

/// A time as the settings file has it, in the largest unit of which it is a whole number.
pub(crate) fn whole_units(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let (size, unit) =
        units.into_iter().find(|(size, _)| seconds.is_multiple_of(*size)).unwrap_or((1, "s"));
    match seconds {
        0 => "0s".to_owned(),
        _ => format!("{}{unit}", seconds / size),
    }
}

/// A whole number of seconds as one whole unit, for limits: `6 h`, `5 d`.
pub(crate) fn span(seconds: u64) -> String {
    match seconds {
        0..3_600 => format!("{seconds} s"),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A size that is a power of two as one whole unit, for limits: `64 KiB`.
pub(crate) fn size_limit(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}
