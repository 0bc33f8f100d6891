//! `larder key`: derives an action ID.

use std::ffi::OsString;
use std::io::Write;

use anyhow::Result;
use cache_core::ActionId;
use cache_hash::{KeySpace, Trace};
use serde::Serialize;

use crate::args::{LineEnd, action_id};
use crate::failure::{Exit, Failure};
use crate::report::{self, Answers};
use crate::session::Session;

/// Derive an action ID from a description of what is computed
///
/// The ID is the SHA-256 of the salt and of every PART, each with a NUL byte after it. With
/// --subkey it is the go command's subkey of another action ID: for a further result of the same
/// action. Flags stand before the first PART: all that follows it is parts.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --json: {action}.

With LARDER_DEBUG=hash=1 what is hashed goes to stderr, piece by piece.

Example:
  id=$(larder key --salt 'gcc 14.2.0' cc -O2 \"$(larder hash hello.c)\")
  warnings=$(larder key --subkey \"$id\" warnings)")]
pub(crate) struct Args {
    /// Keep these keys apart from those of others: the name and version of what computes
    #[arg(
        long,
        value_name = "S",
        conflicts_with = "subkey",
        default_value = "",
        hide_default_value = true
    )]
    salt: OsString,
    /// Derive from this action ID and exactly one PART
    #[arg(long, value_name = "OF", value_parser = action_id)]
    subkey: Option<ActionId>,
    #[command(flatten)]
    end: LineEnd,
    /// A part of the description: an argument, a setting, the output ID of an input
    #[arg(required = true, trailing_var_arg = true, value_name = "PART")]
    parts: Vec<OsString>,
}

#[derive(Serialize)]
struct Answer {
    action: ActionId,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let end = args.end.byte(session.json)?;
    let action = match &args.subkey {
        Some(parent) => subkey(parent, &args.parts, session.trace()?)?,
        None => key(&args.salt, &args.parts, session.trace()?)?,
    };
    if session.json {
        report::json(&Answer { action })?;
        return Ok(Exit::Done);
    }
    let mut answers = Answers::new();
    answers.ended(action.to_string().as_bytes(), end)?;
    answers.finish()?;
    Ok(Exit::Done)
}

/// An argument holds no NUL, so neither the salt nor the parts can run together with what follows:
/// two different descriptions are never hashed as the same bytes.
fn key(salt: &OsString, parts: &[OsString], trace: Trace) -> Result<ActionId> {
    let salt = [salt.as_encoded_bytes(), b"\0"].concat();
    let mut hash = KeySpace::new(salt).with_trace(trace).hash("larder key");
    for part in parts {
        hash.write_all(part.as_encoded_bytes())?;
        hash.write_all(b"\0")?;
    }
    Ok(hash.sum())
}

fn subkey(parent: &ActionId, parts: &[OsString], trace: Trace) -> Result<ActionId> {
    let [part] = parts else {
        return Err(Failure::Usage(format!(
            "--subkey takes exactly one PART, not {}; for more, take the subkey of a subkey",
            parts.len()
        ))
        .into());
    };
    let Some(part) = part.to_str() else {
        return Err(Failure::Usage(format!(
            "PART {part:?} is not UTF-8, and a subkey's description is text; name it otherwise"
        ))
        .into());
    };
    Ok(KeySpace::default().with_trace(trace).subkey(parent, part))
}
