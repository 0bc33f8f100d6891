//! Putting bytes from memory, which cannot change: hashed once, and compared with what is stored
//! without hashing that.

use std::fs::File;
use std::io;

use cache_core::{Lookup, OutputFile, OutputId, Result};

use crate::hashing::{BESIDE, hashed_beside};
use crate::look::{Kind, Look};
use crate::place::Placed;
use crate::publish::Temporary;
use crate::put::{Output, Put};
use crate::root::look_at;
use crate::{executable, layout, place};

/// The size in bytes up to which an output is written without a look whether it is there.
const UNLOOKED: usize = 128 << 10;

impl<'a> Put<'a> {
    /// `check` sees the output ID and the size before anything is published.
    pub(crate) fn bytes(
        &self,
        bytes: &[u8],
        check: impl FnOnce(OutputId, u64) -> Result<()>,
    ) -> Result<Output> {
        let size = bytes.len() as u64;
        let (mut begun, output) = if size < BESIDE {
            (Begun::Nothing, OutputId::of(bytes))
        } else {
            hashed_beside(bytes, || self.begin(bytes))?
        };
        check(output, size)?;
        self.verify(output, size)?;
        if matches!(begun, Begun::Nothing)
            && let Some(placed) = self.place_unlooked(&output, bytes)
        {
            return Ok((output, size, placed));
        }
        let compared = begun.compared();
        let mut same = |file: &File| match &compared {
            Some(compared) if compared.is_of(file) => Ok(compared.same),
            _ => place::is_same(file, &mut { bytes }, size),
        };
        let placed = self.place(output, size, &mut same, &mut || match begun.temporary() {
            Some(temporary) => Ok(temporary),
            None => self.written(output.as_bytes()[0], bytes),
        })?;
        self.cache.new_outputs.count(!placed.was_there);
        Ok((output, size, placed))
    }

    /// Publishes a small output without a look whether it is there, where the last ones were not: the
    /// looks that are saved in a streak pay for the one that is written in vain and ends it. `None`
    /// when it is there, and when it is not to be had in this way.
    fn place_unlooked(&self, output: &OutputId, bytes: &[u8]) -> Option<Placed> {
        let Self { cache, options, .. } = *self;
        let is_for_it = cache.new_outputs.is_long()
            && cache.root.has_unnamed()
            && bytes.len() <= UNLOOKED
            && options.executable.is_none()
            && !options.durable;
        if !is_for_it {
            return None;
        }
        let name = layout::output(output);
        let mut temporary = self.written(output.as_bytes()[0], bytes).ok()?;
        if !temporary.publish_new(&name, &cache.clock, options.durable).ok()? {
            return None;
        }
        let file = OutputFile { path: cache.root.path_of(&name), size: bytes.len() as u64 };
        Some(Placed { file, was_there: false })
    }

    /// Does, while the bytes are being hashed, what is most likely to be needed after that: the
    /// comparison with what the action leads to now, or a new file.
    fn begin(&self, bytes: &[u8]) -> Result<Begun<'a>> {
        match self.stored(bytes.len() as u64) {
            Some(file) => Ok(Compared::of(&file, bytes).map_or(Begun::Nothing, Begun::Compared)),
            // The output's own folder is not known before it is hashed. What cannot be written here
            // may not be needed: whoever needs it tries again, and says why.
            None => Ok(self
                .written(self.action.as_bytes()[0], bytes)
                .map_or(Begun::Nothing, Begun::Written)),
        }
    }

    /// The file that the action leads to now, if it has that size.
    fn stored(&self, size: u64) -> Option<File> {
        let Lookup::Hit((entry, _)) = self.cache.peek(self.action) else { return None };
        let (root, name) = (&self.cache.root, layout::output(&entry.output));
        let file = root.open_file(&name).ok()?;
        let look = look_at(&file).ok()?;
        let file = match look.kind {
            Kind::File if look.size == size => file,
            Kind::Folder => {
                let (inside, file) = executable::open(root, &name).ok()??;
                (inside.size == size).then_some(file)?
            }
            _ => return None,
        };
        (entry.size == size).then_some(file)
    }

    fn written(&self, folder: u8, bytes: &[u8]) -> Result<Temporary<'a>> {
        let mut temporary = self.temporary(folder)?;
        temporary.write(bytes).map_err(|e| temporary.write_failed(e))?;
        Ok(temporary)
    }
}

/// What was done while the bytes were being hashed.
enum Begun<'a> {
    Nothing,
    Compared(Compared),
    Written(Temporary<'a>),
}

impl<'a> Begun<'a> {
    fn compared(&self) -> Option<Compared> {
        match self {
            Begun::Compared(compared) => Some(*compared),
            _ => None,
        }
    }

    fn temporary(&mut self) -> Option<Temporary<'a>> {
        match std::mem::replace(self, Begun::Nothing) {
            Begun::Written(temporary) => Some(temporary),
            _ => None,
        }
    }
}

/// Whether a file, as it was then, had the bytes.
#[derive(Clone, Copy)]
struct Compared {
    look: Look,
    same: bool,
}

impl Compared {
    fn of(file: &File, bytes: &[u8]) -> io::Result<Self> {
        let look = look_at(file)?;
        Ok(Self { look, same: place::is_same(file, &mut { bytes }, bytes.len() as u64)? })
    }

    fn is_of(&self, file: &File) -> bool {
        let Ok(now) = look_at(file) else { return false };
        now.identity.is_some()
            && (now.identity, now.changed, now.mtime, now.size)
                == (self.look.identity, self.look.changed, self.look.mtime, self.look.size)
    }
}
