//! Streams that are not the protocol's: each ends with an error that says which message and byte.

mod common;

use std::io::{self, Read};

use cache_prog_wire::{Error, Problem, RequestReader, ResponseReader};
use common::{Pieces, base64, noise, requests, responses};

/// A whole request of 20 bytes.
const GET: &str = "{\"ID\":1,\"A\":\"}{\\\"\"}\n";
const PUT: &str = r#"{"ID":2,"Command":"put","BodySize":1}"#;

/// The error that a stream of requests ends with, the same for reads of any size.
fn error(stream: &str) -> Error {
    let error = requests(stream.as_bytes()).expect_err(stream);
    for size in [1, 2, 3, 5, 8, 64] {
        let other = requests(Pieces::of(&[size], stream.as_bytes())).expect_err(stream);
        assert_eq!(other.to_string(), error.to_string(), "{size} at a time: {stream}");
    }
    error
}

/// Asserts that reading `before`, then `wrong`, fails at the byte of `wrong` that `at` says.
fn fails(before: &str, wrong: &str, message: u64, at: usize) -> Problem {
    let error = error(&format!("{before}{wrong}"));
    assert_eq!((error.message, error.byte), (message, (before.len() + at) as u64), "{error}");
    let (byte, problem) = (error.byte, &error.problem);
    assert_eq!(error.to_string(), format!("message {message}, byte {byte}: {problem}"));
    // The place is the byte; serde's own, within the message, is nowhere in the chain.
    let mut cause = std::error::Error::source(&error);
    while let Some(found) = cause {
        assert!(!found.to_string().contains(" at line "), "{found}");
        cause = found.source();
    }
    error.problem
}

#[test]
fn a_stream_that_ends_in_a_message_says_so() {
    let whole = format!("{GET}{PUT}\"QQ==\"");
    for end in GET.len() + 1..whole.len() {
        let problem = fails("", &whole[..end], 2, end);
        assert!(matches!(problem, Problem::Cut), "cut at {end}: {problem}");
    }
    assert_eq!(requests(whole.as_bytes()).expect("both").len(), 2);
}

#[test]
fn a_stream_that_ends_in_an_escape_says_so() {
    for wrong in [r#""QQ\"#, r#""QQ\u"#, r#""QQ\u00"#] {
        assert!(matches!(fails(PUT, wrong, 1, wrong.len()), Problem::Cut));
    }
}

#[test]
fn something_else_in_a_messages_place_is_named() {
    for (wrong, at, found) in [
        ("[1]", 0, '['),
        ("null", 0, 'n'),
        ("\"QQ==\"", 0, '"'),
        (" \n }", 3, '}'),
        ("\0", 0, '\0'),
    ] {
        let problem = fails(GET, wrong, 2, at);
        assert!(matches!(problem, Problem::Begin { found: f, .. } if f == found), "{problem}");
    }
}

#[test]
fn something_else_in_a_bodys_place_is_named() {
    let before = format!("{GET}{PUT}");
    for (wrong, at, found) in [("QQ==", 0, 'Q'), ("\n {}", 2, '{'), ("null", 0, 'n')] {
        let problem = fails(&before, wrong, 2, at);
        assert!(matches!(problem, Problem::Begin { found: f, .. } if f == found), "{problem}");
    }
}

