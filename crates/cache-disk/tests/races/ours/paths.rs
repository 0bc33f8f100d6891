//! What was given out has to stay until somebody cleans.

use std::fs;
use std::path::PathBuf;

use cache_core::OutputId;

use super::Process;
use crate::clean::is_quiet;
use crate::is_gone;

/// How many paths a process holds at most.
const MOST_HELD: usize = 300;

/// A path that was given out.
pub(super) struct Held {
    pub(super) path: PathBuf,
    pub(super) output: OutputId,
    /// Whether Go's writers never fail on it.
    pub(super) is_safe: bool,
    pub(super) generation: u64,
    pub(super) how: &'static str,
}

impl Process {
    pub(super) fn note_use(&mut self, name: String, generation: u64) {
        if is_quiet(generation) {
            self.used.insert(name, generation);
        }
    }

    /// Whether something that was all right in this process's hands has to be so still.
    pub(super) fn must_be_there(&self, name: &str) -> bool {
        // First the file was looked at, and now the generation.
        self.used.get(name).is_some_and(|&generation| generation == self.generation.now())
    }

    pub(super) fn hold(&mut self, held: Held) {
        if is_quiet(held.generation) && self.is_there(&held) {
            if self.held.len() == MOST_HELD {
                self.held.swap_remove(self.dice.below(MOST_HELD));
            }
            self.held.push(held);
        }
    }

    pub(super) fn look_at_a_held_path(&mut self) {
        if !self.held.is_empty() {
            let held = self.held.swap_remove(self.dice.below(self.held.len()));
            if self.is_there(&held) {
                self.held.push(held);
            }
        }
    }

    /// Whether a path is still there: as long as nobody has cleaned it is.
    pub(super) fn is_there(&mut self, held: &Held) -> bool {
        let Held { path, output, is_safe, generation, how } = held;
        match fs::read(path) {
            Ok(found) => {
                // After a clean, Go may be writing it anew.
                if *is_safe
                    && OutputId::of(&found) != *output
                    && self.generation.now() == *generation
                {
                    let length = found.len();
                    self.fail(format_args!("{length} wrong bytes at {} ({how})", path.display()));
                }
                self.count("looks at a held path");
                true
            }
            Err(e) if is_gone(&e) => {
                if self.generation.now() == *generation {
                    self.fail(format_args!("{} ({how}) is gone: {e}", path.display()));
                }
                self.count("held paths that were cleaned");
                false
            }
            Err(e) => self.fail(format_args!("{}: {e}", path.display())),
        }
    }
}
