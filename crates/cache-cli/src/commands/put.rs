//! `larder put`: stores an output.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cache_core::{ActionId, Error, FileName, PutOptions, Source, Stored};

use crate::args::{LineEnd, action_id};
use crate::counters::{self, Kind, Used};
use crate::failure::{Exit, Failure, Role};
use crate::remote;
use crate::report::{self, Answers, EntryJson};
use crate::session::Session;

/// Store a file as the output of an action
///
/// Prints the output ID and the size in bytes. The cache directory is made when it is not there.
/// Afterwards the cache is trimmed when that is due, which is once a day, and once an hour where
/// a size limit is set; and where a store is named, the upload is waited for as upload-wait says, or
/// for up to 10 s.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --json: the new entry as {action, output, size, time, path}.

Example:
  cc -c hello.c -o - | larder put \"$id\" -")]
pub(crate) struct Args {
    /// The action ID, 64 hexadecimal digits
    #[arg(value_parser = action_id)]
    id: ActionId,
    /// The file to store, or - for stdin
    file: PathBuf,
    /// Store it as an executable of this name, which `go run` and `go tool` look for
    #[arg(long, value_name = "NAME", value_parser = file_name)]
    executable: Option<FileName>,
    /// Have it on disk for good, also after a loss of power, before this returns
    #[arg(long)]
    durable: bool,
    #[command(flatten)]
    end: LineEnd,
}

fn file_name(text: &str) -> Result<FileName, &'static str> {
    FileName::new(text)
        .map_err(|_| "it must be a file's name: one path component of 1 to 255 bytes")
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let options = PutOptions {
        durable: args.durable,
        executable: args.executable.clone(),
        ..PutOptions::default()
    };
    let end = args.end.byte(session.json)?;
    // Before the directory is made, so that a wrong name leaves nothing behind.
    let mut input = Input::open(&args.file)?;
    let (opened, upload_wait) = session.open_to_put()?;
    let cache = &opened.cache;
    let stored = cache
        .put(&args.id, input.source(), &options)
        .map_err(|error| about_input(error, &args.file))?;
    counters::record(&opened.directory, &Used { puts: 1, ..Used::new(Kind::Get) });
    tell(args, session, stored, end)?;
    if let Err(error) = cache.close() {
        // The answer is given, and true.
        session.note(&format!("stored, but the trim after it failed: {error}"));
    }
    remote::finish(&opened, upload_wait, session);
    Ok(Exit::Done)
}

fn tell(args: &Args, session: &Session, stored: Stored, end: u8) -> Result<()> {
    let Stored { entry, file } = stored;
    if let Some(file) = &file {
        tracing::info!("stored {}: {} bytes in {}", args.id, entry.size, file.path.display());
    }
    if session.json {
        return report::json(&EntryJson::new(args.id, &entry, file.map(|file| file.path)));
    }
    let mut answers = Answers::new();
    let line = format!("{} {}", entry.output, entry.size);
    answers.ended(line.as_bytes(), end)?;
    answers.finish()
}

enum Input {
    /// A file that keeps what it has: it may be read again, or cloned.
    File(File),
    /// Something that is read once: stdin, a pipe, a device.
    Stream(Box<dyn io::Read + Send>),
}

impl Input {
    fn open(path: &Path) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stream(Box::new(io::stdin())));
        }
        let file = File::open(path).map_err(Failure::file("open", path, Role::Input))?;
        let kind =
            file.metadata().map_err(Failure::file("look at", path, Role::Input))?.file_type();
        if kind.is_dir() {
            let is_folder = io::ErrorKind::IsADirectory.into();
            return Err(Failure::file("store", path, Role::Input)(is_folder).into());
        }
        Ok(if kind.is_file() { Self::File(file) } else { Self::Stream(Box::new(file)) })
    }

    fn source(&mut self) -> Source<'_> {
        match self {
            Input::File(file) => Source::File(file),
            Input::Stream(stream) => Source::Reader(stream),
        }
    }
}

/// A put's error knows the action; the user knows the file.
fn about_input(error: Error, path: &Path) -> anyhow::Error {
    let name = if path.as_os_str() == "-" { Path::new("standard input") } else { path };
    match error {
        Error::Source { source, .. } => Failure::file("read", name, Role::Input)(source).into(),
        Error::ContentChanged { .. } => Failure::Other(format!(
            "{} changed while it was stored; run it again when nothing writes to it",
            name.display()
        ))
        .into(),
        error => error.into(),
    }
}
