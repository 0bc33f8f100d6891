//! One string as a program and its arguments.

use crate::error::UnterminatedQuote;

#[cfg(test)]
mod tests;

const SPACES: [char; 4] = [' ', '\t', '\n', '\r'];

/// Splits a command as the go command does (its `cmd/internal/quoted`): at spaces, tabs and line
/// ends, except in a field that begins with `'` or `"`, which ends at the next one. Quotes inside a
/// field, and backslashes, are characters like others.
pub(crate) fn split(command: &str) -> Result<Vec<&str>, UnterminatedQuote> {
    let mut fields = Vec::new();
    let mut rest = command;
    loop {
        rest = rest.trim_start_matches(SPACES);
        let field = match rest.chars().next() {
            None => return Ok(fields),
            Some(quote @ ('\'' | '"')) => {
                let (field, after) =
                    rest[1..].split_once(quote).ok_or(UnterminatedQuote { quote })?;
                rest = after;
                field
            }
            Some(_) => {
                let (field, after) = rest.split_at(rest.find(SPACES).unwrap_or(rest.len()));
                rest = after;
                field
            }
        };
        fields.push(field);
    }
}
