//! What `push` and `pull` answer.

use anyhow::Result;
use cache_remote::{Store, Transferred};
use serde::Serialize;

use crate::failure::Exit;
use crate::report::{self, Answers, count};
use crate::session::Session;

/// Which way was copied.
pub(crate) enum Direction {
    Push,
    Pull,
}

#[derive(Serialize)]
struct Answer<'a> {
    store: String,
    copied: u64,
    bytes: u64,
    there: u64,
    gone: u64,
    refused: u64,
    failed: u64,
    not_tried: u64,
    list: Option<&'a str>,
}

/// Tells what was copied, and gives the command's exit code.
pub(crate) fn tell(
    direction: &Direction,
    store: &Store,
    copied: &Transferred,
    session: &Session,
) -> Result<Exit> {
    for problem in &copied.problems {
        report::message(problem);
    }
    if session.json {
        report::json(&answer(store, copied))?;
    } else {
        let mut answers = Answers::new();
        answers.line(format_args!("{}", report::printable(&line(direction, store, copied))))?;
        answers.finish()?;
    }
    Ok(if copied.failed > 0 { Exit::Failed } else { Exit::Done })
}

fn line(direction: &Direction, store: &Store, copied: &Transferred) -> String {
    let (pushed, to, there, list) = match direction {
        Direction::Push => ("pushed", "to", "there", "with the list for"),
        Direction::Pull => ("pulled", "from", "here", "by the list for"),
    };
    let Transferred { bytes, there: n, gone, refused, failed, not_tried, .. } = *copied;
    let entries = count(copied.copied, "entry", "entries");
    let mut line = format!("{pushed} {entries}, {}, {to} {store}; ", report::size(bytes));
    line += &match n {
        1 => format!("1 was {there}"),
        n => format!("{n} were {there}"),
    };
    for (n, what) in [(gone, "gone"), (refused, "refused"), (failed, "failed")] {
        if n > 0 {
            line += &format!(", {n} {what}");
        }
    }
    if not_tried > 0 {
        line += &format!(", {not_tried} not tried after so many failures");
    }
    if let Some(scope) = &copied.list {
        line += &format!("; {list} {scope}");
    }
    line
}

fn answer<'a>(store: &Store, copied: &'a Transferred) -> Answer<'a> {
    Answer {
        store: store.to_string(),
        copied: copied.copied,
        bytes: copied.bytes,
        there: copied.there,
        gone: copied.gone,
        refused: copied.refused,
        failed: copied.failed,
        not_tried: copied.not_tried,
        list: copied.list.as_deref(),
    }
}
