//! Differences as text.

use std::fmt;

use super::{Change, Difference, InputChange, StdinChange};
use crate::Text;

/// How many characters of a value are shown.
const SHOWN: usize = 60;

/// The most characters of a subject that the others' changes are aligned to.
const ALIGNED: usize = 48;

/// Aligned lines for up to `most` differences, and one that counts the others.
pub fn aligned(differences: &[Difference], most: usize) -> Vec<String> {
    let rows = differences.iter().take(most);
    let rows: Vec<_> = rows.map(|row| (row.part(), row.subject(), row.change())).collect();
    let part_width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0);
    let widths = rows.iter().map(|row| row.1.chars().count()).filter(|&width| width <= ALIGNED);
    let subject_width = widths.max().unwrap_or(0);
    let line = |(part, subject, change): &(&str, String, String)| {
        let gap = if subject_width == 0 && subject.is_empty() { "" } else { "  " };
        format!("{part:part_width$}  {subject:subject_width$}{gap}{change}")
    };
    let mut lines: Vec<_> = rows.iter().map(line).collect();
    match differences.len() - rows.len() {
        0 => {}
        more => lines.push(format!("and {more} more")),
    }
    lines
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.part())?;
        for part in [self.subject(), self.change()] {
            if !part.is_empty() {
                write!(f, "  {part}")?;
            }
        }
        Ok(())
    }
}

impl Difference {
    /// Which part of the description it is in: `input`, `env`, `argument`.
    pub(crate) fn part(&self) -> &'static str {
        match self {
            Self::KeyVersion { .. } => "key version",
            Self::Platform(_) => "platform",
            Self::Dir(_) => "directory",
            Self::Argument(..) => "argument",
            Self::Tool(_) => "tool",
            Self::Env(..) | Self::EnvDeclared(_) | Self::EnvDropped(_) => "env",
            Self::Stdin(_) => "stdin",
            Self::OutputDeclared(_) | Self::OutputDropped(_) => "output",
            Self::Input(..) => "input",
        }
    }

    /// What it is about: the input's name, the variable's, the argument's number. Empty where the
    /// part says it.
    pub(crate) fn subject(&self) -> String {
        match self {
            Self::KeyVersion { .. } | Self::Platform(_) | Self::Dir(_) | Self::Stdin(_) => {
                String::new()
            }
            Self::Argument(number, _) => number.to_string(),
            Self::Env(name, _)
            | Self::EnvDeclared(name)
            | Self::EnvDropped(name)
            | Self::Tool(name) => name.to_string(),
            Self::OutputDeclared(name) | Self::OutputDropped(name) | Self::Input(name, _) => {
                path(name)
            }
        }
    }

    /// What happened to it: `contents changed`.
    pub fn change(&self) -> String {
        match self {
            Self::KeyVersion { last, now } => format!("{last} became {now}, with another larder"),
            Self::Platform(change) | Self::Argument(_, change) => values(change, "none"),
            Self::Dir(Change { last, now }) => {
                let path = |dir: &Option<Text>| dir.as_ref().map(path).unwrap_or_default();
                format!("{} became {}", path(last), path(now))
            }
            Self::Env(_, change) => values(change, "unset"),
            Self::Tool(_) => "contents changed".to_owned(),
            Self::EnvDeclared(_) | Self::OutputDeclared(_) => "is declared now".to_owned(),
            Self::EnvDropped(_) | Self::OutputDropped(_) => "is not declared any more".to_owned(),
            Self::Stdin(change) => stdin(*change).to_owned(),
            Self::Input(_, change) => input(*change),
        }
    }
}

/// A name, with that of the root made visible.
fn path(name: &Text) -> String {
    if name.as_bytes().is_empty() { ".".to_owned() } else { name.to_string() }
}

fn stdin(change: StdinChange) -> &'static str {
    match change {
        StdinChange::Contents => "contents changed",
        StdinChange::Declared => "is an input now",
        StdinChange::Dropped => "is not an input any more",
    }
}

fn input(change: InputChange) -> String {
    match change {
        InputChange::Added => "added".to_owned(),
        InputChange::Removed => "removed".to_owned(),
        InputChange::Contents => "contents changed".to_owned(),
        InputChange::Mode { last, now } => format!("mode {last:03o} became {now:03o}"),
        InputChange::ContentsAndMode { last, now } => {
            format!("contents changed, and mode {last:03o} became {now:03o}")
        }
        InputChange::Link => "leads elsewhere".to_owned(),
        InputChange::Kind { last, now } => format!("was {last}, is {now}"),
        InputChange::Rewritten => "was written to".to_owned(),
    }
}

fn values(Change { last, now }: &Change, absent: &str) -> String {
    let of = |value: &Option<Text>| value.as_ref().map(Text::to_string);
    let (last, now) = (of(last), of(now));
    let (start, prefix) = match (&last, &now) {
        (Some(last), Some(now)) => common_start(last, now),
        _ => (0, ""),
    };
    let show = |value: Option<String>| match value {
        Some(value) => shortened(&value[start..], prefix),
        None => absent.to_owned(),
    };
    format!("{} became {}", show(last), show(now))
}

/// From which byte on two values are shown, and what stands for what is before: of two long ones
/// that begin alike, the beginning says nothing.
fn common_start(last: &str, now: &str) -> (usize, &'static str) {
    /// How many characters before the first difference are shown.
    const BEFORE: usize = 16;
    if last.chars().count().max(now.chars().count()) <= SHOWN {
        return (0, "");
    }
    let same = last.char_indices().zip(now.chars()).take_while(|((_, a), b)| a == b);
    let places: Vec<usize> = same.map(|((place, _), _)| place).collect();
    match places.len().checked_sub(BEFORE) {
        None | Some(0) => (0, ""),
        Some(index) => (places[index], "…"),
    }
}

fn shortened(value: &str, prefix: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("\"{prefix}{}…\"", &value[..end]),
        None => format!("\"{prefix}{value}\""),
    }
}
