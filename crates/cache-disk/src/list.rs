//! Going through the directory: what is in a folder, all entries, what all of it takes.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use cache_core::{ActionId, Entry, Error, Lookup, OutputId, Result};

use crate::disk::DiskCache;
use crate::layout::{self, Named};
use crate::look::{Kind, Look};
use crate::root::{Folder, Root};
use crate::{executable, remove, threads};

/// One name in one of the 256 folders.
pub(crate) struct Item {
    /// Where it is.
    pub(crate) folder: Rc<Folder>,
    /// Relative to the cache's top folder.
    pub(crate) name: String,
    pub(crate) named: Named,
    pub(crate) look: Look,
}

/// What is in one of the 256 folders; nothing when the folder is gone. Everything is read before
/// anything is given out, for removing files may disturb a folder that is being read.
pub(crate) fn items(root: &Root, folder: u8) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let folder_name = layout::folder(folder);
    each_name(root, folder, |folder, name, named| {
        items.extend(folder.look_if_there(name)?.map(|look| {
            let name = [&folder_name, "/", name].concat();
            Item { folder: Rc::clone(folder), name, named, look }
        }));
        Ok(())
    })?;
    Ok(items)
}

/// Gives each name in one of the 256 folders, with that folder and what the name says. An error that
/// `each` returns ends it, and is one of listing the folder.
pub(crate) fn each_name(
    root: &Root,
    folder: u8,
    mut each: impl FnMut(&Rc<Folder>, &str, Named) -> io::Result<()>,
) -> Result<()> {
    let mut list = || {
        let in_folder = Rc::new(root.open_folder(folder)?);
        in_folder.each_name(&mut |name| {
            // A name that is not UTF-8 is none of ours, and lossily it is none either.
            let named = name.to_str().map_or(Named::Foreign, |name| Named::of(folder, name));
            each(&in_folder, &name.to_string_lossy(), named)
        })
    };
    match list() {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        result => result.map_err(Error::io("list", root.path_of(&layout::folder(folder)))),
    }
}

/// An entry in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// The action.
    pub action: ActionId,
    /// What it leads to.
    pub entry: Entry,
    /// When it was last used, or up to an hour before that.
    pub used: SystemTime,
}

/// All well-formed entries of a cache, folder by folder. Made by [`DiskCache::entries`].
pub struct Entries<'a> {
    cache: &'a DiskCache,
    folders: std::ops::Range<u16>,
    actions: std::vec::IntoIter<ActionId>,
}

impl Iterator for Entries<'_> {
    type Item = Result<Listed>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            for action in self.actions.by_ref() {
                if let Lookup::Hit((entry, look)) = self.cache.peek(&action) {
                    return Some(Ok(Listed { action, entry, used: look.mtime }));
                }
            }
            let folder = u8::try_from(self.folders.next()?).ok()?;
            match actions(&self.cache.root, folder) {
                Ok(actions) => self.actions = actions.into_iter(),
                Err(e) => return Some(Err(e)),
            }
        }
    }
}

fn actions(root: &Root, folder: u8) -> Result<Vec<ActionId>> {
    let mut actions = Vec::new();
    each_name(root, folder, |_, _, named| {
        if let Named::Entry(action) = named {
            actions.push(action);
        }
        Ok(())
    })?;
    Ok(actions)
}

/// One thing in a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// An entry.
    Entry {
        /// The action.
        action: ActionId,
        /// What it leads to; `None` when the entry is malformed, or was gone a moment later.
        entry: Option<Entry>,
        /// When it was last used, or up to an hour before that.
        used: SystemTime,
        /// What it takes on disk, in bytes.
        on_disk: u64,
    },
    /// An output.
    Output {
        /// The output.
        output: OutputId,
        /// In bytes.
        size: u64,
        /// Whether it is stored as an executable.
        executable: bool,
        /// When it was last used, or up to an hour before that.
        used: SystemTime,
        /// What it takes on disk, in bytes.
        on_disk: u64,
    },
    /// A temporary file, of a writer at work or of one that is gone.
    Leftover,
}

/// What is in a cache and what it takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Entries of actions.
    pub entries: u64,
    /// Outputs, executables among them.
    pub outputs: u64,
    /// Outputs that are stored as executables.
    pub executables: u64,
    /// Temporary files, of writers at work and of writers that are gone.
    pub leftovers: u64,
    /// The sizes of all outputs, in bytes.
    pub output_bytes: u64,
    /// What entries and outputs take on disk, in bytes.
    pub disk_bytes: u64,
    /// The oldest time of last use.
    pub oldest_use: Option<SystemTime>,
    /// The newest time of last use.
    pub newest_use: Option<SystemTime>,
}

