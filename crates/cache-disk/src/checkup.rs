//! The check-up: every entry parsed, every output hashed.

mod check;

use std::cmp::Reverse;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use cache_core::{Error, Result};

use check::{Check, Subject};

use crate::disk::DiskCache;
use crate::layout::Named;
use crate::list::each_name;
use crate::trim::Progress;
use crate::{executable, threads};

/// How a check-up is done. [`Default`] repairs nothing and uses every core.
#[derive(Clone, Default)]
pub struct CheckUpOptions<'a> {
    /// Removes what is bad.
    pub repair: bool,
    /// How many threads it uses; `None`: as many as the machine has cores.
    pub threads: Option<NonZeroUsize>,
    /// Is told how far it is, in bytes of outputs.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

/// What a check-up found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct CheckUpReport {
    /// Entries that were read, bad ones among them.
    pub entries: u64,
    /// Outputs that were read, bad ones among them.
    pub outputs: u64,
    /// The sizes of the outputs that were read, in bytes.
    pub output_bytes: u64,
    /// Well-formed entries whose output is not there. They are misses, and not bad.
    pub without_output: u64,
    /// Files that looked bad and were still changing when the check-up ended. They are not judged.
    pub unsettled: u64,
    /// Names in the 256 folders that are neither an entry, nor an output, nor a temporary file of
    /// ours. They are left alone.
    pub foreign: u64,
    /// What is bad.
    pub bad: Vec<Bad>,
    /// Folders that could not be listed; what is in them was not checked. And the first file that
    /// could not be looked at because the process has run out of open files or of memory, which says
    /// nothing about the file: it, and others like it, were not judged.
    pub failures: Vec<Error>,
}

/// A bad entry or output.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bad {
    /// Its file.
    pub path: PathBuf,
    /// What it is.
    pub kind: BadKind,
    /// What is wrong with it.
    pub reason: String,
    /// Whether it was removed.
    pub removed: bool,
}

/// What a bad file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BadKind {
    /// An entry of an action.
    Entry,
    /// An output.
    Output,
}

impl DiskCache {
    /// Reads every entry and hashes every output. What is bad is reported, and removed when
    /// `options` say so. Looking does not count as use.
    ///
    /// A file is bad only when it has not changed for ten seconds and a second reading agrees, so a
    /// check-up beside builds takes at least ten seconds when it meets a file being written.
    ///
    /// # Errors
    ///
    /// None at present: what cannot be listed goes into the report and stops nothing else.
    pub fn check_up(&self, options: &CheckUpOptions<'_>) -> Result<CheckUpReport> {
        let mut report = CheckUpReport::default();
        let (mut outputs, mut entries) = (Vec::new(), Vec::new());
        for found in threads::each_folder(|folder| self.found(folder)) {
            match found {
                Ok(found) => {
                    outputs.extend(found.outputs);
                    entries.extend(found.entries);
                    report.foreign += found.foreign;
                }
                Err(e) => report.failures.push(e),
            }
        }
        (report.outputs, report.entries) = (outputs.len() as u64, entries.len() as u64);
        let sizes = outputs.iter().map(Subject::size);
        // Holes take no room, so that a hostile directory can have more than a number can say.
        report.output_bytes = sizes.fold(0, u64::saturating_add);
        // The large ones first, so that no thread is left alone with one at the end.
        outputs.sort_unstable_by_key(|subject| Reverse(subject.size()));

        let mut check = Check::new(self, options, report.output_bytes);
        // Outputs come first: an entry is bad when a good output has another size.
        check.bad_outputs = check.settle(check.suspects(&outputs), &mut report);
        check.settle(check.suspects(&entries), &mut report);
        report.without_output = check.without_output.into_inner();
        report.failures.extend(check.not_judged.into_inner().unwrap_or_else(|e| e.into_inner()));
        Ok(report)
    }

    /// What there is to check in one of the 256 folders.
    fn found(&self, folder: u8) -> Result<Found> {
        let mut found = Found::default();
        each_name(&self.root, folder, |folder, name, named| {
            match named {
                Named::Entry(action) => found.entries.push(Subject::Entry(action)),
                Named::Output(output) => {
                    let look = folder.look_if_there(name)?;
                    let size = |look| executable::size(&self.root, &output, &look);
                    found.outputs.extend(look.map(|look| Subject::Output(output, size(look))));
                }
                Named::Leftover => {}
                Named::Stray | Named::Foreign => found.foreign += 1,
            }
            Ok(())
        })?;
        Ok(found)
    }
}

#[derive(Default)]
struct Found {
    entries: Vec<Subject>,
    outputs: Vec<Subject>,
    /// How many names are none of the cache's.
    foreign: u64,
}
