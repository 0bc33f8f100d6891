//! What a stream can make the reader hold: a message up to the limit, a buffer of a body, no stack.

mod common;

use std::io::{self, Cursor, Read};

use cache_prog_wire::{HEADER_LIMIT, Problem, RequestReader};
use common::{Pieces, requests, responses};

/// A whole request.
const GET: &str = "{\"ID\":1}\n";

#[test]
fn a_message_may_be_as_long_as_the_limit_and_no_longer() {
    let (head, tail) = ("{\"ID\":1,\"New\":\"", "\"}");
    let filler = "x".repeat(HEADER_LIMIT - head.len() - tail.len());
    let longest = format!("{head}{filler}{tail}");
    assert_eq!(longest.len(), HEADER_LIMIT);
    let all = requests(format!("{GET}{longest}{longest}").as_bytes()).expect("three requests");
    assert_eq!(all.len(), 3);

    let longer = format!("{GET}{head}x{filler}{tail}");
    let error = requests(longer.as_bytes()).expect_err("a message that is too long");
    assert_eq!((error.message, error.byte), (2, GET.len() as u64));
    assert!(matches!(error.problem, Problem::TooLong { limit: HEADER_LIMIT }), "{error}");
}

/// An endless stream: some bytes, then others over and over.
struct Endless {
    begin: Cursor<&'static [u8]>,
    then: &'static [u8],
    at: usize,
}

impl Endless {
    fn of(begin: &'static [u8], then: &'static [u8]) -> Self {
        Self { begin: Cursor::new(begin), then, at: 0 }
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let begun = self.begin.read(buffer)?;
        if begun > 0 {
            return Ok(begun);
        }
        for byte in buffer.iter_mut() {
            *byte = self.then[self.at % self.then.len()];
            self.at += 1;
        }
        Ok(buffer.len())
    }
}

#[test]
fn a_message_without_end_is_given_up_at_the_limit() {
    for (begin, then) in [
        (&b"{\"New\":\""[..], &b"x"[..]),
        (b"{\"New\":", b"["),
        (b"{\"New\":", b"{\"a\":"),
        (b"{", b" "),
        (b"{", b"\"New\":1,"),
    ] {
        let mut counted = Pieces::of(&[usize::MAX], Endless::of(begin, then));
        let error = RequestReader::new(&mut counted).next().expect_err("a message without end");
        assert!(matches!(error.problem, Problem::TooLong { .. }), "{error}");
        assert!(counted.given <= (HEADER_LIMIT + (256 << 10)) as u64 + 16, "{}", counted.given);
    }
}

#[test]
fn a_body_without_end_needs_a_fixed_buffer() {
    let begin = br#"{"ID":2,"Command":"put","BodySize":1}""#;
    let mut counted = Pieces::of(&[usize::MAX], Endless::of(begin, b"QUJD"));
    let mut reader = RequestReader::new(&mut counted);
    reader.next().expect("a put");
    let copied = io::copy(&mut reader.body().take(6 << 20), &mut io::sink()).expect("a part");
    assert_eq!(copied, 6 << 20);
    let ahead = counted.given - (8 << 20);
    assert!(ahead <= 128 << 10, "{ahead} bytes read ahead");
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    // As deep as a message can be, on the small stack of a test's thread.
    for (open, close) in [("[", "]"), ("{\"\":", "}")] {
        let depth = (HEADER_LIMIT - 100) / (open.len() + close.len());
        let deep = format!("{}0{}", open.repeat(depth), close.repeat(depth));
        let all =
            requests(format!("{{\"ID\":7,\"New\":{deep}}}").as_bytes()).expect("it is skipped");
        assert_eq!(all[0].0.id, 7);
        assert_eq!(responses(format!("{{\"New\":{deep}}}").as_bytes()).expect("skipped").len(), 1);
        // In a field that it cannot be the value of.
        for field in ["ID", "ActionID", "Command"] {
            requests(format!("{{\"{field}\":{deep}}}").as_bytes()).expect_err("the wrong kind");
        }
        responses(format!("{{\"KnownCommands\":{deep}}}").as_bytes()).expect_err("the wrong kind");
    }
}
