//! What is put: few actions with several outputs each, which follow from the seed, so that every
//! process can tell what may be the answer to any lookup.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use cache_core::{ActionId, Entry, FileName, OutputId};
use test_attacks::Dice;

/// The sizes of the outputs in bytes; each group of four belongs to two actions. Go writes 32 KiB at
/// a time, so that many have more than one piece.
const SIZES: &[[usize; 4]] = &[
    [0, 5_000, 1, 1],
    [1_500_000, 100, 33_000, 33_000],
    [700, 90_000, 600, 600],
    [300_000, 200_000, 1_000_000, 1_000_000],
    [40_000, 1, 1_000, 2_000_000],
    [1_000, 100_000, 400_000, 12_345],
];

/// In the groups before this one, Go's writers fail on the last two outputs, which are twins.
const WITHOUT_TWINS: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    /// It is put as an executable too.
    Executable,
    /// There is another output that differs in the first byte alone, and a file that is sometimes
    /// the one and sometimes the other: a writer that reads it twice fails, and Go's truncates what
    /// it was writing over.
    Twin,
}

pub(crate) struct Body {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) output: OutputId,
    /// A file with the same bytes, relative to the scratch folder.
    pub(crate) file: String,
}

impl Body {
    pub(crate) fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
}

pub(crate) struct World {
    groups: Vec<Vec<Body>>,
    pub(crate) actions: Vec<ActionId>,
}

/// The name of all executables.
pub(crate) const TOOL: &str = "tool";

pub(crate) fn tool() -> FileName {
    FileName::new(TOOL).unwrap()
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let group = |(group, sizes): (usize, &[usize; 4])| {
            let body = |(number, &size): (usize, &usize)| {
                let is_twin = number >= 2 && group < WITHOUT_TWINS;
                let content = if is_twin { 2 } else { number };
                let mut dice = Dice::new(seed ^ ((group * 4 + content) as u64));
                let mut bytes = dice.bytes(size);
                if number == 3 && is_twin {
                    bytes[0] ^= 0xff;
                }
                let kind = match number {
                    _ if is_twin => Kind::Twin,
                    1 => Kind::Executable,
                    _ => Kind::Plain,
                };
                let file = format!("body-{group}-{number}");
                Body { kind, output: OutputId::of(&bytes), bytes, file }
            };
            sizes.iter().enumerate().map(body).collect()
        };
        let action = |number: u64| {
            let id = OutputId::of(&[seed, number, 1].map(u64::to_le_bytes).concat());
            ActionId::from(*id.as_bytes())
        };
        Self {
            groups: SIZES.iter().enumerate().map(group).collect(),
            actions: (0..2 * SIZES.len() as u64).map(action).collect(),
        }
    }

    /// The outputs of an action.
    pub(crate) fn bodies(&self, action: usize) -> &[Body] {
        &self.groups[action / 2]
    }

    pub(crate) fn all_bodies(&self) -> impl Iterator<Item = &Body> {
        self.groups.iter().flatten()
    }

    /// Which of an action's outputs an entry is for; `None`: it is an entry that nobody put.
    pub(crate) fn put(&self, action: usize, entry: &Entry) -> Option<&Body> {
        let is_it = |body: &&Body| (body.output, body.size()) == (entry.output, entry.size);
        self.bodies(action).iter().find(is_it)
    }

    /// Whether Go's writers fail on some outputs of the action, which shrink then.
    pub(crate) fn has_twins(&self, action: usize) -> bool {
        action / 2 < WITHOUT_TWINS
    }

    /// The file that is one twin of the action's or the other.
    pub(crate) fn flipping_file(action: usize) -> String {
        format!("flip-{}", action / 2)
    }

    /// Writes the files; returns those that flip, with their first bytes.
    pub(crate) fn write_bodies(&self, scratch: &Path) -> Vec<(PathBuf, [u8; 2])> {
        for body in self.all_bodies() {
            fs::write(scratch.join(&body.file), &body.bytes).unwrap();
        }
        let mut flips = Vec::new();
        for (group, bodies) in self.groups.iter().enumerate().take(WITHOUT_TWINS) {
            let path = scratch.join(Self::flipping_file(2 * group));
            fs::write(&path, &bodies[2].bytes).unwrap();
            flips.push((path, [bodies[3].bytes[0], bodies[2].bytes[0]]));
        }
        flips
    }
}

/// Makes each file one twin and the other, in turns. They differ in one byte, so that whoever reads
/// one reads one of the two.
pub(crate) fn flip(files: &[(PathBuf, [u8; 2])], over: &AtomicBool) {
    let open = |path| File::options().write(true).open(path).unwrap();
    let files: Vec<_> = files.iter().map(|(path, bytes)| (open(path), bytes)).collect();
    while !over.load(Ordering::Relaxed) {
        for which in 0..2 {
            for (file, bytes) in &files {
                file.write_all_at(&bytes[which..=which], 0).unwrap();
            }
            thread::sleep(Duration::from_micros(500));
        }
    }
}

/// A result that is hours old when it is put, so that trims want it.
pub(crate) struct Litter {
    pub(crate) action: ActionId,
    pub(crate) bytes: Vec<u8>,
    pub(crate) output: OutputId,
}

impl Litter {
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let id = OutputId::of(&[seed, number, 2].map(u64::to_le_bytes).concat());
        let mut dice = Dice::new(seed.wrapping_add(number).wrapping_add(1000));
        let size = dice.below(20_000);
        let bytes = dice.bytes(size);
        Self { action: ActionId::from(*id.as_bytes()), output: OutputId::of(&bytes), bytes }
    }
}
