//! The byte form of a description.
//!
//! Every part is there in a fixed order; texts and lists begin with their length, so that no two
//! descriptions give the same bytes: reading gives back just what was written.
//!
//! | part | form |
//! | --- | --- |
//! | number | 7 bits to a byte, the lowest first; the top bit says that more follow |
//! | text | number of bytes, bytes |
//! | list | number of items, items |
//! | hash | 32 bytes |
//! | optional | a byte 0, or a byte 1 and the part |
//!
//! The whole is [`MAGIC`], the optional name, and then what the key is a hash of: key version,
//! platform, working directory, command, tool, variables, outputs, stdin, inputs. An input is a
//! kind (a byte), name, mode and hashes.

use cache_core::{ID_BYTES, OutputId};

use super::{Description, Input, InputContent};
use crate::Text;

/// The first bytes, which change when the form does.
const MAGIC: &[u8] = b"larder description 1\n";

const FILE: u8 = b'f';
const EMPTY_FOLDER: u8 = b'd';
const LINK: u8 = b'l';
const LINK_TO_FILE: u8 = b'L';

impl Description {
    pub(super) fn write_all(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(MAGIC);
        optional(to, self.name.as_ref(), text);
        self.write_what_counts(to);
    }

    /// Everything but the name.
    pub(super) fn write_what_counts(&self, to: &mut Vec<u8>) {
        number(to, self.key_version.into());
        text(to, &self.platform);
        text(to, &self.dir);
        list(to, &self.command, text);
        hash(to, &self.tool);
        list(to, &self.env, |to, (name, value)| {
            text(to, name);
            optional(to, value.as_ref(), text);
        });
        list(to, &self.outputs, text);
        optional(to, self.stdin.as_ref(), hash);
        list(to, &self.inputs, input);
    }

    /// The name, or else the command line and the working directory.
    pub(super) fn write_identity(&self, to: &mut Vec<u8>) {
        optional(to, self.name.as_ref(), text);
        if self.name.is_none() {
            text(to, &self.dir);
            list(to, &self.command, text);
        }
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes.strip_prefix(MAGIC)?);
        let description = Self {
            name: from.optional(Reader::text)?,
            key_version: from.number()?.try_into().ok()?,
            platform: from.text()?,
            dir: from.text()?,
            command: from.list(Reader::text)?,
            tool: from.hash()?,
            env: from.list(|from| Some((from.text()?, from.optional(Reader::text)?)))?,
            outputs: from.list(Reader::text)?,
            stdin: from.optional(Reader::hash)?,
            inputs: from.list(Reader::input)?,
        };
        from.0.is_empty().then_some(description)
    }
}

fn input(to: &mut Vec<u8>, input: &Input) {
    let (kind, hashes) = match &input.content {
        InputContent::File(contents) => (FILE, [Some(contents), None]),
        InputContent::EmptyFolder => (EMPTY_FOLDER, [None, None]),
        InputContent::Link { text, target: None } => (LINK, [Some(text), None]),
        InputContent::Link { text, target } => (LINK_TO_FILE, [Some(text), target.as_ref()]),
    };
    to.push(kind);
    text(to, &input.name);
    number(to, input.mode.into());
    hashes.into_iter().flatten().for_each(|id| hash(to, id));
}

fn number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn text(to: &mut Vec<u8>, text: &Text) {
    number(to, text.as_bytes().len() as u64);
    to.extend_from_slice(text.as_bytes());
}

fn hash(to: &mut Vec<u8>, hash: &OutputId) {
    to.extend_from_slice(hash.as_bytes());
}

fn list<T>(to: &mut Vec<u8>, items: &[T], item: impl Fn(&mut Vec<u8>, &T)) {
    number(to, items.len() as u64);
    items.iter().for_each(|each| item(to, each));
}

fn optional<T>(to: &mut Vec<u8>, part: Option<&T>, write: impl Fn(&mut Vec<u8>, &T)) {
    to.push(part.is_some().into());
    if let Some(part) = part {
        write(to, part);
    }
}

/// What has not been read yet. Each method takes a part off its front, or gives `None` when there
/// is none such.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|taken| taken[0])
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has one bit to give.
            if bits << shift >> shift != bits {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<Text> {
        let length = self.number()?.try_into().ok()?;
        self.take(length).map(Text::from)
    }

    fn hash(&mut self) -> Option<OutputId> {
        let bytes: [u8; ID_BYTES] = self.take(ID_BYTES)?.try_into().ok()?;
        Some(OutputId::from_bytes(bytes))
    }

    /// No memory is set aside for what a wrong length promises: every item takes a byte at least.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        (0..count).map(|_| item(self)).collect()
    }

    fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.byte()? {
            0 => Some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }

    fn input(&mut self) -> Option<Input> {
        let kind = self.byte()?;
        let name = self.text()?;
        let mode = self.number()?.try_into().ok()?;
        let content = match kind {
            FILE => InputContent::File(self.hash()?),
            EMPTY_FOLDER => InputContent::EmptyFolder,
            LINK => InputContent::Link { text: self.hash()?, target: None },
            LINK_TO_FILE => InputContent::Link { text: self.hash()?, target: Some(self.hash()?) },
            _ => return None,
        };
        Some(Input { name, mode, content })
    }
}