#[test]
fn what_is_not_base64_is_found_to_the_byte() {
    let before = format!("{GET}{PUT}\n");
    for (wrong, at) in [
        (r#""QQ==QQ==""#, 5), // padding in the middle
        (r#""QQ=Q""#, 4),
        (r#""Q===""#, 2),
        (r#""=QQQ""#, 1),
        (r#""QUJD=""#, 5),
        (r#""QUJDQ""#, 6), // no padding, seen at the closing quote
        (r#""QUJDQQ""#, 7),
        (r#""QUJDQQ=""#, 8),
        (r#""QU-D""#, 3), // the alphabet of URLs
        (r#""QUJDQU_D""#, 7),
        (r#""QU D""#, 3),
        ("\"QUJD\nQUJD\"", 5), // a line break that is not escaped
        ("\"QUJDQUJDQU\u{e4}\"", 11),
        (r#""QUJD\t""#, 5),
        (r#""QUJD\"QQ""#, 5),
        (r#""QUJ\u00e4""#, 4),
        (r#""QUJ\u0141""#, 4),
        (r#""QUJ\u00-1""#, 4),
        (r#""QQ=\u0041""#, 4),
        (r#""QQ==\u003d""#, 5),
    ] {
        let problem = fails(&before, wrong, 2, at);
        assert!(matches!(problem, Problem::Base64), "{wrong}: {problem}");
    }
}

#[test]
fn one_wrong_byte_in_a_large_body_is_found_however_it_is_cut() {
    let text = base64(&noise(200_000));
    for at in [0, 1, 2, 3, 65_535 - PUT.len(), 65_536, 131_071, 199_999] {
        let mut wrong = text.clone().into_bytes();
        wrong[at] = b'*';
        let stream = [PUT.as_bytes(), b"\"", &wrong, b"\""].concat();
        for sizes in [&[usize::MAX][..], &[1], &[1000, 1], &[65_537, 3]] {
            let error = requests(Pieces::of(sizes, stream.as_slice())).expect_err("not base64");
            assert_eq!((error.message, error.byte), (1, (PUT.len() + 1 + at) as u64));
        }
    }
}

#[test]
fn nothing_more_is_given_out_after_an_error_in_a_body() {
    let stream = format!("{PUT}\"QUJDQUJD*QUJDQUJD\"{PUT}");
    let mut reader = RequestReader::new(stream.as_bytes());
    reader.next().expect("a put");
    for _ in 0..3 {
        let error = common::ours(reader.body().read(&mut [0; 64]).expect_err("not base64"));
        assert_eq!(error.byte, (PUT.len() + 9) as u64);
    }
    assert!(reader.next().is_err(), "the rest of such a body cannot be skipped either");
}

#[test]
fn a_body_that_is_skipped_is_checked_all_the_same() {
    let stream = format!("{PUT}\"QUJD*\"{GET}");
    let mut reader = RequestReader::new(stream.as_bytes());
    reader.next().expect("a put");
    let error = reader.next().expect_err("not base64");
    // The body is a part of the first message.
    assert_eq!((error.message, error.byte), (1, (PUT.len() + 5) as u64));
}

#[test]
fn json_that_is_wrong_is_found_to_the_byte() {
    for (wrong, at) in [
        (r#"{"ID":1,}"#, 8),
        (r#"{"ID":}"#, 6),
        (r#"{"ID" 1}"#, 6),
        (r#"{ID:1}"#, 1),
        ("{\n\n\"ID\":?}", 8),
        ("{\r\n\"New\":[1,2,}]}", 14),
    ] {
        let problem = fails(GET, wrong, 2, at);
        assert!(matches!(problem, Problem::Json(_)), "{wrong}: {problem}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_found_within_its_field() {
    for (wrong, field) in [
        (r#"{"ID":1,"Command":7,"New":1}"#, r#""Command":7"#),
        (r#"{"New":1,"ID":"1","Command":"get"}"#, r#""ID":"1""#),
        (r#"{"ID":1.5}"#, r#""ID":1.5"#),
        (r#"{"ID":9223372036854775808}"#, r#""ID":9223372036854775808"#),
        (r#"{"ID":1,"ActionID":"*","New":1}"#, r#""ActionID":"*""#),
        (r#"{"ID":1,"OutputID":"QQ","New":1}"#, r#""OutputID":"QQ""#),
        (r#"{"ID":1,"BodySize":true,"New":1}"#, r#""BodySize":true"#),
    ] {
        let error = error(&format!("{GET}{wrong}"));
        let begin = wrong.find(field).expect("the field");
        let byte = error.byte as usize - GET.len();
        assert_eq!(error.message, 2);
        assert!((begin..=begin + field.len()).contains(&byte), "byte {byte} of {wrong}: {error}");
    }
}

#[test]
fn a_wrong_field_is_told_by_its_name_and_without_a_second_place() {
    for (wrong, says) in [
        (r#"{"ID":1,"ActionID":"*"}"#, "field ActionID is not base64"),
        (r#"{"ID":1,"OutputID":"QQ"}"#, "field OutputID is not base64"),
        (r#"{"ID":}"#, "expected value"),
    ] {
        assert_eq!(error(wrong).problem.to_string(), says);
    }
}

#[test]
fn responses_say_as_well_where_they_are_wrong() {
    let first = "{\"ID\":0,\"KnownCommands\":[\"get\"]}\n";
    for (wrong, at) in [("{\"ID\":1,}", 8), ("{\"ID\":1", 7), ("oops\n", 0)] {
        let stream = format!("{first}{wrong}");
        for size in [1, 7, 1000] {
            let error = responses(Pieces::of(&[size], stream.as_bytes())).expect_err(wrong);
            assert_eq!((error.message, error.byte), (2, (first.len() + at) as u64), "{error}");
        }
    }
    for field in
        ["Time\":\"yesterday\"", "Time\":\"2024-13-01T00:00:00Z\"", "KnownCommands\":\"get\""]
    {
        let error = responses(format!("{{\"{field}}}").as_bytes()).expect_err(field);
        assert!(matches!(error.problem, Problem::Json(_)), "{error}");
    }
}

/// A stream that breaks.
struct Breaks;

impl Read for Breaks {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    }
}

#[test]
fn a_stream_that_breaks_says_where_and_why() {
    let whole = format!("{GET}{PUT}\"QQ");
    for end in [0, 5, GET.len() + 3] {
        let stream = whole.as_bytes()[..end].chain(Breaks);
        let error = requests(stream).expect_err("a stream that breaks");
        assert_eq!((error.message, error.byte), (if end < GET.len() { 1 } else { 2 }, end as u64));
        assert!(matches!(error.problem, Problem::Io(_)), "{error}");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::ConnectionReset);
    }
    let mut responses = ResponseReader::new(whole.as_bytes().chain(Breaks));
    assert_eq!(responses.next().expect("one").map(|response| response.id), Some(1));
    assert_eq!(responses.next().expect("the other").map(|response| response.id), Some(2));
}

/// A stream whose reads are interrupted every other time.
struct Interrupted<R>(R, bool);

impl<R: Read> Read for Interrupted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 { Err(io::ErrorKind::Interrupted.into()) } else { self.0.read(buffer) }
    }
}

#[test]
fn an_interrupted_read_is_done_again() {
    let stream = format!("{GET}{PUT}\"QUJD\"{GET}");
    let pieces = Pieces::of(&[3], stream.as_bytes());
    let all = requests(Interrupted(pieces, false)).expect("three requests");
    assert_eq!(all.len(), 3);
    assert_eq!(all[1].1, b"ABC");
}
