//! One input, looked at.

use std::cmp::Ordering;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::Path;
use std::time::SystemTime;

use cache_core::OutputId;
use cache_hash::FileHashMemo;

use super::Found;
use crate::{DescribeError, Input, InputContent, Text};

/// When an input was last written to, and the file that it leads to when it is a link. An input
/// that is the same before and after a command ran, with other times, was something else between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Written {
    own: Option<SystemTime>,
    target: Option<SystemTime>,
}

/// Anything but a folder that was named as an input, or that a glob matches.
pub(super) fn named(
    name: Text,
    path: &Path,
    metadata: &Metadata,
    files: &FileHashMemo,
) -> Result<Found, DescribeError> {
    let mut found = in_folder(name, path, metadata, files)?;
    if let InputContent::Link { target, .. } = &mut found.input.content {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                *target = Some(hash(path, &metadata, files)?);
                found.input.mode = mode(&metadata);
                found.written.target = metadata.modified().ok();
            }
            // It leads to a folder, a device or nowhere, and there is the text.
            Ok(_) => {}
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(e) => return Err(DescribeError::io("look at what is behind", path)(e)),
        }
    }
    Ok(found)
}

/// Anything but a folder that a walk came upon.
pub(super) fn in_folder(
    name: Text,
    path: &Path,
    metadata: &Metadata,
    files: &FileHashMemo,
) -> Result<Found, DescribeError> {
    let written = Written { own: metadata.modified().ok(), target: None };
    let kind = metadata.file_type();
    let (mode, content) = if kind.is_file() {
        (mode(metadata), InputContent::File(hash(path, metadata, files)?))
    } else if kind.is_symlink() {
        let text = fs::read_link(path).map_err(DescribeError::io("read the link", path))?;
        let text = OutputId::of(text.as_os_str().as_encoded_bytes());
        (0, InputContent::Link { text, target: None })
    } else {
        return Err(DescribeError::InputKind { path: path.to_owned(), kind: other_kind(kind) });
    };
    Ok(Found { input: Input { name, mode, content }, written })
}

/// A folder with nothing in it. Its times are those of what was in it once, and do not count.
pub(super) fn empty_folder(name: Text) -> Found {
    let input = Input { name, mode: 0, content: InputContent::EmptyFolder };
    Found { input, written: Written::default() }
}

/// Of two that have the same name: the one that says more comes first.
pub(super) fn fuller_first(a: &Found, b: &Found) -> Ordering {
    let is_full =
        |found: &Found| matches!(found.input.content, InputContent::Link { target: Some(_), .. });
    is_full(b).cmp(&is_full(a))
}

/// The hash of the file at `path`, which is only opened when it is not remembered.
pub(crate) fn hash(
    path: &Path,
    metadata: &Metadata,
    files: &FileHashMemo,
) -> Result<OutputId, DescribeError> {
    match files.recall(path, metadata) {
        Some(hash) => Ok(hash),
        None => Ok(files.hash(path)?),
    }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(_metadata: &Metadata) -> u32 {
    0
}

#[cfg(unix)]
fn other_kind(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match () {
        () if kind.is_fifo() => "a FIFO",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

#[cfg(not(unix))]
fn other_kind(_kind: fs::FileType) -> &'static str {
    "something else"
}
