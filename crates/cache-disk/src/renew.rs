//! An entry in its place: given a new time where it says the same already, published otherwise.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use cache_core::{Entry, Error, Result};

use crate::look::Kind;
use crate::positional::{read_at, write_at};
use crate::publish::Temporary;
use crate::put::{Put, TRIES};
use crate::root::{FILE_MODE, look_at};
use crate::{entry_file, layout, remove, usage};

impl Put<'_> {
    /// Puts the entry where a lookup of the action finds it. `is_known`: its output was there
    /// before, and so the entry may be too.
    pub(crate) fn entry(&self, entry: &Entry, is_known: bool) -> Result<()> {
        let name = layout::entry(self.action);
        // What cannot be renewed is replaced, and if that cannot be done either, that says why.
        if is_known && self.renew(&name, entry).unwrap_or(false) {
            return Ok(());
        }
        let cache = self.cache;
        // Where the last entry replaced something, this one is likely to, and for that it needs a
        // name. Nothing is held while the disk is waited for.
        let is_likely = cache.last_entry_replaced.load(Ordering::Relaxed) && !self.options.durable;
        let held = if is_likely { self.hold(&name)? } else { None };
        let folder = self.action.as_bytes()[0];
        let mut temporary = match held {
            Some(_) => Temporary::create(&cache.root, folder, FILE_MODE)?,
            None => self.plain_temporary(folder)?,
        };
        temporary
            .write(entry_file::format(self.action, entry).as_bytes())
            .map_err(|e| temporary.write_failed(e))?;
        // An entry whose mtime is its own time is whole: see `read_settled`.
        temporary.mtime = self.is_of_now(entry).then_some(entry.time);
        self.publish_entry(&name, &mut temporary, held)
    }

    /// `held`: what it replaces, if that is [held](usage::hold) already.
    fn publish_entry(
        &self,
        name: &str,
        temporary: &mut Temporary<'_>,
        held: Option<File>,
    ) -> Result<()> {
        let cache = self.cache;
        let _held = if held.is_some() {
            held
        } else {
            let is_new = temporary.publish_new(name, &cache.clock, self.options.durable)?;
            let held = if is_new { None } else { self.hold(name)? };
            cache.last_entry_replaced.store(held.is_some(), Ordering::Relaxed);
            if is_new {
                return Ok(());
            }
            held
        };
        for _ in 0..TRIES {
            if temporary.publish(name, &cache.clock, self.options.durable)? {
                return Ok(());
            }
            let failed = |e| Error::io("replace", cache.root.path_of(name))(e);
            if let Some(seen) = cache.root.look_if_there(name).map_err(failed)?
                && seen.kind == Kind::Folder
            {
                remove::take_away(&cache.root, name, &seen).map_err(failed)?;
            }
        }
        Err(Error::io("create", cache.root.path_of(name))(ErrorKind::ResourceBusy.into()))
    }

    fn hold(&self, name: &str) -> Result<Option<File>> {
        let root = &self.cache.root;
        usage::hold(root, name).map_err(|e| Error::io("replace", root.path_of(name))(e))
    }

    /// Writes a new time into an entry that says the same otherwise. Returns whether it did.
    ///
    /// Nothing but the time changes, so that whatever a reader sees of the two leads to the right
    /// output; and it takes none for whole before the mtime is the new time too. An entry that was
    /// not used for an hour is left to be replaced: a trim may be about to remove it.
    fn renew(&self, name: &str, entry: &Entry) -> io::Result<bool> {
        // Until its mtime is set, a file that was written to has the kernel's, which is a wrong mark
        // of use where the cache goes by another clock.
        let is_kernels_clock = self.cache.clock.mtime_to_set().is_none();
        if self.options.durable || !is_kernels_clock || !self.is_of_now(entry) {
            return Ok(false);
        }
        let file = self.cache.root.open_to_write(name)?;
        let mut content = [0; entry_file::SIZE + 1];
        let says_the_same = |content: &[u8]| {
            entry_file::parse(content, self.action)
                .is_ok_and(|old| (old.output, old.size) == (entry.output, entry.size))
        };
        let length = read_at(&file, &mut content, 0)?;
        let look = look_at(&file)?;
        let now = self.cache.clock.now();
        let is_its_own = look.names == 1;
        if !is_its_own || !says_the_same(&content[..length]) || !usage::is_fresh(look.mtime, now) {
            return Ok(false);
        }
        let new = entry_file::format(self.action, entry);
        let (at, time) = entry_file::time_of(&new);
        write_at(&file, time.as_bytes(), at)?;
        usage::set_mtime(&file, entry.time)?;
        // Another program may have written another output's entry over it in the meantime.
        let length = read_at(&file, &mut content, 0)?;
        Ok(says_the_same(&content[..length]))
    }

    /// Whether the entry's time is that of this put, and not one that came from elsewhere, which
    /// would be no mark of use.
    fn is_of_now(&self, entry: &Entry) -> bool {
        self.options.time.is_none() && entry.time >= SystemTime::UNIX_EPOCH
    }
}