impl Totals {
    /// Counts one more thing.
    pub fn add(&mut self, content: &Content) {
        let (used, on_disk) = match *content {
            Content::Entry { used, on_disk, .. } => {
                self.entries += 1;
                (used, on_disk)
            }
            Content::Output { size, executable, used, on_disk, .. } => {
                self.outputs += 1;
                self.executables += u64::from(executable);
                self.output_bytes = self.output_bytes.saturating_add(size);
                (used, on_disk)
            }
            Content::Leftover => {
                self.leftovers += 1;
                return;
            }
        };
        self.disk_bytes = self.disk_bytes.saturating_add(on_disk);
        self.oldest_use = Some(self.oldest_use.map_or(used, |oldest| oldest.min(used)));
        self.newest_use = self.newest_use.max(Some(used));
    }
}

impl DiskCache {
    /// All well-formed entries. Looking at them does not count as use.
    ///
    /// A folder that cannot be listed is one error, and the next one comes after it.
    pub fn entries(&self) -> Entries<'_> {
        Entries { cache: self, folders: 0..layout::FOLDERS, actions: Vec::new().into_iter() }
    }

    /// Gives all entries, outputs and temporary files to `take`, one after the other and in no
    /// particular order: a few threads look at them. Looking at them does not count as use.
    ///
    /// [`totals`](Self::totals) is for those who only want to add up: it need not read the entries.
    ///
    /// # Errors
    ///
    /// When folders cannot be listed, the error of the first; what is in the others was given.
    pub fn contents(&self, take: impl FnMut(&Content) + Send) -> Result<()> {
        self.walk(true, take)
    }

    /// Counts what is in the cache. Looking does not count as use.
    ///
    /// # Errors
    ///
    /// When one of the folders cannot be listed.
    pub fn totals(&self) -> Result<Totals> {
        let mut totals = Totals::default();
        self.walk(false, |content| totals.add(content))?;
        Ok(totals)
    }

    /// Gives what is in the cache; what entries lead to, only when they are wanted.
    fn walk(&self, with_entries: bool, take: impl FnMut(&Content) + Send) -> Result<()> {
        let take = Mutex::new(take);
        let folder = |folder| {
            let mut contents = Vec::new();
            each_name(&self.root, folder, |in_folder, name, named| {
                contents.extend(self.content(in_folder, name, named, with_entries)?);
                Ok(())
            })?;
            // A folder at a time, so that the threads seldom wait for one another.
            let mut take = take.lock().unwrap_or_else(PoisonError::into_inner);
            contents.iter().for_each(&mut *take);
            Ok(())
        };
        threads::each_folder(folder).into_iter().collect()
    }

    /// What a name leads to; `None` when that is none of the cache's, or is gone.
    fn content(
        &self,
        folder: &Folder,
        name: &str,
        named: Named,
        with_entries: bool,
    ) -> io::Result<Option<Content>> {
        Ok(match named {
            Named::Entry(action) => {
                let open = || folder.open_file(name);
                let read = if with_entries { self.peek_at(&action, open).hit() } else { None };
                let (entry, look) = match read {
                    // Who has read one has looked at it too.
                    Some((entry, look)) => (Some(entry), Some(look)),
                    None => (None, folder.look_if_there(name)?),
                };
                look.map(|Look { mtime: used, on_disk, .. }| Content::Entry {
                    action,
                    entry,
                    used,
                    on_disk,
                })
            }
            Named::Output(output) => folder.look_if_there(name)?.map(|look| {
                let executable = look.kind == Kind::Folder;
                let on_disk = if executable {
                    remove::on_disk(&self.root, &layout::output(&output), &look)
                } else {
                    look.on_disk
                };
                let size = executable::size(&self.root, &output, &look);
                Content::Output { output, size, executable, used: look.mtime, on_disk }
            }),
            Named::Leftover => Some(Content::Leftover),
            Named::Stray | Named::Foreign => None,
        })
    }

    /// The path of an output's file, when it is there. Unlike
    /// [`output_file`](cache_core::Cache::output_file) this does not count as use, so a trim may
    /// take the file away at any moment.
    pub fn peek_path(&self, output: &OutputId) -> Option<PathBuf> {
        let name = layout::output(output);
        match self.root.look_if_there(&name).ok()??.kind {
            Kind::File => Some(self.root.path_of(&name)),
            Kind::Folder => executable::inside(&self.root, &name).ok()?.map(|file| file.path),
            Kind::Other => None,
        }
    }
}
