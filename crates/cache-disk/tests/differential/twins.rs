//! Trims, on two directories with the same history.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cache_disk::TrimOptions;

use crate::Result;
use crate::damage::{files, set_mtime};
use crate::model::Who;
use crate::oracle::Oracle;
use crate::ours::{self, at};
use crate::world::{DAY, HOUR, World, mtime, same};

/// Five days and an hour.
const KEPT: Duration = Duration::from_secs(121 * 60 * 60);

impl World {
    /// Trims this directory with one cache and its twin with the other: both leave the same. Then
    /// goes on with this directory.
    pub(crate) fn trim(&mut self) -> Result {
        self.age_files()?;
        self.set_stamp()?;
        let here = self.model.dir.clone();
        let twin = self.scratch.path().join("twin");
        copy(&here, &twin)?;
        let expected = self.survivors()?;
        let who = *self.dice.pick(&[Who::Go, Who::Ours]);
        let total = names(&here)?.len();
        self.note(format!("trim: here by {who:?}; {} of {total} stay", expected.len()));
        self.tally.trims += 1;
        self.tally.trimmed += (total - expected.len()) as u32;

        let (go_dir, our_dir) = match who {
            Who::Go => (&here, &twin),
            Who::Ours => (&twin, &here),
        };
        let mut go = Oracle::start(&self.program, go_dir, self.now())?;
        go.trim()?;
        let report = ours::open(our_dir, &self.clock)?.trim(&TrimOptions::default())?;
        same("our trim's failures", report.failures.len(), 0)?;
        same("our trim's files in use", report.in_use, 0)?;
        for (trimmer, dir) in [("Go's", go_dir), ("our", our_dir)] {
            let left = names(dir)?;
            let differing: Vec<_> = left.symmetric_difference(&expected).collect();
            same(&format!("files that {trimmer} trim should treat otherwise"), differing, vec![])?;
        }
        if expected.len() < total {
            self.check_ahead(our_dir)?;
        }
        let stamp = |dir: &Path| fs::read_to_string(dir.join("trim.txt"));
        same("our stamp", stamp(our_dir)?, stamp(go_dir)?)?;

        fs::remove_dir_all(&twin)?;
        self.model.forget_missing();
        Ok(())
    }

    /// Our trim lets no file live until a time that lies ahead; Go's does.
    fn check_ahead(&self, our_dir: &Path) -> Result {
        for file in files(our_dir)? {
            let name = file.to_string_lossy();
            if name.ends_with("-a") || name.ends_with("-d") {
                let ahead = mtime(&file)? > at(self.now() + HOUR);
                same(&format!("{name} lies ahead"), ahead, false)?;
            }
        }
        Ok(())
    }

    /// What a trim has to leave, by its rules: `-a` and `-d` files go by their own mtimes.
    fn survivors(&self) -> Result<BTreeSet<PathBuf>> {
        let now = self.now();
        let stamp = fs::read_to_string(self.model.dir.join("trim.txt")).unwrap_or_default();
        let recent =
            stamp.trim().parse::<i64>().is_ok_and(|last| (-3599..DAY).contains(&(now - last)));
        let mut left = names(&self.model.dir)?;
        if !recent {
            for file in files(&self.model.dir)? {
                let name = file.to_string_lossy();
                let ours = name.ends_with("-a") || name.ends_with("-d");
                if ours && mtime(&file)? < at(now) - KEPT {
                    let file = file.strip_prefix(&self.model.dir)?;
                    left.retain(|left| !left.starts_with(file));
                }
            }
        }
        Ok(left)
    }

    /// Leaves the time of the last trim as it is, or makes it another, or something else.
    fn set_stamp(&mut self) -> Result {
        let now = self.now();
        let ages = [0, 100, DAY - 1, DAY, DAY + 1, 9 * DAY, -100, -3599, -3600, -9 * DAY];
        let age = *self.dice.pick(&ages);
        let stamp = self.model.dir.join("trim.txt");
        match self.dice.below(8) {
            0..3 if stamp.exists() => fs::remove_file(stamp)?,
            3 => fs::write(stamp, "noise")?,
            4 => fs::write(stamp, "")?,
            5 => fs::write(stamp, format!(" {}\n", now - age))?,
            6 => fs::write(stamp, format!("{}", now - age))?,
            _ => {}
        }
        Ok(())
    }
}

/// The names of all files and folders in the 256 folders, from `dir` on.
fn names(dir: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut names = BTreeSet::new();
    for path in files(dir)? {
        for inner in fs::read_dir(&path).into_iter().flatten() {
            names.insert(inner?.path().strip_prefix(dir)?.to_owned());
        }
        names.insert(path.strip_prefix(dir)?.to_owned());
    }
    Ok(names)
}

/// Copies a directory, and the mtimes of all that is in it.
fn copy(from: &Path, to: &Path) -> Result {
    fs::create_dir(to)?;
    for file in fs::read_dir(from)? {
        let from = file?.path();
        let to = to.join(from.file_name().ok_or("a file without a name")?);
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
        set_mtime(&to, mtime(&from)?)?;
    }
    Ok(())
}
