//! What it writes.

use std::io::{self, Write};
use std::process::exit;
use std::time::Instant;

use cache_prog_wire::{Response, write_response};
use test_attacks::Dice;

use crate::LIFE;

/// Writes, and is gone when nobody reads that any more.
pub(super) fn say(bytes: &[u8]) {
    let mut out = io::stdout();
    if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
        exit(0);
    }
}

/// Says one of these lines.
pub(super) fn say_line(dice: &mut Dice, lines: &str) {
    let lines: Vec<_> = lines.split_inclusive('\n').collect();
    say(dice.pick(&lines).as_bytes());
}

pub(super) fn say_for_ever(bytes: &[u8]) -> ! {
    let begun = Instant::now();
    while begun.elapsed() < LIFE {
        say(bytes);
    }
    exit(0)
}

pub(super) fn text_of(response: &Response) -> Vec<u8> {
    let mut text = Vec::new();
    // What cannot be sent is sent as nothing at all.
    write_response(&mut text, response).ok();
    text
}

/// What is no reply.
pub(super) fn garbage(dice: &mut Dice, id: i64) {
    match dice.below(8) {
        0 => say(b"{\"ID\":1,\"DiskPath\":\"/\xff\xfe\"}\n"),
        1 => say(b"\xff\xd8\xff\xe0"),
        2 => {
            let bytes = dice.bytes(100_000);
            say(&bytes);
        }
        3 => {
            let texts = [
                "\0",
                "\u{feff}",
                "{\"ID\":#ID,\"DiskPath\":\"\\ud800\"}",
                "{\"ID\":#ID,\"DiskPath\":\"/a\nb\"}",
            ];
            say(dice.pick(&texts).replace("#ID", &id.to_string()).as_bytes());
        }
        _ => {
            let texts = include_str!("no-replies.txt");
            say_line(dice, &texts.replace("#ID", &id.to_string()));
        }
    }
}
