//! What holds for bytes as a Go string literal, whatever they are. The tests deal it some, and the
//! fuzz target any.

use crate::quote::Quoted;

/// The literal is one line of printable text, as long as it may be, and Go reads the same bytes out
/// of it.
pub fn literal(bytes: &[u8]) {
    let literal = Quoted(bytes).to_string();
    assert!(!literal.contains(char::is_control), "{literal:?}");
    // A byte that is not UTF-8 becomes four; a character of three may become six, of four ten.
    assert!(literal.len() <= 2 + 4 * bytes.len(), "{literal}");
    assert_eq!(unquoted(&literal).as_deref(), Some(bytes), "{literal}");
    // What stands beside it changes nothing of it, unless the two make one character.
    if str::from_utf8(bytes).is_ok() {
        let whole = Quoted(&[b"a\"", bytes, "\u{e9}".as_bytes()].concat()).to_string();
        assert_eq!(whole, format!("\"a\\\"{}\u{e9}\"", &literal[1..literal.len() - 1]));
    }
}

/// The bytes of a literal in double quotes, as Go's `strconv.Unquote` reads it.
fn unquoted(literal: &str) -> Option<Vec<u8>> {
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::new();
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '"' | '\n' => return None,
            '\\' => {
                let escape = rest.chars().next()?;
                rest = &rest[escape.len_utf8()..];
                let plain = match escape {
                    'a' => 7,
                    'b' => 8,
                    'f' => 12,
                    'n' => b'\n',
                    'r' => b'\r',
                    't' => b'\t',
                    'v' => 11,
                    '\\' | '"' => escape as u8,
                    'x' | 'u' | 'U' => {
                        let digits = [('x', 2), ('u', 4), ('U', 8)];
                        let (_, length) = digits.into_iter().find(|(name, _)| *name == escape)?;
                        let number = u32::from_str_radix(rest.get(..length)?, 16).ok()?;
                        rest = &rest[length..];
                        if escape == 'x' {
                            bytes.push(number as u8);
                        } else {
                            bytes.extend(char::from_u32(number)?.to_string().bytes());
                        }
                        continue;
                    }
                    _ => return None,
                };
                bytes.push(plain);
            }
            _ => bytes.extend(character.to_string().bytes()),
        }
    }
    Some(bytes)
}
