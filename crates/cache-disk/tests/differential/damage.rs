//! What nobody's cache does, but disks, other programs and people do.

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::Result;
use crate::malformed::{self, Whole};
use crate::model::{EntryState, Reason};
use crate::ours::at;
use crate::world::World;

/// Ages in seconds at which something changes, and some beside them; negative ones lie ahead.
const AGES: &[i64] = &[
    0, 1, 3599, 3600, 3601, 100_000, 431_999, 432_000, 432_001, 435_599, 435_600, 435_601, 900_000,
    -1, -3599, -3600, -3601, -800_000,
];

impl World {
    /// Changes an output behind the caches' backs.
    pub(crate) fn damage_output(&mut self) -> Result {
        let b = self.any(self.bodies.len());
        let path = self.model.output_path(&self.bodies[b].output);
        let output = self.bodies[b].output;
        self.tally.damages += 1;
        if !path.exists() {
            return self.damage_absent(b, &path);
        }
        // An executable's folder, or the file in it.
        let inner = match fs::read_dir(&path) {
            Ok(mut files) => files.next().transpose()?.map(|file| file.path()),
            Err(_) => Some(path.clone()),
        };
        match (self.dice.below(10), inner) {
            (0, _) => {
                self.note(format!("body {b}'s output is removed"));
                remove(&path)?;
            }
            (1, _) => {
                self.note(format!("an empty folder takes the place of body {b}'s output"));
                remove(&path)?;
                fs::create_dir(&path)?;
            }
            (2, Some(inner)) if inner != path => {
                self.note(format!("the executable of body {b} gets a second file"));
                fs::write(path.join("second"), "second")?;
            }
            (3, Some(inner)) if inner != path => {
                self.note(format!("the executable of body {b} is removed from its folder"));
                remove(&inner)?;
            }
            (4..7, _) | (_, None) => {
                let age = *self.dice.pick(AGES);
                self.note(format!("body {b}'s output is {age} s old"));
                set_mtime(&path, at(self.now() - age))?;
            }
            (_, Some(inner)) => self.damage_file(b, &inner)?,
        }
        self.model.observe_output(&output)
    }

    /// Something wrong where nothing is.
    fn damage_absent(&mut self, b: usize, path: &Path) -> Result {
        if path.parent().is_some_and(|folder| !folder.exists()) {
            return Ok(());
        }
        let output = self.bodies[b].output;
        match self.dice.below(3) {
            0 => {
                self.note(format!("an empty file takes the place of body {b}'s output"));
                fs::write(path, "")?;
            }
            1 => {
                self.note(format!(
                    "a folder with a wrong file takes the place of body {b}'s output"
                ));
                fs::create_dir(path)?;
                fs::write(path.join("tool"), self.dice.bytes(self.bodies[b].bytes.len()))?;
            }
            _ => self.note(format!("body {b}'s output is still absent")),
        }
        self.model.observe_output(&output)
    }

    /// Changes the bytes of a file. The mtime stays what it was in half of the cases, as when a
    /// disk forgets what it was told.
    fn damage_file(&mut self, b: usize, path: &Path) -> Result {
        let (mut bytes, old) = (fs::read(path)?, fs::metadata(path)?.modified()?);
        let how = match self.dice.below(4) {
            0 if !bytes.is_empty() => {
                bytes.truncate(self.dice.below(bytes.len()));
                "cut short"
            }
            1 if !bytes.is_empty() => {
                let at = self.dice.below(bytes.len());
                bytes[at] ^= 1 << self.dice.below(8);
                "one bit off"
            }
            2 => {
                bytes = self.dice.bytes(bytes.len());
                "noise of the same size"
            }
            _ => {
                bytes.push(0);
                "too long"
            }
        };
        self.note(format!("body {b}'s output is {how}"));
        fs::write(path, bytes)?;
        if self.dice.one_in(2) {
            set_mtime(path, old)?;
        }
        Ok(())
    }

    /// Writes an entry of a random kind, or something else, in an entry's place.
    pub(crate) fn damage_entry(&mut self) -> Result {
        let (a, b) = (self.any(self.actions.len()), self.any(self.bodies.len()));
        let (action, body) = (self.actions[a], &self.bodies[b]);
        let (output, size) = (body.output, body.bytes.len() as u64);
        let path = self.model.entry_path(&action);
        self.tally.damages += 1;
        if path.parent().is_some_and(|folder| !folder.exists()) {
            return Ok(());
        }
        if path.exists() && self.dice.one_in(4) {
            let age = *self.dice.pick(AGES);
            self.note(format!("action {a}'s entry is {age} s old"));
            return set_mtime(&path, at(self.now() - age));
        }
        if path.exists() {
            remove(&path)?;
        }
        let state = match self.dice.below(20) {
            0 => EntryState::Bad(Reason::NotFound),
            1 => {
                fs::create_dir(&path)?;
                EntryState::Bad(Reason::Unreadable)
            }
            _ => {
                let time = self.now() * 1_000_000_000 + 123_456_789;
                let whole = Whole { action, output, size, time };
                let (bytes, state) = malformed::any(&mut self.dice, &whole);
                fs::write(&path, bytes)?;
                state
            }
        };
        self.note(format!("action {a}'s entry becomes {state:?}"));
        self.model.set_entry(&action, state);
        Ok(())
    }

    /// Removes one of the 256 folders, as `go clean -cache` does.
    pub(crate) fn remove_folder(&mut self) -> Result {
        let b = self.any(self.bodies.len());
        let path = self.model.output_path(&self.bodies[b].output);
        let folder = path.parent().ok_or("an output stands in a folder")?;
        self.note(format!("the folder {} is removed", folder.display()));
        self.tally.damages += 1;
        if folder.exists() {
            remove(folder)?;
        }
        self.model.forget_missing();
        Ok(())
    }

    /// Gives a third of all files random ages, and adds files that are not the cache's.
    pub(crate) fn age_files(&mut self) -> Result {
        for path in files(&self.model.dir)? {
            if self.dice.one_in(3) {
                set_mtime(&path, at(self.now() - self.dice.pick(AGES)))?;
            }
        }
        let name = *self.dice.pick(&["stray-a", "stray-d", "stray", "stray.txt", "stray-folder"]);
        let path = self.model.dir.join(format!("{:02x}", self.dice.below(256))).join(name);
        if path.parent().is_some_and(Path::exists) && !path.exists() {
            match name {
                "stray-folder" => fs::create_dir(&path)?,
                _ => fs::write(&path, "stray")?,
            }
            set_mtime(&path, at(self.now() - self.dice.pick(AGES)))?;
        }
        Ok(())
    }
}

/// Everything directly inside the 256 folders, in order.
pub(crate) fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for first in 0..=255u8 {
        for file in fs::read_dir(dir.join(format!("{first:02x}"))).into_iter().flatten() {
            found.push(file?.path());
        }
    }
    found.sort();
    Ok(found)
}

pub(crate) fn set_mtime(path: &Path, time: SystemTime) -> Result {
    Ok(File::open(path)?.set_times(FileTimes::new().set_modified(time))?)
}

fn remove(path: &Path) -> Result {
    if path.is_dir() {
        fs::remove_dir_all(path)?;
    } else {
        fs::remove_file(path)?;
    }
    Ok(())
}
