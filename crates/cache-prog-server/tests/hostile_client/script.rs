//! What a hostile client sends, and what it is owed for it.

use std::io::{self, Write};

use cache_core::{ActionId, OutputId};
use cache_prog_wire::{Command, Request, RequestWriter};
use test_attacks::Dice;

use crate::common::{action, put};

/// How many actions there are.
const ACTIONS: usize = 6;

/// Requests one after another, and what becomes of each.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) items: Vec<Item>,
}

/// One message, with its body.
pub(crate) struct Item {
    pub(crate) id: i64,
    pub(crate) owed: Owed,
    /// Of a put that tells the truth.
    pub(crate) stores: Option<(ActionId, OutputId)>,
    pub(crate) text: Vec<u8>,
    /// What the text is followed by, so many times.
    pub(crate) tail: (Vec<u8>, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owed {
    /// A hit or a miss.
    Lookup,
    /// The path of what was stored.
    Path,
    /// An error, after which it goes on.
    Refusal,
    /// A reply without an error, and no more after it.
    Goodbye,
    /// The end, in this message. Before it an error, where it is the body that is wrong.
    End { refused: bool },
}

impl Item {
    pub(crate) fn new(id: i64, owed: Owed, text: impl Into<Vec<u8>>) -> Self {
        Self { id, owed, stores: None, text: text.into(), tail: (Vec::new(), 0) }
    }

    /// In bytes.
    pub(crate) fn length(&self) -> usize {
        self.text.len() + self.tail.0.len() * self.tail.1
    }

    /// How many bytes of it have to come for all of it to be there.
    pub(crate) fn needed(&self) -> usize {
        let space = if self.tail.1 == 0 {
            self.text.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count()
        } else {
            0
        };
        self.length() - space
    }

    /// Sends the first bytes of it, in pieces of any size.
    pub(crate) fn send(
        &self,
        out: &mut impl Write,
        limit: usize,
        dice: &mut Dice,
    ) -> io::Result<()> {
        let mut left = limit.min(self.length());
        let tail = (0..self.tail.1).map(|_| &*self.tail.0);
        for part in [&*self.text].into_iter().chain(tail) {
            let mut part = &part[..left.min(part.len())];
            left -= part.len();
            while !part.is_empty() {
                let most = *dice.pick(&[1, 100, 10_000, 1 << 20, 1 << 20]);
                let (piece, rest) = part.split_at(1 + dice.below(most.min(part.len())));
                out.write_all(piece)?;
                part = rest;
            }
        }
        Ok(())
    }
}

impl Script {
    /// So many requests, after each of which it goes on.
    pub(crate) fn deal(dice: &mut Dice, count: usize) -> Self {
        let items = (0..count).map(|_| request(dice)).collect();
        Self { items }
    }

    /// Many small ones.
    pub(crate) fn crowd(dice: &mut Dice, count: usize) -> Self {
        let small = |id| {
            let body = some(dice, 100);
            if dice.one_in(4) { truthful(dice, id, &body) } else { lookup(dice, id) }
        };
        Self { items: (0..count as i64).map(small).collect() }
    }

    /// A put that announces one body and sends another of so many times 48 KiB, which nobody may
    /// keep in memory.
    pub(crate) fn giant(dice: &mut Dice, times: usize) -> Self {
        let announced = *dice.pick(&[10, 1000, 1 << 20, 1 << 20, 5 << 20, i64::MAX]);
        let request = Request::put(7, &action(1), &OutputId::of(b"other bytes"), announced);
        let mut item = Item::new(7, Owed::Refusal, header(&request));
        item.text.push(b'"');
        item.tail = (b"QUJD".repeat(1 << 14), times);
        let end = Item::new(8, Owed::Goodbye, [b"\"\n", &*header(&Request::close(8))].concat());
        Self { items: vec![item, end] }
    }
}

pub(crate) fn header(request: &Request) -> Vec<u8> {
    let mut text = Vec::new();
    RequestWriter::new(&mut text).request(request).expect("a request");
    text
}

/// A request with a body.
fn with_body(request: &Request, body: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut writer = RequestWriter::new(&mut text);
    let mut writing = writer.put(request).expect("a request");
    writing.write(body).expect("a body");
    writing.finish().expect("a body");
    text
}

/// Numbers that are used again and again, and such as nobody uses.
pub(crate) fn number(dice: &mut Dice) -> i64 {
    match dice.below(8) {
        0 => *dice.pick(&[0, -1, i64::MIN, i64::MAX]),
        1 => dice.seed() as i64,
        _ => dice.up_to(20) as i64,
    }
}

pub(crate) fn any_action(dice: &mut Dice) -> ActionId {
    action(dice.below(ACTIONS) as u8)
}

fn any_body(dice: &mut Dice) -> Vec<u8> {
    const MIB: usize = 1 << 20;
    let size = match dice.below(12) {
        0 => *dice.pick(&[MIB - 1, MIB, MIB + 1, 2 * MIB]),
        1 | 2 => dice.below(300_000),
        _ => dice.below(2000),
    };
    dice.bytes(size)
}

/// Up to so many bytes, and at least one.
pub(crate) fn some(dice: &mut Dice, most: usize) -> Vec<u8> {
    let size = 1 + dice.below(most);
    dice.bytes(size)
}

/// Any request after which it goes on.
fn request(dice: &mut Dice) -> Item {
    let id = number(dice);
    let item = match dice.below(12) {
        0..4 => lookup(dice, id),
        4..8 => {
            let body = any_body(dice);
            truthful(dice, id, &body)
        }
        8 | 9 => untrue(dice, id),
        _ => refused(dice, id),
    };
    Item { text: disguised(dice, item.text), ..item }
}

fn lookup(dice: &mut Dice, id: i64) -> Item {
    Item::new(id, Owed::Lookup, header(&Request::get(id, &any_action(dice))))
}

fn truthful(dice: &mut Dice, id: i64, body: &[u8]) -> Item {
    let action = any_action(dice);
    let item = Item::new(id, Owed::Path, with_body(&put(id, &action, body), body));
    Item { stores: Some((action, OutputId::of(body))), ..item }
}

/// A put whose body is not what it announces.
fn untrue(dice: &mut Dice, id: i64) -> Item {
    let mut body = any_body(dice);
    body.push(1);
    let mut request = put(id, &any_action(dice), &body);
    match dice.below(5) {
        0 => request.output = Some(dice.bytes(32)),
        1 => request.body_size += 1 + dice.up_to(10) as i64,
        2 => request.body_size = *dice.pick(&[1 << 31, 1 << 40, i64::MAX]),
        3 => body.extend(some(dice, 1000)),
        _ => *body.last_mut().expect("a byte") ^= 1,
    }
    Item::new(id, Owed::Refusal, with_body(&request, &body))
}

/// A request that makes no sense.
fn refused(dice: &mut Dice, id: i64) -> Item {
    let body = some(dice, 100);
    let mut request = put(id, &any_action(dice), &body);
    let length = *dice.pick(&[0, 1, 31, 33, 64, 5000]);
    let wrong = Some(dice.bytes(length));
    let text = match dice.below(7) {
        0 => with_body(&Request { output: None, ..request }, &body),
        1 => with_body(&Request { output: wrong, ..request }, &body),
        2 => with_body(&Request { action: wrong, ..request }, &body),
        3 => {
            request.body_size = *dice.pick(&[-1, i64::MIN]);
            header(&request)
        }
        4 => header(&Request { command: Command::Get, action: None, ..request }),
        5 => header(&Request { command: Command::Get, action: wrong, ..request }),
        _ => {
            let name = *dice.pick(&["", "Get", "GET", "put ", "close\0", "trim", "\u{fffd}é\n"]);
            header(&Request { command: Command::Other(name.to_owned()), ..request })
        }
    };
    Item::new(id, Owed::Refusal, text)
}

/// The same to a decoder of JSON that takes what Go's takes.
pub(crate) fn disguised(dice: &mut Dice, mut text: Vec<u8>) -> Vec<u8> {
    let end = text.iter().position(|byte| *byte == b'\n').expect("a line");
    let body = text.split_off(end);
    let mut line = String::from_utf8(text).expect("JSON");
    if dice.one_in(4) {
        line = line.replace("\"ID\"", "\"iD\"").replace("\"Command\"", "\"COMMAND\"");
        line = line.replace("\"ActionID\"", "\"actionid\"").replace("\"OutputID\"", "\"objectID\"");
    }
    if dice.one_in(4) {
        let deep = format!("{}0{}", "[".repeat(100), "]".repeat(100));
        let new = ["null", "true", "[{\"ID\":1},[]]", "\"}{\\\"\"", "-1.5e-7", &deep];
        line.insert_str(1, &format!("\"New\":{},", dice.pick(&new)));
    }
    if dice.one_in(8) {
        line.insert_str(1, "\"ID\":null,\"Command\":\"close\",\"BodySize\":null,");
    }
    if dice.one_in(8) {
        let spaces = [" ", "\n\n", "\t\r\n", "                "];
        line.insert_str(0, spaces[dice.below(4)]);
    }
    let mut text = line.into_bytes();
    if dice.one_in(4) && body.len() < 10_000 {
        let body = String::from_utf8(body).expect("base64");
        let slashes = ["\\/", "\\u002f", "\\u002F", "/\\n\\r"];
        let mut wide = body.replace('/', slashes[dice.below(4)]);
        if dice.one_in(2) {
            wide.insert_str(0, "\n \r\n\t");
        }
        text.extend(wide.into_bytes());
    } else {
        text.extend(body);
    }
    text
}
