//! What is in the 256 folders, and who has put it there.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::SystemTime;

use cache_core::{Error, Result};

use super::Examination;
use super::holder::holder;
use super::rights::user;
use crate::age_limit::LEFTOVER_AGE;
use crate::layout::Named;
use crate::list::{Item, items};
use crate::look::Kind;
use crate::{remove, threads};

/// What is in a cache directory. Nothing is read but names and times.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Contents {
    /// Entries of actions.
    pub entries: u64,
    /// Outputs.
    pub outputs: u64,
    /// What both take on disk, in bytes.
    pub disk_bytes: u64,
    /// The newest mark of use.
    pub newest_use: Option<SystemTime>,
    /// Temporary files.
    pub leftovers: Leftovers,
    /// What is no part of a cache, in the 256 folders: how many files and folders.
    pub foreign: u64,
    /// One of them.
    pub a_foreign: Option<PathBuf>,
    /// Entries and outputs that belong to another user.
    pub of_others: u64,
    /// How many of those this user cannot open.
    pub unreadable: u64,
    /// One of them.
    pub an_unreadable: Option<PathBuf>,
    /// Folders that could not be listed; what is in them is not counted.
    pub failures: Vec<Error>,
}

/// The temporary files in a cache directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leftovers {
    /// Those that a writer holds.
    pub held: u64,
    /// Those that nobody holds, and that are not old enough to be removed.
    pub recent: u64,
    /// Those that nobody holds and that are over ten minutes old: their writers are gone, and the
    /// next trim removes them.
    pub abandoned: u64,
    /// What these take on disk, in bytes.
    pub abandoned_bytes: u64,
    /// When the oldest of these was last written to.
    pub oldest: Option<SystemTime>,
}

impl Examination {
    /// What is in the directory. Looking does not count as use.
    pub fn contents(&self) -> Contents {
        let mut contents = Contents::default();
        for found in threads::each_folder(|folder| self.contents_of(folder)) {
            match found {
                Ok(found) => contents.add(found),
                Err(e) => contents.failures.push(e),
            }
        }
        contents
    }

    fn contents_of(&self, folder: u8) -> Result<Contents> {
        let mut contents = Contents::default();
        for item in items(&self.root, folder)? {
            match item.named {
                Named::Entry(_) => contents.entries += 1,
                Named::Output(_) => contents.outputs += 1,
                Named::Leftover => {
                    self.leftover(&item, &mut contents.leftovers);
                    continue;
                }
                Named::Stray | Named::Foreign => {
                    contents.foreign += 1;
                    contents.a_foreign.get_or_insert_with(|| self.root.path_of(&item.name));
                    continue;
                }
            }
            contents.disk_bytes += remove::on_disk(&self.root, &item.name, &item.look);
            contents.newest_use = contents.newest_use.max(Some(item.look.mtime));
            self.owner(&item, &mut contents);
        }
        Ok(contents)
    }

    fn leftover(&self, item: &Item, leftovers: &mut Leftovers) {
        // A folder, as an executable is put in, is not listed but opened too. What cannot be opened
        // cannot be held by one of this user's builds.
        let held = match self.root.open_file(&item.name).and_then(|file| holder(&file)) {
            Ok(held) => held.is_some(),
            Err(e) if e.kind() == ErrorKind::NotFound => return,
            Err(_) => false,
        };
        let used = item.look.mtime;
        let is_old = SystemTime::now().duration_since(used).is_ok_and(|age| age > LEFTOVER_AGE);
        match (held, is_old) {
            (true, _) => leftovers.held += 1,
            (false, false) => leftovers.recent += 1,
            (false, true) => {
                leftovers.abandoned += 1;
                leftovers.abandoned_bytes += remove::on_disk(&self.root, &item.name, &item.look);
                leftovers.oldest = Some(leftovers.oldest.map_or(used, |oldest| oldest.min(used)));
            }
        }
    }

    fn owner(&self, item: &Item, contents: &mut Contents) {
        if item.look.owner == user() {
            return;
        }
        contents.of_others += 1;
        let opened = match item.look.kind {
            Kind::Folder => self.root.open_folder_named(&item.name).map(drop),
            Kind::File | Kind::Other => self.root.open_file(&item.name).map(drop),
        };
        if opened.is_err_and(|e| e.kind() == ErrorKind::PermissionDenied) {
            contents.unreadable += 1;
            contents.an_unreadable.get_or_insert_with(|| self.root.path_of(&item.name));
        }
    }
}

impl Contents {
    fn add(&mut self, more: Contents) {
        self.entries += more.entries;
        self.outputs += more.outputs;
        self.disk_bytes += more.disk_bytes;
        self.newest_use = self.newest_use.max(more.newest_use);
        self.leftovers.add(&more.leftovers);
        self.foreign += more.foreign;
        self.a_foreign = self.a_foreign.take().or(more.a_foreign);
        self.of_others += more.of_others;
        self.unreadable += more.unreadable;
        self.an_unreadable = self.an_unreadable.take().or(more.an_unreadable);
    }
}

impl Leftovers {
    fn add(&mut self, more: &Leftovers) {
        self.held += more.held;
        self.recent += more.recent;
        self.abandoned += more.abandoned;
        self.abandoned_bytes += more.abandoned_bytes;
        self.oldest = match (self.oldest, more.oldest) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}
