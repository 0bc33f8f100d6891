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

/// The size in bytes up to which an output that is likely to be new is written without a look whether
/// it is there. To write so many in vain takes some 20 µs, a look some 2 µs.
const UNLOOKED: u64 = 64 << 10;

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
        if self.is_likely_new(size)
            && let Ok(mut temporary) = self.written(output.as_bytes()[0], bytes)
        {
            let name = layout::output(&output);
            if let Ok(true) = temporary.publish_new(&name, &self.cache.clock, false) {
                let file = OutputFile { path: self.cache.root.path_of(&name), size };
                return Ok((output, size, Placed { file, was_there: false }));
            }
            self.cache.new_outputs.count(false);
            begun = Begun::Written(temporary);
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

    /// Whether an output is published without a look whether it is there; giving it its name tells if
    /// it is.
    fn is_likely_new(&self, size: u64) -> bool {
        let Self { cache, options, .. } = *self;
        size <= UNLOOKED
            && cache.new_outputs.is_long()
            && cache.root.has_unnamed()
            && options.executable.is_none()
            && !options.durable
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

    pub(crate) fn written(&self, folder: u8, bytes: &[u8]) -> Result<Temporary<'a>> {
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
