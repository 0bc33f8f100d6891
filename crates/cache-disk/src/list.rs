//! Going through the directory: what is in a folder, all entries, what all of it takes.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::SystemTime;

use cache_core::{ActionId, Entry, Error, Lookup, OutputId, Result};

use crate::disk::DiskCache;
use crate::executable;
use crate::layout::{self, Named};
use crate::look::{Kind, Look};
use crate::remove;
use crate::root::Root;

/// One name in one of the 256 folders.
pub(crate) struct Item {
    /// Relative to the cache's top folder.
    pub(crate) name: String,
    pub(crate) named: Named,
    pub(crate) look: Look,
}

/// What is in one of the 256 folders; nothing when the folder is gone. Everything is read before
/// anything is given out, for removing files may disturb a folder that is being read.
pub(crate) fn items(root: &Root, folder: u8) -> Result<Vec<Item>> {
    let folder_name = layout::folder(folder);
    let path = root.path_of(&folder_name);
    let read = || -> io::Result<Vec<Item>> {
        let mut items = Vec::new();
        for item in fs::read_dir(&path)? {
            let item = item?;
            let look = match item.metadata() {
                Ok(metadata) => Look::of(&metadata),
                Err(e) if e.kind() == ErrorKind::NotFound => continue,
                Err(e) => return Err(e),
            };
            let name = item.file_name();
            // A name that is not UTF-8 is none of ours, and lossily it is none either.
            let named = name.to_str().map_or(Named::Foreign, |name| Named::of(folder, name));
            let name = format!("{folder_name}/{}", name.to_string_lossy());
            items.push(Item { name, named, look });
        }
        Ok(items)
    };
    match read() {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        result => result.map_err(Error::io("list", &path)),
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

/// Goes through the 256 folders, one item after the other. A folder that cannot be listed is one
/// error, and the walk goes on with the next.
struct Walk<'a> {
    root: &'a Root,
    folders: std::ops::Range<u16>,
    items: std::vec::IntoIter<Item>,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Root) -> Self {
        Self { root, folders: 0..layout::FOLDERS, items: Vec::new().into_iter() }
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.items.next() {
                return Some(Ok(item));
            }
            let folder = u8::try_from(self.folders.next()?).ok()?;
            match items(self.root, folder) {
                Ok(items) => self.items = items.into_iter(),
                Err(e) => return Some(Err(e)),
            }
        }
    }
}

/// All well-formed entries of a cache, folder by folder. Made by [`DiskCache::entries`].
pub struct Entries<'a> {
    cache: &'a DiskCache,
    walk: Walk<'a>,
}

impl Iterator for Entries<'_> {
    type Item = Result<Listed>;

    fn next(&mut self) -> Option<Self::Item> {
        for item in self.walk.by_ref() {
            let action = match item {
                Ok(Item { named: Named::Entry(action), .. }) => action,
                Ok(_) => continue,
                Err(e) => return Some(Err(e)),
            };
            if let Lookup::Hit((entry, look)) = self.cache.peek(&action) {
                return Some(Ok(Listed { action, entry, used: look.mtime }));
            }
        }
        None
    }
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

impl Content {
    /// What an item is; `None` when it is none of the cache's. Only `entry` reads an entry.
    fn of(
        root: &Root,
        item: &Item,
        entry: impl FnOnce(&ActionId) -> Option<Entry>,
    ) -> Option<Self> {
        let Item { name, named, look } = item;
        let used = look.mtime;
        match *named {
            Named::Entry(action) => {
                let entry = entry(&action);
                Some(Content::Entry { action, entry, used, on_disk: look.on_disk })
            }
            Named::Output(output) => Some(Content::Output {
                output,
                size: executable::size(root, name, look),
                executable: look.kind == Kind::Folder,
                used,
                on_disk: remove::on_disk(root, name, look),
            }),
            Named::Leftover => Some(Content::Leftover),
            Named::Stray | Named::Foreign => None,
        }
    }
}

/// All that a cache holds, folder by folder. Made by [`DiskCache::contents`].
pub struct Contents<'a> {
    cache: &'a DiskCache,
    walk: Walk<'a>,
}

impl Iterator for Contents<'_> {
    type Item = Result<Content>;

    fn next(&mut self) -> Option<Self::Item> {
        let Self { cache, walk } = self;
        let entry = |action: &ActionId| cache.peek(action).hit().map(|(entry, _)| entry);
        walk.find_map(|item| match item {
            Ok(item) => Content::of(&cache.root, &item, entry).map(Ok),
            Err(e) => Some(Err(e)),
        })
    }
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
    pub fn entries(&self) -> Entries<'_> {
        Entries { cache: self, walk: Walk::new(&self.root) }
    }

    /// All entries, outputs and temporary files, in one walk. Looking at them does not count as
    /// use.
    ///
    /// [`totals`](Self::totals) is for those who only want to add up: it need not read the entries.
    pub fn contents(&self) -> Contents<'_> {
        Contents { cache: self, walk: Walk::new(&self.root) }
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

    /// Counts what is in the cache. Looking does not count as use.
    ///
    /// # Errors
    ///
    /// When one of the folders cannot be read.
    pub fn totals(&self) -> Result<Totals> {
        let mut totals = Totals::default();
        for item in Walk::new(&self.root) {
            if let Some(content) = Content::of(&self.root, &item?, |_| None) {
                totals.add(&content);
            }
        }
        Ok(totals)
    }
}
