//! What a directory must answer: the third opinion.
//!
//! The model follows Go's rules as they read in Go's source. Where our cache is meant to differ,
//! the branch says which deviation of docs/FORMAT.md it is.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use cache_core::{ActionId, OutputId};

use crate::Result;

/// Whose cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Go,
    Ours,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Entry,
    File,
    Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The time is in nanoseconds since 1970.
    Hit {
        output: OutputId,
        size: u64,
        time: i64,
        given: Given,
    },
    Miss(Reason),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    Nothing,
    File(PathBuf),
    Bytes { sum: OutputId, length: u64 },
}

/// The kinds of reasons that both caches tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    NotFound,
    Unreadable,
    Empty,
    Short,
    Long,
    Header,
    ActionHex,
    OtherAction,
    OutputHex,
    SizeText,
    NegativeSize,
    TimeText,
    NegativeTime,
    OutputGone,
    OutputSize,
    OutputChecksum,
}

/// What stands in an entry's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryState {
    Valid {
        output: OutputId,
        size: u64,
        time: i64,
    },
    /// Why it cannot be used.
    Bad(Reason),
}

/// What stands in an output's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OutputState {
    Absent,
    File(Content),
    /// The files in an executable's folder, by their names.
    Folder(Vec<(String, Content)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) sum: OutputId,
    pub(crate) size: u64,
}

/// The state of one directory.
pub(crate) struct Model {
    pub(crate) dir: PathBuf,
    entries: HashMap<ActionId, EntryState>,
    outputs: HashMap<OutputId, OutputState>,
}

