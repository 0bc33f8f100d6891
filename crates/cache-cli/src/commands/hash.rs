//! `larder hash`: the output IDs of files.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Result;
use cache_core::OutputId;
use serde::Serialize;

use crate::args::LineEnd;
use crate::failure::{Exit, Failure, Role};
use crate::report::Answers;
use crate::session::Session;

/// Print the output IDs of files, which are their SHA-256
///
/// The lines are those of sha256sum, whose --check reads them; with --null those of its --zero. A
/// file that cannot be read is told on stderr; the others are hashed all the same, and the exit code
/// is 3.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --json: an array of {file, output, size}.

Example:
  larder hash src/*.c | larder put \"$(larder key sources)\" -
  find src -type f -print0 | sort -z | xargs -0 larder hash")]
pub(crate) struct Args {
    /// The files; - is stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<OsString>,
    #[command(flatten)]
    end: LineEnd,
}

#[derive(Serialize)]
struct Hashed<'a> {
    file: std::borrow::Cow<'a, str>,
    output: OutputId,
    size: u64,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let end = args.end.byte(session.json)?;
    let mut answers = Answers::new();
    let mut hashed = Vec::new();
    let mut exit = Exit::Done;
    for name in &args.files {
        match hash(name) {
            Ok((output, size)) if session.json => {
                hashed.push(Hashed { file: name.to_string_lossy(), output, size });
            }
            Ok((output, _)) => {
                answers.ended(&sha256sum_line(&output, name, end), end)?;
            }
            Err(error) => {
                crate::failure::tell(&error);
                exit = Exit::Failed;
            }
        }
    }
    if session.json {
        answers.json(&hashed)?;
    }
    answers.finish()?;
    Ok(exit)
}

fn hash(name: &OsString) -> Result<(OutputId, u64), Failure> {
    let path = Path::new(name);
    let mut input: Box<dyn Read> = if name == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(Failure::file("open", path, Role::Input))?)
    };
    OutputId::of_reader_ahead(&mut *input).map_err(Failure::file("read", path, Role::Input))
}

/// A line as sha256sum writes it, without its end: where it ends in a line feed, one for a name with
/// a backslash or a line break begins with a backslash and has these escaped.
fn sha256sum_line(output: &OutputId, name: &OsString, end: u8) -> Vec<u8> {
    let name = name.as_encoded_bytes();
    let mut line = Vec::with_capacity(name.len() + 68);
    let is_escaped = end == b'\n' && name.iter().any(|b| matches!(b, b'\\' | b'\n' | b'\r'));
    if is_escaped {
        line.push(b'\\');
    }
    line.extend_from_slice(format!("{output}  ").as_bytes());
    for &byte in name {
        match byte {
            byte if !is_escaped => line.push(byte),
            b'\\' => line.extend_from_slice(br"\\"),
            b'\n' => line.extend_from_slice(br"\n"),
            b'\r' => line.extend_from_slice(br"\r"),
            byte => line.push(byte),
        }
    }
    line
}
