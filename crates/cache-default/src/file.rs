//! The settings file.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::kind::{KEYS, Kind, MASK, Said};
use crate::setting::{Origin, Setting};

/// What a settings file may have, in bytes. One that is larger is something else.
const MAX_BYTES: u64 = 1 << 20;

/// How many characters of a wrong value an error shows.
const SHOWN: usize = 100;

/// A settings file that was read, and in which every key is one that there is.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    path: Arc<Path>,
    found: Vec<Found>,
}

/// One value in the file.
#[derive(Debug)]
struct Found {
    key: String,
    line: usize,
    /// As it stands there, quotes and all.
    written: String,
    value: Value,
}

/// [`Said`], owned.
#[derive(Debug)]
enum Value {
    Text(String),
    Number(u64),
    Truth(bool),
    List(Vec<String>),
    Other,
}

impl SettingsFile {
    /// Reads the file; `None` when it is not there.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, FileError> {
        let wrong = |line, problem| FileError { path: path.to_owned(), line, problem };
        let text = match read_text(path) {
            Ok(text) => text,
            Err(FileProblem::Unreadable(e))
                if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(problem) => return Err(wrong(None, problem)),
        };
        let text = String::from_utf8(text).map_err(|e| {
            let (good, _) = e.as_bytes().split_at(e.utf8_error().valid_up_to());
            wrong(Some(line_at(good, good.len())), FileProblem::NotUtf8)
        })?;
        let table = DeTable::parse(&text).map_err(|e| {
            let line = e.span().map(|span| line_at(text.as_bytes(), span.start));
            wrong(line, FileProblem::NotToml(e.message().to_owned()))
        })?;
        let mut found = Vec::new();
        flatten(&text, "", table.get_ref(), &mut found);
        // In the order of the file, so that the first mistake is the first that is told.
        found.sort_by_key(|found| found.line);
        if let Some(unknown) = found.iter().find(|found| !KEYS.contains(&&*found.key)) {
            let problem = FileProblem::UnknownKey { key: shown(&unknown.key) };
            return Err(wrong(Some(unknown.line), problem));
        }
        Ok(Some(Self { path: path.into(), found }))
    }

    /// The value of a setting, when the file has one.
    pub(crate) fn get<T>(&self, kind: &Kind<T>) -> Result<Option<Setting<T>>, FileError> {
        let Some(found) = self.found.iter().find(|found| found.key == kind.key) else {
            return Ok(None);
        };
        let said = match &found.value {
            Value::Text(text) => Said::Text(text),
            Value::Number(number) => Said::Number(*number),
            Value::Truth(truth) => Said::Truth(*truth),
            Value::List(items) => Said::List(items),
            Value::Other => Said::Other,
        };
        let value = (kind.read)(said).ok_or_else(|| FileError {
            path: self.path.to_path_buf(),
            line: Some(found.line),
            problem: FileProblem::WrongValue {
                key: kind.key,
                found: if kind.is_secret {
                    MASK.to_owned()
                } else {
                    one_line(&shown(&found.written))
                },
                expected: kind.expected,
            },
        })?;
        let origin = Origin::File { path: self.path.clone(), line: found.line };
        Ok(Some(Setting { value, origin }))
    }
}

fn read_text(path: &Path) -> Result<Vec<u8>, FileProblem> {
    // A named pipe would be waited for.
    if !fs::metadata(path).map_err(FileProblem::Unreadable)?.is_file() {
        return Err(FileProblem::NotAFile);
    }
    let mut text = Vec::new();
    let file = File::open(path).map_err(FileProblem::Unreadable)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(FileProblem::Unreadable)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(FileProblem::TooLarge);
    }
    Ok(text)
}

/// Every value of a table, under its dotted name.
fn flatten(text: &str, prefix: &str, table: &DeTable<'_>, found: &mut Vec<Found>) {
    for (key, spanned) in table {
        let name = format!("{prefix}{}", key.get_ref());
        let value = match spanned.get_ref() {
            // An empty one is a mistake as well, and has no key of its own to be found by.
            DeValue::Table(inner) if !inner.is_empty() => {
                flatten(text, &format!("{name}."), inner, found);
                continue;
            }
            DeValue::String(text) => Value::Text(text.clone().into_owned()),
            DeValue::Integer(n) => {
                u64::from_str_radix(n.as_str(), n.radix()).map_or(Value::Other, Value::Number)
            }
            DeValue::Boolean(truth) => Value::Truth(*truth),
            DeValue::Array(items) => {
                let texts = items.iter().map(|item| Some(item.get_ref().as_str()?.to_owned()));
                texts.collect::<Option<_>>().map_or(Value::Other, Value::List)
            }
            _ => Value::Other,
        };
        found.push(Found {
            key: name,
            line: line_at(text.as_bytes(), key.span().start),
            written: text.get(spanned.span()).unwrap_or_default().to_owned(),
            value,
        });
    }
}

/// The line, counted from 1, of the byte at this place.
fn line_at(text: &[u8], at: usize) -> usize {
    1 + text.iter().take(at).filter(|byte| **byte == b'\n').count()
}

/// The beginning of what may be long.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The same without line ends, and without what is an order to a terminal: a value may have several
/// lines.
fn one_line(text: &str) -> String {
    let escaped = |character: char| match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// What an author of a path who is used to a shell has to know.
fn about_tilde(found: &str) -> &'static str {
    match found.trim_start_matches(['"', '\'']).starts_with("~/") {
        true => ", and ~ is not expanded",
        false => "",
    }
}

/// What is wrong with the settings file.
#[derive(Debug)]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong there.
    pub problem: FileProblem,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, problem } = self;
        match line {
            Some(line) => write!(f, "{}:{line}: {problem}", path.display()),
            None => write!(f, "settings file {}: {problem}", path.display()),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            FileProblem::Unreadable(e) => Some(e),
            _ => None,
        }
    }
}

/// What can be wrong with a settings file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// The system does not let it be read.
    #[error("it cannot be read: {0}; make it readable for this user, or remove it")]
    Unreadable(io::Error),
    /// It is a folder, a pipe, a device.
    #[error("it is not a file; remove it, or put a file in its place")]
    NotAFile,
    /// It has over a mebibyte.
    #[error("it has over {MAX_BYTES} bytes, which no settings need")]
    TooLarge,
    /// It is not text.
    #[error("this line is not UTF-8")]
    NotUtf8,
    /// It is not TOML, for this reason.
    #[error("this is not TOML: {0}")]
    NotToml(String),
    /// There is no such setting.
    #[error("there is no setting {key:?}; there are {}", KEYS.join(", "))]
    UnknownKey {
        /// The key, as it stands there.
        key: String,
    },
    /// The value is none that this setting can have.
    #[error("{key} is {found}; it must be {expected}{}", about_tilde(found))]
    WrongValue {
        /// The setting.
        key: &'static str,
        /// The value, as it stands there, but in one line; `***` for one that may hold a secret.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
}