impl Model {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), entries: HashMap::new(), outputs: HashMap::new() }
    }

    pub(crate) fn entry_path(&self, action: &ActionId) -> PathBuf {
        self.folder(action.as_bytes()[0]).join(format!("{action}-a"))
    }

    pub(crate) fn output_path(&self, output: &OutputId) -> PathBuf {
        self.folder(output.as_bytes()[0]).join(format!("{output}-d"))
    }

    fn folder(&self, first: u8) -> PathBuf {
        self.dir.join(format!("{first:02x}"))
    }

    pub(crate) fn entry(&self, action: &ActionId) -> EntryState {
        self.entries.get(action).copied().unwrap_or(EntryState::Bad(Reason::NotFound))
    }

    pub(crate) fn output(&self, output: &OutputId) -> &OutputState {
        self.outputs.get(output).unwrap_or(&OutputState::Absent)
    }

    pub(crate) fn set_entry(&mut self, action: &ActionId, state: EntryState) {
        self.entries.insert(*action, state);
    }

    /// Takes over what the disk has in an output's place, after the test itself changed it.
    pub(crate) fn observe_output(&mut self, output: &OutputId) -> Result {
        let state = OutputState::on_disk(&self.output_path(output))?;
        self.outputs.insert(*output, state);
        Ok(())
    }

    /// Forgets what a trim or a removal took.
    pub(crate) fn forget_missing(&mut self) {
        let dir = Model::new(&self.dir);
        self.entries.retain(|action, _| dir.entry_path(action).exists());
        self.outputs.retain(|output, _| dir.output_path(output).exists());
    }

    /// What `who` answers.
    pub(crate) fn answer(&self, who: Who, reading: Reading, action: &ActionId) -> Answer {
        let (output, size, time) = match self.entry(action) {
            EntryState::Valid { output, size, time } => (output, size, time),
            EntryState::Bad(reason) => return Answer::Miss(reason),
        };
        let given = match reading {
            Reading::Entry => Ok(Given::Nothing),
            Reading::File => self.file(&output).and_then(|(path, content)| {
                if content.size == size { Ok(Given::File(path)) } else { Err(Reason::OutputSize) }
            }),
            Reading::Bytes => self.bytes(who, &output, size),
        };
        match given {
            Ok(given) => Answer::Hit { output, size, time, given },
            Err(reason) => Answer::Miss(reason),
        }
    }

    fn file(&self, output: &OutputId) -> Result<(PathBuf, Content), Reason> {
        let path = self.output_path(output);
        match self.output(output) {
            OutputState::File(content) => Ok((path, *content)),
            OutputState::Folder(files) => match &files[..] {
                [(name, content)] => Ok((path.join(name), *content)),
                _ => Err(Reason::OutputGone),
            },
            OutputState::Absent => Err(Reason::OutputGone),
        }
    }

    fn bytes(&self, who: Who, output: &OutputId, size: u64) -> Result<Given, Reason> {
        let content = match (who, self.file(output)) {
            // Go takes what it cannot read for no bytes, and those are what the empty output has.
            (Who::Go, Err(_)) => Content { sum: OutputId::of(b""), size: 0 },
            (_, found) => found?.1,
        };
        // Ours looks at the size as well as at the checksum; Go at the checksum alone.
        if who == Who::Ours && content.size != size {
            return Err(Reason::OutputSize);
        }
        if content.sum != *output {
            return Err(Reason::OutputChecksum);
        }
        Ok(Given::Bytes { sum: content.sum, length: content.size })
    }

    /// Whether `who` can put `output`, as an executable where there is a name, as the result of
    /// `action`; and changes the output's state and the entry's to what they are then.
    pub(crate) fn put(
        &mut self,
        who: Who,
        action: &ActionId,
        output: &OutputId,
        size: u64,
        name: Option<&str>,
    ) -> bool {
        let right = Content { sum: *output, size };
        let old = self.output(output).clone();
        let new = match (who, old, name) {
            // An output that is there is there, in whatever form.
            (Who::Ours, OutputState::File(content), _) if content == right => {
                OutputState::File(right)
            }
            (Who::Ours, OutputState::Folder(files), _) if matches!(&files[..], [(_, content)] if *content == right) => {
                OutputState::Folder(files)
            }
            // Whatever else is in the way is replaced.
            (Who::Ours, _, None) => OutputState::File(right),
            (Who::Ours, _, Some(name)) => OutputState::Folder(vec![(name.to_owned(), right)]),
            // Go fails when the other form is in the way, and adds a second name to the first.
            (Who::Go, OutputState::Folder(_), None) => return false,
            (Who::Go, OutputState::File(_), Some(_)) => return false,
            // The folders that `go clean` removed come again only when Go opens the cache.
            (Who::Go, _, _) if !self.folder(output.as_bytes()[0]).exists() => return false,
            (Who::Go, _, None) => OutputState::File(right),
            (Who::Go, OutputState::Folder(mut files), Some(name)) => {
                files.retain(|(other, _)| other != name);
                files.push((name.to_owned(), right));
                files.sort_by(|a, b| a.0.cmp(&b.0));
                OutputState::Folder(files)
            }
            (Who::Go, OutputState::Absent, Some(name)) => {
                OutputState::Folder(vec![(name.to_owned(), right)])
            }
        };
        self.outputs.insert(*output, new);
        // A folder in the entry's place stops Go, after the output was stored.
        who == Who::Ours
            || (self.folder(action.as_bytes()[0]).exists()
                && self.entry(action) != EntryState::Bad(Reason::Unreadable))
    }
}

impl OutputState {
    /// What the disk has at `path`.
    pub(crate) fn on_disk(path: &Path) -> Result<Self> {
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(OutputState::Absent),
            Err(e) => return Err(e.into()),
        };
        if !metadata.is_dir() {
            return Ok(OutputState::File(Content::of_file(path)?));
        }
        let mut files = Vec::new();
        for file in fs::read_dir(path)? {
            let file = file?;
            let name = file.file_name().into_string().map_err(|name| format!("{name:?}"))?;
            files.push((name, Content::of_file(&file.path())?));
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(OutputState::Folder(files))
    }
}

impl Content {
    fn of_file(path: &Path) -> Result<Self> {
        let bytes = fs::read(path)?;
        Ok(Self { sum: OutputId::of(&bytes), size: bytes.len() as u64 })
    }
}
