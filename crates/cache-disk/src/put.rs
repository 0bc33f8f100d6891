//! Put: the output first, then the entry that leads to it.

use std::fs::File;
use std::io::{self, ErrorKind, Read};

use cache_core::{
    ActionId, BrokenPromise, Entry, Error, Lookup, OutputFile, OutputId, PutOptions, ReadSeek,
    Result, Source, Stored, VerifyMismatch,
};

use sha2::{Digest, Sha256};

use crate::disk::DiskCache;
use crate::look::{Kind, Look};
use crate::positional::FromStart;
use crate::publish::Temporary;
use crate::root::{EXECUTABLE_MODE, FILE_MODE};
use crate::{entry_file, executable, layout, remove, usage};

/// How much is read and written at a time, in bytes.
const PIECE: usize = 128 << 10;

/// How often a name that others change at the same time is tried.
const TRIES: u32 = 16;

pub(crate) fn put(
    cache: &DiskCache,
    action: &ActionId,
    source: Source<'_>,
    options: &PutOptions,
) -> Result<Stored> {
    let put = Put { cache, action, options };
    let (output, size, file) = match source {
        Source::Bytes(bytes) => put.bytes(bytes)?,
        Source::Seekable(source) => put.seekable(source)?,
        Source::File(file) => put.once(&mut FromStart::new(file), |_, _| Ok(()))?,
        Source::Reader(reader) => put.once(reader, |_, _| Ok(()))?,
        Source::Promised { output, size, body } => {
            // One byte more than promised is enough to see that the promise is broken.
            let mut body = body.take(size.saturating_add(1));
            put.once(&mut body, |found, found_size| {
                if (found, found_size) == (output, size) {
                    return Ok(());
                }
                Err(Error::BrokenPromise(Box::new(BrokenPromise {
                    action: *action,
                    promised: output,
                    promised_size: size,
                    found,
                    found_size,
                })))
            })?
        }
    };
    let time = options.time.unwrap_or_else(|| cache.clock.now());
    let entry = Entry { output, size, time };
    put.entry(&entry)?;
    Ok(Stored { entry, file: Some(file) })
}

struct Put<'a> {
    cache: &'a DiskCache,
    action: &'a ActionId,
    options: &'a PutOptions,
}

/// An output's ID, size in bytes and file.
type Output = (OutputId, u64, OutputFile);

impl<'a> Put<'a> {
    /// Bytes in memory cannot change: hashed once, and compared with what is stored without hashing
    /// that.
    fn bytes(&self, bytes: &[u8]) -> Result<Output> {
        let output = OutputId::of(bytes);
        let size = bytes.len() as u64;
        self.verify(output, size)?;
        let mut same = |file: &File| is_same(file, &mut { bytes }, size);
        let file = self.place(output, size, &mut same, &mut || {
            let mut temporary = self.temporary(output.as_bytes()[0])?;
            temporary.write(bytes).map_err(temporary.write_failed())?;
            Ok(temporary)
        })?;
        Ok((output, size, file))
    }

    /// Hashed once to see whether it is there already, and once while it is copied.
    fn seekable(&self, source: &mut (dyn ReadSeek + Send)) -> Result<Output> {
        let failed = |source| Error::Source { action: *self.action, source };
        source.rewind().map_err(failed)?;
        let (output, size) = OutputId::of_reader(&mut *source).map_err(failed)?;
        self.verify(output, size)?;
        let mut same = |file: &File| Ok(OutputId::of_reader(&mut { file })?.0 == output);
        let file = self.place(output, size, &mut same, &mut || {
            source.rewind().map_err(failed)?;
            // One byte more than before is enough to see that it has grown.
            let mut again = (&mut *source).take(size.saturating_add(1));
            let (temporary, found, _) = self.copy(output.as_bytes()[0], &mut again)?;
            if found != output {
                return Err(Error::ContentChanged { action: *self.action });
            }
            Ok(temporary)
        })?;
        Ok((output, size, file))
    }

