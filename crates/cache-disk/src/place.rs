//! An output in its place: left alone when it is there with the right bytes, published otherwise.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::thread;
use std::time::{Duration, Instant};

use cache_core::{Error, FromStart, OutputFile, OutputId, Result};

use crate::disk::DiskCache;
use crate::look::{Kind, Look};
use crate::publish::Temporary;
use crate::put::{Put, TRIES, piece_for, read_piece};
use crate::root::look_at;
use crate::shortage::is_shortage;
use crate::{executable, layout, remove, usage};

/// What cannot be replaced in one step leads nowhere for a moment, or from then on in another form.
/// Go writes an executable in place, folder first, and the moment that it is whole, another process
/// may give its path out. So what is wrong and has changed within this time is looked at again.
const SETTLED: Duration = Duration::from_millis(20);

/// For so long at most.
const PATIENCE: Duration = Duration::from_secs(1);

impl<'a> Put<'a> {
    /// Leaves an output alone that is there with the right bytes, and publishes it otherwise.
    ///
    /// An output is stored once, in the form in which it came first: as a plain file, or as an
    /// executable under its name.
    pub(crate) fn place(
        &self,
        output: OutputId,
        size: u64,
        same: &mut dyn FnMut(&File) -> io::Result<bool>,
        make: &mut dyn FnMut() -> Result<Temporary<'a>>,
    ) -> Result<Placed> {
        let Self { cache: DiskCache { root, clock, .. }, options, .. } = *self;
        let name = layout::output(&output);
        let failed = |e| Error::io("replace", root.path_of(&name))(e);
        let mut temporary = None;
        let mut was_tried = false;
        let mut _held = None;
        let patience = Instant::now() + PATIENCE;
        for _ in 0..TRIES {
            let mut present = self.present(&name, size, same).map_err(failed)?;
            while let Present::Wrong(seen) = &present
                && !self.is_replaced_in_one_step(seen)
                && executable::changed_within(root, &name, seen, SETTLED)
                && Instant::now() < patience
            {
                thread::sleep(Duration::from_millis(1));
                present = self.present(&name, size, same).map_err(failed)?;
            }
            if let Present::Right(file) = present {
                return Ok(Placed { file, was_there: true });
            }
            let new = match &mut temporary {
                Some(new) => new,
                None => {
                    temporary = Some(make()?);
                    if let Present::Wrong(_) = present {
                        // Making the new one took its time. Is it still wrong?
                        continue;
                    }
                    temporary.as_mut().ok_or_else(|| failed(ErrorKind::ResourceBusy.into()))?
                }
            };
            let is_absent = matches!(present, Present::Absent);
            if let Present::Wrong(seen) = present {
                tracing::warn!("replacing output {output}, which has wrong bytes");
                _held = usage::hold(root, &name).map_err(failed)?;
                if !self.is_replaced_in_one_step(&seen) {
                    remove::take_away(root, &name, &seen).map_err(failed)?;
                }
            }
            let (published, path) = match &options.executable {
                None => {
                    // One that has a name is as soon renamed to a name that is taken.
                    let published = if is_absent && !new.has_name() && !was_tried {
                        // Where it fails, another put may have been faster.
                        was_tried = true;
                        new.publish_new(&name, clock, options.durable)?
                    } else {
                        new.publish(&name, clock, options.durable)?
                    };
                    (published, root.path_of(&name))
                }
                Some(file) => (
                    new.publish_in_folder(&name, file.as_str(), clock, options.durable)?,
                    root.path_of(&name).join(file.as_str()),
                ),
            };
            if published {
                return Ok(Placed { file: OutputFile { path, size }, was_there: false });
            }
        }
        Err(failed(ErrorKind::ResourceBusy.into()))
    }

    /// Whether the new output can be renamed to where this is.
    fn is_replaced_in_one_step(&self, seen: &Look) -> bool {
        seen.kind == Kind::File && self.options.executable.is_none()
    }

    /// Looks at what is stored under an output's name. That it is there counts as use, and makes it
    /// durable when that is asked for: whoever stored it may not have done so.
    fn present(
        &self,
        name: &str,
        size: u64,
        same: &mut dyn FnMut(&File) -> io::Result<bool>,
    ) -> io::Result<Present> {
        let Self { cache: DiskCache { root, clock, .. }, options, .. } = *self;
        let looked = root.open_file(name).and_then(|file| {
            let look = look_at(&file)?;
            Ok((file, look))
        });
        let (opened, look) = match looked {
            Ok(looked) => looked,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Present::Absent),
            Err(e) if is_shortage(&e) => return Err(e),
            // What cannot be opened cannot be given out either.
            Err(_) => {
                return Ok(root.look_if_there(name)?.map_or(Present::Absent, Present::Wrong));
            }
        };
        let mut is_right = |file: &File| {
            same(file).unwrap_or(false)
                && (options.executable.is_none() || executable::make_executable(file).is_ok())
        };
        let mut inner = None;
        let path = match look.kind {
            Kind::File if look.size == size && is_right(&opened) => root.path_of(name),
            Kind::Folder => match executable::open(root, name) {
                Ok(Some((inside, file))) if inside.size == size && is_right(&file) => {
                    inner = Some(file);
                    inside.path
                }
                Err(e) if is_shortage(&e) => return Err(e),
                _ => return Ok(Present::Wrong(look)),
            },
            _ => return Ok(Present::Wrong(look)),
        };
        if options.durable {
            if let Some(inner) = &inner {
                root.sync_file(&path.to_string_lossy(), inner)?;
            }
            root.sync_file(name, &opened)?;
            root.sync_folder_of(name)?;
        }
        if usage::is_fresh(look.mtime, clock.now())
            || usage::mark(root, clock, name, &opened).unwrap_or(true)
        {
            Ok(Present::Right(OutputFile { path, size }))
        } else {
            Ok(Present::Absent)
        }
    }
}

/// An output in its place.
pub(crate) struct Placed {
    pub(crate) file: OutputFile,
    /// Whether it was there before, with the right bytes.
    pub(crate) was_there: bool,
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
pub(crate) fn is_same(stored: &File, expected: &mut dyn Read, size: u64) -> io::Result<bool> {
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
