//! Outputs that something else damaged.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cache_core::{ActionId, PutOptions};

use super::SIZES;
use crate::Factory;
use crate::source::{self, KINDS};
use crate::trial::Trial;

/// Other bytes of the same size are found by every reader that checks the bytes.
pub fn changed_bytes_are_never_given_out(factory: Factory<'_>) {
    let trial = Trial::new("changed_bytes_are_never_given_out", factory);
    damaged_is_never_given_out(&trial, Damage::Change);
}

/// An output that lost its end is found by every reader.
pub fn an_output_cut_short_is_never_given_out(factory: Factory<'_>) {
    let trial = Trial::new("an_output_cut_short_is_never_given_out", factory);
    damaged_is_never_given_out(&trial, Damage::Cut);
}

/// An output whose file is gone is a miss for every reader, not an error.
pub fn a_removed_output_is_never_given_out(factory: Factory<'_>) {
    let trial = Trial::new("a_removed_output_is_never_given_out", factory);
    damaged_is_never_given_out(&trial, Damage::Remove);
}

/// Putting the same bytes again, in whatever way, makes a damaged output whole for every action
/// that leads to it.
pub fn a_put_mends_a_damaged_output(factory: Factory<'_>) {
    let trial = Trial::new("a_put_mends_a_damaged_output", factory);
    for damage in [Damage::Change, Damage::Cut, Damage::Remove] {
        for kind in KINDS {
            for size in [1, 1000, 200_000] {
                let (action, other, body) = (trial.action(), trial.action(), trial.body(size));
                let path = stored_at(&trial, &action, &body);
                for mender in [&action, &other] {
                    damage.to(&trial, &action, &path);
                    let put = source::with(kind, &body, |source| {
                        trial.cache().put(mender, source, &PutOptions::default())
                    });
                    let operation = format!("a put of a damaged output through {kind:?}");
                    trial.must(mender, &operation, put);
                    trial.gives(mender, &body);
                    trial.gives(&action, &body);
                }
            }
        }
    }
}

fn damaged_is_never_given_out(trial: &Trial, damage: Damage) {
    for size in SIZES {
        // Nothing can be changed in, or cut off, an empty file.
        if size == 0 && damage != Damage::Remove {
            continue;
        }
        let (action, body) = (trial.action(), trial.body(size));
        let path = stored_at(trial, &action, &body);
        damage.to(trial, &action, &path);
        trial.never_lies(&action, &body, damage != Damage::Change);
    }
}

/// Puts `body` and returns where its output's file is.
fn stored_at(trial: &Trial, action: &ActionId, body: &[u8]) -> PathBuf {
    let output = trial.put(action, body).entry.output;
    match trial.must(action, "output_file", trial.cache().output_file(&output)) {
        Some(file) => file.path,
        None => trial.fail(action, "its output, just put, has no file, expected one"),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Damage {
    Change,
    Cut,
    Remove,
}

impl Damage {
    fn to(self, trial: &Trial, action: &ActionId, path: &Path) {
        if let Err(e) = self.try_to(path) {
            trial.fail(action, format_args!("cannot damage {} to try it: {e}", path.display()));
        }
    }

    fn try_to(self, path: &Path) -> io::Result<()> {
        let mut bytes = fs::read(path)?;
        let middle = bytes.len() / 2;
        match self {
            Damage::Remove => return fs::remove_file(path),
            Damage::Cut => bytes.truncate(middle),
            Damage::Change => bytes[middle] ^= 1,
        }
        // Under its name rather than into the file, which a cache may have made read-only or may
        // share with its other outputs.
        fs::remove_file(path)?;
        fs::write(path, bytes)
    }
}