    /// Copied and hashed in one pass, so that what is stored is what was hashed; `check` sees the
    /// output ID and the size before anything is published.
    fn once(
        &self,
        source: &mut dyn Read,
        check: impl FnOnce(OutputId, u64) -> Result<()>,
    ) -> Result<Output> {
        // The output's own folder is not known before its last byte.
        let (temporary, output, size) = self.copy(self.action.as_bytes()[0], source)?;
        check(output, size)?;
        self.verify(output, size)?;
        let written = temporary.file().try_clone().map_err(temporary.write_failed())?;
        let mut temporary = Some(temporary);
        let mut same = |file: &File| is_same(file, &mut FromStart::new(&written), size);
        let file = self.place(output, size, &mut same, &mut || {
            temporary.take().ok_or(Error::ContentChanged { action: *self.action })
        })?;
        Ok((output, size, file))
    }

    /// Copies a source into a temporary file and hashes what it writes.
    fn copy(&self, folder: u8, source: &mut dyn Read) -> Result<(Temporary<'a>, OutputId, u64)> {
        let mut temporary = self.temporary(folder)?;
        let mut sha = Sha256::new();
        let mut size = 0;
        let mut piece = vec![0; PIECE];
        loop {
            let n = read_piece(source, &mut piece)
                .map_err(|source| Error::Source { action: *self.action, source })?;
            sha.update(&piece[..n]);
            temporary.write(&piece[..n]).map_err(temporary.write_failed())?;
            size += n as u64;
            if n < PIECE {
                return Ok((temporary, OutputId::from_bytes(sha.finalize().into()), size));
            }
        }
    }

