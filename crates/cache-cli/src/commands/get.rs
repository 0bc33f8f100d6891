//! `larder get`: an output's bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cache_core::{ActionId, Cache, CacheExt, Check, Entry, Error, Lookup, MissReason, OutputId};

use crate::args::{action_id, without_json};
use crate::counters::{self, Kind, Used};
use crate::failure::{Exit, Failure};
use crate::report::{self, Answers, EntryJson};
use crate::session::{Existing, Session, no_cache_yet};
use crate::target::Target;

/// Up to this size an output is read into memory and checked before its first byte is given out.
const IN_MEMORY: u64 = 1 << 20;

/// Write the output of an action to stdout or to a file
///
/// The bytes are checked against their SHA-256. FILE is written whole or not at all. When there is
/// no such output the reason goes to stderr and the exit code is 1. A store that is named is asked for
/// what the directory does not have.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --json: the entry as {action, output, size, time, path} instead of the bytes; path is the \
output's file in the cache. Together with -o, FILE is written too.

Example:
  larder get \"$id\" -o hello.o || echo 'to be compiled'")]
pub(crate) struct Args {
    /// The action ID, 64 hexadecimal digits
    #[arg(value_parser = action_id)]
    id: ActionId,
    /// Write to FILE instead of stdout; - is stdout
    #[arg(short, long = "output", value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let is_stdout = args.output.as_deref().is_some_and(|path| path.as_os_str() == "-");
    without_json(session.json, is_stdout, "-o -")?;
    let opened = match session.open_to_get()? {
        Existing::Cache(opened) => opened,
        Existing::NotYet(dir) => {
            session.note(&format!("miss: {}: {}", args.id, no_cache_yet(&dir)));
            return Ok(Exit::No);
        }
    };
    let cache = &*opened.cache;
    let answer = match &args.output {
        Some(path) if !is_stdout => to_file(cache, &args.id, path)?,
        _ if session.json => checked(cache, &args.id)?,
        _ => to_stdout(cache, &args.id)?,
    };
    counters::record(&opened.directory, &counted(&answer));
    match answer {
        Lookup::Hit(entry) => {
            tracing::info!("found {}: output {}, {} bytes", args.id, entry.output, entry.size);
            if session.json {
                let path = cache.output_file(&entry.output)?.map(|file| file.path);
                report::json(&EntryJson::new(args.id, &entry, path))?;
            }
            Ok(Exit::Done)
        }
        Lookup::Miss(reason) => {
            session.note(&format!("miss: {}: {reason}", args.id));
            Ok(Exit::No)
        }
    }
}

fn counted(answer: &Lookup) -> Used {
    let is_hit = matches!(answer, Lookup::Hit(_));
    Used { hits: is_hit.into(), misses: (!is_hit).into(), ..Used::new(Kind::Get) }
}

fn checked(cache: &dyn Cache, id: &ActionId) -> Result<Lookup> {
    Ok(match cache.get_file(id, Check::Checksum)? {
        Lookup::Hit((entry, _)) => Lookup::Hit(entry),
        Lookup::Miss(reason) => Lookup::Miss(reason),
    })
}

fn to_stdout(cache: &dyn Cache, id: &ActionId) -> Result<Lookup> {
    match cache.get_bytes(id, IN_MEMORY) {
        Ok(Lookup::Hit((entry, bytes))) => {
            let mut answers = Answers::new();
            answers.bytes(&bytes)?;
            answers.finish()?;
            Ok(Lookup::Hit(entry))
        }
        Ok(Lookup::Miss(reason)) => Ok(Lookup::Miss(reason)),
        Err(Error::TooLarge { .. }) => large_to_stdout(cache, id),
        Err(error) => Err(error.into()),
    }
}

/// Reads the output twice, to check it before anything of it is given out, and once more while it
/// is: what is written to stdout cannot be taken back, but it can be called wrong.
fn large_to_stdout(cache: &dyn Cache, id: &ActionId) -> Result<Lookup> {
    let (entry, mut file) = match cache.open(id, Check::Checksum)? {
        Lookup::Hit(hit) => hit,
        Lookup::Miss(reason) => return Ok(Lookup::Miss(reason)),
    };
    let mut answers = Answers::new();
    if copy(&entry, &mut file, &mut |bytes| answers.bytes(bytes))? {
        answers.finish()?;
        return Ok(Lookup::Hit(entry));
    }
    Err(Failure::Other(format!(
        "output {} changed while it was written to standard output; \
         throw away what was written and run it again",
        entry.output
    ))
    .into())
}

/// Checks while it copies: FILE appears only when the check is passed.
fn to_file(cache: &dyn Cache, id: &ActionId, path: &Path) -> Result<Lookup> {
    let (entry, mut file) = match cache.open(id, Check::Size)? {
        Lookup::Hit(hit) => hit,
        Lookup::Miss(reason) => return Ok(Lookup::Miss(reason)),
    };
    let mut target = Target::create(path)?;
    if !copy(&entry, &mut file, &mut |bytes| Ok(target.write(bytes)?))? {
        return Ok(Lookup::Miss(MissReason::OutputChecksum(entry.output)));
    }
    target.publish()?;
    Ok(Lookup::Hit(entry))
}

/// Passes an output's bytes on; returns whether they were the right ones.
fn copy(
    entry: &Entry,
    file: &mut File,
    pass_on: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<bool> {
    let mut copying = Copying { file, pass_on, failure: None };
    let copied = OutputId::of_reader(&mut copying);
    if let Some(failure) = copying.failure {
        return Err(failure);
    }
    let (found, _) = copied.with_context(|| format!("cannot read output {}", entry.output))?;
    Ok(found == entry.output)
}

/// A reader that passes on what it gives.
struct Copying<'a> {
    file: &'a mut File,
    pass_on: &'a mut dyn FnMut(&[u8]) -> Result<()>,
    /// What passing on said, kept apart from what reading says: it is about another file.
    failure: Option<anyhow::Error>,
}

impl Read for Copying<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        (self.pass_on)(&buffer[..n]).map_err(|failure| {
            self.failure = Some(failure);
            io::Error::other("cannot pass it on")
        })?;
        Ok(n)
    }
}
