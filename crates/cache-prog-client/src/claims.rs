//! What holds for the splitting of a helper's command, whatever it is. The tests deal it some, and
//! the fuzz target any.

use crate::quoting::split;

/// A command is split as Go splits it, and its fields in quotes are split into the same fields.
pub fn command(text: &str) {
    let found = split(text);
    let expected = as_go_splits(text);
    let fields = match (&found, expected) {
        (Ok(fields), Ok(expected)) => {
            assert_eq!(*fields, expected, "{text:?}");
            fields
        }
        (Err(found), Err(expected)) => return assert_eq!(found.quote, expected, "{text:?}"),
        (found, expected) => panic!("{text:?}: {found:?}, and not {expected:?}"),
    };
    let mut rest = text;
    for field in fields {
        let at = rest.find(field).expect("in the order of the command");
        rest = &rest[at + field.len()..];
    }
    let joined = joined(fields);
    assert_eq!(split(&joined).as_ref(), Ok(fields), "{joined:?} of {text:?}");
}

/// Go's `cmd/internal/quoted.Split`, byte by byte as it stands there. The error is the quote.
fn as_go_splits(text: &str) -> Result<Vec<&str>, char> {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let (bytes, mut at, mut fields) = (text.as_bytes(), 0, Vec::new());
    while at < bytes.len() {
        while at < bytes.len() && is_space(bytes[at]) {
            at += 1;
        }
        if at == bytes.len() {
            break;
        }
        let quote = bytes[at];
        let is_quoted = matches!(quote, b'"' | b'\'');
        let begin = if is_quoted { at + 1 } else { at };
        let mut end = begin;
        while end < bytes.len()
            && (if is_quoted { bytes[end] != quote } else { !is_space(bytes[end]) })
        {
            end += 1;
        }
        if is_quoted && end == bytes.len() {
            return Err(quote.into());
        }
        fields.push(&text[begin..end]);
        at = if is_quoted { end + 1 } else { end };
    }
    Ok(fields)
}

/// A command of these fields, each of which was split off one: none has both quotes and a need of
/// them.
fn joined(fields: &[&str]) -> String {
    let quoted = fields.iter().map(|field| {
        let is_plain = !field.is_empty()
            && !field.contains([' ', '\t', '\n', '\r'])
            && !field.starts_with(['"', '\'']);
        match field.contains('"') {
            _ if is_plain => (*field).to_owned(),
            true => format!("'{field}'"),
            false => format!("\"{field}\""),
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}
