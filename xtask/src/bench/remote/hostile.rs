//! Stores that do a build harm.

use std::path::PathBuf;

use anyhow::Result;

use super::machine::Machine;
use super::store::Program;
use super::{WithStore, filled, folder};
use crate::bench::Bench;
use crate::bench::rounds::Measured;

/// What is built: a third of the standard library.
const PACKAGE: &str = "net/http";

/// Each row with what is wrong on the line; `None`: on the other end, a bit of each result.
const ROWS: &[(&str, Option<&str>)] = &[
    ("hostile-refuse", Some("refuse")),
    ("hostile-hang", Some("hang")),
    ("hostile-crawl", Some("crawl")),
    ("hostile-cut", Some("cut")),
    ("hostile-flip", None),
];

/// A store that has what the package needs, and can be made hostile.
pub(super) struct Stores(PathBuf);

impl Stores {
    pub(super) fn new(bench: &Bench, machine: &Machine, program: &Program) -> Result<Self> {
        let folder = folder(bench, "hostile");
        filled(machine, program, &folder, PACKAGE)?;
        Ok(Self(folder))
    }

    /// Builds with each, and gives each measurement with the one beside it.
    pub(super) fn round(
        &self,
        machine: &Machine,
        program: &Program,
        mut insert: impl FnMut(&str, Measured, WithStore),
    ) -> Result<()> {
        let beside = machine.build("no store", PACKAGE, Some(&[]))?.end()?;
        for (row, fault) in ROWS {
            let store = match fault {
                Some(fault) => program.start(&self.0, &["far", fault])?,
                None => program.start_flipped(&self.0)?,
            };
            let built = machine.build(row, PACKAGE, Some(&[("LARDER_REMOTE", &store.uri)]))?;
            // Else the helper would go on with its uploads for a minute.
            store.end()?;
            insert(row, beside, WithStore { took: built.end()?, store: None });
        }
        Ok(())
    }
}
