//! How a stream of requests ends.

use cache_prog_wire::Request;
use test_attacks::Dice;

use crate::common::{action, put};
use crate::script::{Item, Owed, any_action, disguised, header, number, some};

/// The last request there is.
pub(crate) fn goodbye(dice: &mut Dice) -> Item {
    let id = number(dice);
    let text = header(&Request::close(id));
    Item::new(id, Owed::Goodbye, disguised(dice, text))
}

/// What ends the stream wrongly.
pub(crate) fn garbage(dice: &mut Dice) -> Item {
    let id = number(dice);
    if dice.one_in(3) {
        return wrong_body(dice, id);
    }
    let owed = Owed::End { refused: false };
    let long = "x".repeat(300_000);
    let deep = "[".repeat(300_000);
    // Beside those that are easier to write down in Rust.
    let mut texts: Vec<_> = include_str!("no-requests.txt").lines().collect();
    texts.extend([
        "\0",
        "\u{feff}{}",
        "{\"Command\":\"\\x\"}",
        "{\"Command\":\"\\ud800\"}",
        "{\"Command\":\"a\nb\"}",
        "{\"Command\":\"\u{1}\"}",
        "{\"New\":\"\u{7f}\u{0}\"}",
    ]);
    match dice.below(12) {
        0 => Item::new(
            id,
            owed,
            *dice.pick(&[&b"\xff"[..], b"{\"Command\":\"\xff\xfe\"}", b"{\xc3}"]),
        ),
        1 => Item::new(id, owed, format!("{{\"ID\":{id},\"New\":\"{long}\"}}\n")),
        2 => Item::new(id, owed, format!("{{\"New\":{deep}")),
        3 => {
            // A line without an end, of which only the beginning is read.
            let part = *dice.pick(&["x", " ", "\\\"", "[", "{\"a\":"]);
            let opening = if part.starts_with(['x', '\\']) { "{\"New\":\"" } else { "{\"New\":" };
            Item { tail: (part.repeat(1 << 14).into(), 1 << 8), ..Item::new(id, owed, opening) }
        }
        _ => Item::new(id, owed, format!("{}\n", dice.pick(&texts))),
    }
}

/// A put whose body is no body.
fn wrong_body(dice: &mut Dice, id: i64) -> Item {
    let body = some(dice, 3000);
    let mut text = header(&put(id, &any_action(dice), &body));
    let next = header(&Request::get(3, &action(3)));
    let mut wrong: Vec<_> = include_str!("no-bodies.txt").lines().map(str::as_bytes).collect();
    wrong.extend([
        &*next,
        b"null\n",
        b"\"AA\nA\"",
        b"\"\\x\"",
        b"\"\\u00e9\"",
        b"\"\\uD83D\"",
        b"\"\0AAA\"",
        b"\"\xff\xff\xff\xff\"",
    ]);
    text.extend_from_slice(wrong[dice.below(wrong.len())]);
    Item::new(id, Owed::End { refused: true }, text)
}
