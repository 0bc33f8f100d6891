//! What the kernel says of processes and of the machine, in files.

use std::fs;

/// A field, by its name, of such a file, in bytes: there it is in `kB`. `None`: no such field, as of a
/// process that has ended, or no such file, as on another system.
pub(crate) fn bytes(file: &str, field: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(name, _)| *name == field)?;
    value.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}
