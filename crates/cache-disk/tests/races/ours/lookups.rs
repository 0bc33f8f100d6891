//! Lookups of every kind, and what each may answer.

use std::io::Read;

use cache_core::{Cache, CacheExt, Check, Entry, Lookup, MissReason, Result};

use super::paths::Held;
use super::{LITTER, Process, unix_seconds};
use crate::world::{Body, Kind, Litter};
use crate::{OURS, name_of};

impl Process {
    pub(super) fn get(&mut self) {
        let action = self.dice.below(self.world.actions.len());
        match self.dice.below(6) {
            0 => self.get_entry(action),
            1 => self.get_opened(action),
            2 if !self.world.has_twins(action) => self.get_mapped(action),
            3 | 4 => self.get_path(action),
            _ => self.get_bytes(action),
        }
    }

    fn get_entry(&mut self, action: usize) {
        let generation = self.generation.now();
        if let Some(entry) = self.hit(action, self.cache.get(&self.world.actions[action])) {
            self.body(action, &entry);
            self.note_use(name_of(&self.world.actions[action], "a"), generation);
            self.count("entries got");
        }
    }

    fn get_bytes(&mut self, action: usize) {
        let found = self.cache.get_bytes(&self.world.actions[action], u64::MAX);
        if let Some((entry, bytes)) = self.hit(action, found) {
            if self.body(action, &entry).bytes != bytes {
                self.fail(format_args!("wrong bytes of {entry:?}"));
            }
            self.count("bytes got");
        }
    }

    fn get_opened(&mut self, action: usize) {
        let found = self.cache.open(&self.world.actions[action], Check::Checksum);
        if let Some((entry, mut file)) = self.hit(action, found) {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            let body = self.body(action, &entry);
            // Go may truncate a twin after it was checked.
            if body.kind != Kind::Twin && body.bytes != bytes {
                self.fail(format_args!("wrong bytes of {entry:?}, opened"));
            }
            self.count("outputs opened");
        }
    }

    fn get_mapped(&mut self, action: usize) {
        // SAFETY: no writer fails on an output of this action, so Go truncates none and writes
        // nothing into a file of the right size but the bytes that are there.
        let found = unsafe { self.cache.map(&self.world.actions[action]) };
        if let Some(mapped) = self.hit(action, found) {
            if self.body(action, mapped.entry()).bytes != mapped[..] {
                self.fail(format_args!("wrong bytes of {:?}, mapped", mapped.entry()));
            }
            self.count("outputs mapped");
        }
    }

    fn get_path(&mut self, action: usize) {
        let generation = self.generation.now();
        let check = if self.dice.one_in(2) { Check::Size } else { Check::Checksum };
        let found = self.cache.get_file(&self.world.actions[action], check);
        if let Some((entry, path)) = self.hit(action, found) {
            let Body { kind, output, .. } = *self.body(action, &entry);
            let is_safe = kind != Kind::Twin;
            self.note_use(name_of(&self.world.actions[action], "a"), generation);
            if is_safe {
                self.note_use(name_of(&output, "d"), generation);
            }
            self.hold(Held { path, output, is_safe, generation, how: "got" });
            self.count("paths got");
        }
    }

    /// The output that an entry is for.
    fn body(&self, action: usize, entry: &Entry) -> &Body {
        self.world
            .put(action, entry)
            .unwrap_or_else(|| self.fail(format_args!("an entry that nobody put: {entry:?}")))
    }

    /// The hit; a miss has to be one that can be.
    fn hit<T>(&mut self, action: usize, found: Result<Lookup<T>>) -> Option<T> {
        let reason = match found {
            Ok(Lookup::Hit(hit)) => return Some(hit),
            Ok(Lookup::Miss(reason)) => reason,
            Err(e) => self.fail(format_args!("a lookup failed: {e}")),
        };
        let entry_name = name_of(&self.world.actions[action], "a");
        let is_twin = |output| {
            let bodies = self.world.bodies(action);
            bodies.iter().any(|body| body.kind == Kind::Twin && body.output == output)
        };
        let (may_be, what) = match &reason {
            MissReason::NotFound => (!self.must_be_there(&entry_name), "misses: no entry"),
            // Go makes the file first and writes the entry then.
            MissReason::Malformed("the file is empty" | "the file is too short") => {
                (true, "misses: Go was writing the entry")
            }
            MissReason::Changing => (true, "misses: the entry kept changing"),
            MissReason::OutputGone(output) => {
                (!self.must_be_there(&name_of(output, "d")), "misses: no output")
            }
            // Go was writing it, or has truncated it.
            MissReason::OutputSize { output, .. } => (
                is_twin(*output) || !self.must_be_there(&name_of(output, "d")),
                "misses: another size",
            ),
            MissReason::OutputChecksum(output) => (is_twin(*output), "misses: wrong bytes"),
            _ => (false, "misses"),
        };
        if !may_be {
            self.fail(format_args!("action {}: a miss: {reason}", self.world.actions[action]));
        }
        self.count(what);
        None
    }

    /// Uses one of the old results that were made lately, if it is still there.
    pub(super) fn take_litter(&mut self) {
        let second = unix_seconds() - 1 - self.dice.up_to(2);
        let number = second * OURS * LITTER + self.dice.up_to(OURS * LITTER);
        let Litter { action, bytes, output } = Litter::new(self.seed, number);
        let generation = self.generation.now();
        let (entry_name, output_name) = (name_of(&action, "a"), name_of(&output, "d"));
        match self.cache.get_file(&action, Check::Size) {
            Ok(Lookup::Hit((entry, path))) => {
                if (entry.output, entry.size) != (output, bytes.len() as u64) {
                    self.fail(format_args!("{entry:?} of an old result"));
                }
                self.note_use(entry_name, generation);
                self.note_use(output_name, generation);
                self.hold(Held { path, output, is_safe: true, generation, how: "old, got" });
                self.count("old results used");
            }
            Ok(Lookup::Miss(MissReason::NotFound)) if !self.must_be_there(&entry_name) => {}
            Ok(Lookup::Miss(MissReason::OutputGone(_))) if !self.must_be_there(&output_name) => {
                self.count("old results without their output");
            }
            Ok(Lookup::Miss(reason)) => self.fail(format_args!("an old result: a miss: {reason}")),
            Err(e) => self.fail(format_args!("an old result: {e}")),
        }
    }
}
