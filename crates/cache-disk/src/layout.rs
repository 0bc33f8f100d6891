//! The names in the directory.

use std::fmt::Write;

use cache_core::{ActionId, ID_BYTES, OutputId};

/// The folders `00` to `ff`, by an ID's first byte.
pub(crate) const FOLDERS: u16 = 256;
/// The time of the last trim by age, Go's as much as ours.
pub(crate) const TRIM_STAMP: &str = "trim.txt";
/// The folder for files that live beside the cache.
pub(crate) const FUZZ: &str = "fuzz";
/// The folder for what is Larder's alone.
pub(crate) const OURS: &str = "larder";
/// Locked by the process that trims.
pub(crate) const TRIM_LOCK: &str = "larder/trim.lock";
/// Where a trim by age was cut: the next folder's number and how many are left.
pub(crate) const TRIM_POSITION: &str = "larder/trim-position";
/// The stamp and the position of the trim by size.
pub(crate) const SIZE_STATE: &str = "larder/size-limit";

const LEFTOVER_PREFIX: &str = "larder-";
const LEFTOVER_SUFFIX: &str = ".tmp";

/// The name of the folder for IDs that begin with `byte`.
pub(crate) fn folder(byte: u8) -> String {
    format!("{byte:02x}")
}

/// The path of an action's entry, relative to the cache's top folder.
pub(crate) fn entry(action: &ActionId) -> String {
    file(action.as_bytes(), "-a")
}

/// The path of an output, relative to the cache's top folder.
pub(crate) fn output(output: &OutputId) -> String {
    file(output.as_bytes(), "-d")
}

fn file(id: &[u8; ID_BYTES], suffix: &str) -> String {
    let mut digits = [0; 2 * ID_BYTES];
    // The buffer has the length that the encoding needs, so this cannot fail.
    let digits = faster_hex::hex_encode(id, &mut digits).map_or("", |digits| digits);
    [&digits[..2], "/", digits, suffix].concat()
}

/// The path of a temporary file or folder in `folder`, relative to the cache's top folder. It ends
/// in neither `-a` nor `-d`, so that no program takes it for an entry or an output.
pub(crate) fn temporary(folder: u8, number: u64) -> String {
    let mut path = String::with_capacity(40);
    // Writing to a string cannot fail.
    let _ = write!(path, "{folder:02x}/{LEFTOVER_PREFIX}{number:016x}{LEFTOVER_SUFFIX}");
    path
}

/// What a name in one of the 256 folders says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// `HEX-a`, in the folder where it belongs.
    Entry(ActionId),
    /// `HEX-d`, in the folder where it belongs.
    Output(OutputId),
    /// Another name that ends in `-a` or `-d`. Trim treats it as Go does: by its suffix alone.
    Stray,
    /// A temporary file or folder of ours.
    Leftover,
    /// Nothing that belongs here.
    Foreign,
}

impl Named {
    /// What `name` in the folder for `byte` says.
    pub(crate) fn of(byte: u8, name: &str) -> Self {
        let number =
            name.strip_prefix(LEFTOVER_PREFIX).and_then(|rest| rest.strip_suffix(LEFTOVER_SUFFIX));
        if number.is_some_and(|n| n.len() == 16 && n.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Named::Leftover;
        }
        let id = |digits: &str| {
            let mut id = [0; ID_BYTES];
            let lower =
                digits.len() == 2 * ID_BYTES && !digits.bytes().any(|b| b.is_ascii_uppercase());
            let parsed = lower && faster_hex::hex_decode(digits.as_bytes(), &mut id).is_ok();
            (parsed && id[0] == byte).then_some(id)
        };
        if let Some(digits) = name.strip_suffix("-a") {
            id(digits).map_or(Named::Stray, |id| Named::Entry(id.into()))
        } else if let Some(digits) = name.strip_suffix("-d") {
            id(digits).map_or(Named::Stray, |id| Named::Output(id.into()))
        } else {
            Named::Foreign
        }
    }
}

/// What `name`, relative to the cache's top folder, is called in the folder where it stands.
pub(crate) fn in_folder(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, name)| name)
}

/// The folder in which `name`, relative to the cache's top folder, stands.
pub(crate) fn folder_of(name: &str) -> u8 {
    name.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or_default()
}
