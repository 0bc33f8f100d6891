//! `larder serve` as the helper of a client, with a process that can be looked at from outside.

use std::fs;
use std::path::Path;

/// The command that serves a directory. Its process leaves its number in a file.
pub fn command(dir: &Path, number: &Path) -> String {
    let larder = env!("CARGO_BIN_EXE_larder");
    let (dir, number) = (dir.display(), number.display());
    format!("sh -c \"echo $$ > '{number}'; exec '{larder}' --dir '{dir}' serve\"")
}

/// The number that is in such a file, once it is.
pub fn number_in(file: &Path) -> Option<i32> {
    let text = fs::read_to_string(file).ok()?;
    text.strip_suffix('\n').map(|number| number.parse().expect("a number"))
}