    fn temporary(&self, folder: u8) -> Result<Temporary<'a>> {
        let mode = if self.options.executable.is_some() { EXECUTABLE_MODE } else { FILE_MODE };
        Temporary::create(&self.cache.root, folder, mode)
    }

    /// Leaves an output alone that is there with the right bytes, and publishes it otherwise.
    ///
    /// An output is stored once, in the form in which it came first: as a plain file, or as an
    /// executable under its name.
    fn place(
        &self,
        output: OutputId,
        size: u64,
        same: &mut dyn FnMut(&File) -> io::Result<bool>,
        make: &mut dyn FnMut() -> Result<Temporary<'a>>,
    ) -> Result<OutputFile> {
        let Self { cache: DiskCache { root, clock, .. }, options, .. } = *self;
        let name = layout::output(&output);
        let mut temporary = None;
        let mut _held = None;
        for _ in 0..TRIES {
            match self.present(&name, size, same) {
                Present::Right(file) => return Ok(file),
                Present::Wrong(seen) => {
                    tracing::warn!("replacing output {output}, which has wrong bytes");
                    _held = usage::hold(root, clock, &name);
                    if seen.kind != Kind::File || options.executable.is_some() {
                        remove::take_away(root, &name, &seen)
                            .map_err(Error::io("replace", root.path_of(&name)))?;
                    }
                }
                Present::Absent => {}
            }
            let new = match &mut temporary {
                Some(new) => new,
                None => temporary.insert(make()?),
            };
            let (published, path) = match &options.executable {
                None => (new.publish(&name, clock, options.durable)?, root.path_of(&name)),
                Some(file) => (
                    new.publish_in_folder(&name, file.as_str(), clock, options.durable)?,
                    root.path_of(&name).join(file.as_str()),
                ),
            };
            if published {
                return Ok(OutputFile { path, size });
            }
        }
        Err(Error::io("create", root.path_of(&name))(ErrorKind::ResourceBusy.into()))
    }

    /// Looks at what is stored under an output's name. That it is there counts as use.
    fn present(
        &self,
        name: &str,
        size: u64,
        same: &mut dyn FnMut(&File) -> io::Result<bool>,
    ) -> Present {
        let Self { cache: DiskCache { root, clock, .. }, options, .. } = *self;
        let looked = root.open_file(name).and_then(|file| {
            let look = Look::of(&file.metadata()?);
            Ok((file, look))
        });
        let (opened, look) = match looked {
            Ok(looked) => looked,
            Err(e) if e.kind() == ErrorKind::NotFound => return Present::Absent,
            // What cannot be opened cannot be given out either.
            Err(_) => return root.look(name).map_or(Present::Absent, Present::Wrong),
        };
        let mut is_right = |file: &File| {
            same(file).unwrap_or(false)
                && (options.executable.is_none() || executable::make_executable(file).is_ok())
        };
        let right = match look.kind {
            Kind::File => (look.size == size && is_right(&opened)).then(|| root.path_of(name)),
            Kind::Folder => match executable::inside(root, name) {
                Ok(Some(inside)) if inside.size == size => File::open(&inside.path)
                    .is_ok_and(|file| is_right(&file))
                    .then_some(inside.path),
                _ => None,
            },
            Kind::Other => None,
        };
        let Some(path) = right else { return Present::Wrong(look) };
        if usage::is_fresh(look.mtime, clock.now())
            || usage::mark(root, clock, name, &opened).unwrap_or(true)
        {
            Present::Right(OutputFile { path, size })
        } else {
            Present::Absent
        }
    }

    /// In verify mode, compares what is being put with what is stored.
    fn verify(&self, output: OutputId, size: u64) -> Result<()> {
        let Some(reverse) = self.cache.verify.as_ref().filter(|_| self.options.verify) else {
            return Ok(());
        };
        match self.cache.look_up(self.action)? {
            Lookup::Hit(old) if (old.output, old.size) != (output, size) => {
                Err(Error::VerifyMismatch(Box::new(VerifyMismatch {
                    action: *self.action,
                    description: reverse(self.action),
                    old: old.output,
                    old_size: old.size,
                    new: output,
                    new_size: size,
                })))
            }
            _ => Ok(()),
        }
    }

    fn entry(&self, entry: &Entry) -> Result<()> {
        let Self { cache: DiskCache { root, clock, .. }, action, options } = *self;
        let name = layout::entry(action);
        let mut temporary = Temporary::create(root, action.as_bytes()[0], FILE_MODE)?;
        temporary
            .write(entry_file::format(action, entry).as_bytes())
            .map_err(temporary.write_failed())?;
        let _held = usage::hold(root, clock, &name);
        for _ in 0..TRIES {
            if temporary.publish(&name, clock, options.durable)? {
                return Ok(());
            }
            // A folder in the entry's place.
            remove::remove(root, &name, Kind::Folder)
                .map_err(Error::io("replace", root.path_of(&name)))?;
        }
        Err(Error::io("create", root.path_of(&name))(ErrorKind::ResourceBusy.into()))
    }
}

/// What stands under an output's name.
enum Present {
    /// The output, with the right bytes.
    Right(OutputFile),
    /// Something else.
    Wrong(Look),
    Absent,
}

/// Whether a stored file of the expected size, in bytes, has the expected bytes.
fn is_same(stored: &File, expected: &mut dyn Read, size: u64) -> io::Result<bool> {
    let mut stored = FromStart::new(stored);
    let (mut ours, mut theirs) = (piece_for(size), piece_for(size));
    let mut left = size;
    while left > 0 {
        let n = read_piece(expected, &mut ours)?;
        if n == 0 || read_piece(&mut stored, &mut theirs[..n])? != n || ours[..n] != theirs[..n] {
            return Ok(false);
        }
        left = left.saturating_sub(n as u64);
    }
    Ok(true)
}

/// A buffer for something of this size: small ones come from the allocator's own stock, large ones
/// from the kernel, page by page.
fn piece_for(size: u64) -> Vec<u8> {
    vec![0; usize::try_from(size).map_or(PIECE, |size| size.min(PIECE))]
}

/// Fills `buffer` as far as the reader goes.
fn read_piece(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}
