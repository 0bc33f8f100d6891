//! Bodies: any size, in any pieces, as any JSON encoder may write them.

mod common;

use std::io::Read;

use cache_prog_wire::{Request, RequestReader};
use common::{Pieces, base64, noise, ours, requests};

/// A put whose body is written as this text, quotes and all.
fn put_with(text: &str) -> String {
    format!(r#"{{"ID":1,"Command":"put","BodySize":1}}{text}"#)
}

/// The body that such a text gives.
fn body_of(text: &str) -> Vec<u8> {
    let all = requests(put_with(text).as_bytes()).expect("a put");
    all.into_iter().map(|(_, body)| body).next().expect("one put")
}

/// A put as Go sends it, then a `close` that must be read right.
fn stream(body: &[u8]) -> String {
    let put = format!(r#"{{"ID":1,"Command":"put","BodySize":{}}}"#, body.len());
    format!("{put}\n\"{}\"\n{{\"ID\":2,\"Command\":\"close\"}}\n", base64(body))
}

/// Sizes around those at which a piece of base64, or a buffer, ends.
fn sizes() -> impl Iterator<Item = usize> {
    let around = |middle: usize| middle - 3..=middle + 3;
    (1..=10).chain(around(192 << 10)).chain(around(256 << 10)).chain([(3 << 20) + 1])
}

#[test]
fn a_body_of_any_size_comes_whole_in_reads_of_any_size() {
    for size in sizes() {
        let bytes = noise(size);
        let text = stream(&bytes);
        for reads in [&[1][..], &[2], &[3], &[7], &[4096], &[65536], &[1, 100_000, 13]] {
            // The smaller ones have shown it, and this would take seconds.
            if size / reads.iter().sum::<usize>() > 20_000 {
                continue;
            }
            let all = requests(Pieces::of(reads, text.as_bytes())).expect("two requests");
            assert!(all[0].1 == bytes, "{size} bytes in reads of {reads:?}");
            assert_eq!(all[1].0, Request::close(2));
        }
    }
}

#[test]
fn a_body_may_be_taken_in_pieces_of_any_size() {
    let bytes = noise(100_003);
    let text = stream(&bytes);
    for piece in [1, 2, 3, 1000, 65_537, 1 << 20] {
        let mut reader = RequestReader::new(text.as_bytes());
        reader.next().expect("a put");
        let (mut taken, mut buffer) = (Vec::new(), vec![0; piece]);
        loop {
            // A body is a borrow of the reader; a new one goes on where the last one ended.
            match reader.body().read(&mut buffer).expect("a body") {
                0 => break,
                n => taken.extend_from_slice(&buffer[..n]),
            }
        }
        assert!(taken == bytes, "in pieces of {piece}");
        assert_eq!(reader.body().read(&mut buffer).expect("nothing more"), 0);
        assert_eq!(reader.next().expect("a close"), Some(Request::close(2)));
    }
}

#[test]
fn a_body_that_was_not_read_to_its_end_is_skipped() {
    for size in sizes() {
        let text = stream(&noise(size));
        for read in [0, 1, 2, size / 2, size - 1] {
            let mut reader = RequestReader::new(Pieces::of(&[5, 70_000], text.as_bytes()));
            reader.next().expect("a put");
            reader.body().take(read as u64).read_to_end(&mut Vec::new()).expect("a part");
            let next = reader.next().expect("the next request");
            assert_eq!(next, Some(Request::close(2)), "{read} of {size} bytes read");
            assert_eq!(reader.next().expect("the end"), None);
        }
    }
}

#[test]
fn a_read_into_nothing_takes_nothing() {
    let text = stream(b"xyz");
    let mut reader = RequestReader::new(text.as_bytes());
    reader.next().expect("a put");
    assert_eq!(reader.body().read(&mut []).expect("no error"), 0);
    let mut bytes = Vec::new();
    reader.body().read_to_end(&mut bytes).expect("the body");
    assert_eq!(bytes, b"xyz");
}

#[test]
fn a_request_without_a_body_has_an_empty_one() {
    let mut reader = RequestReader::new(&br#"{"ID":1,"Command":"get"}"#[..]);
    assert_eq!(reader.body().read(&mut [0; 9]).expect("before the first request"), 0);
    reader.next().expect("a get");
    assert_eq!(reader.body().read(&mut [0; 9]).expect("no body"), 0);
    reader.next().expect("the end");
    assert_eq!(reader.body().read(&mut [0; 9]).expect("after the last request"), 0);
}

#[test]
fn a_body_may_have_another_size_than_was_announced() {
    for (text, bytes) in [(r#""""#, &b""[..]), (r#""eHl6enk=""#, b"xyzzy")] {
        assert_eq!(body_of(text), bytes, "{text}");
    }
}

#[test]
fn escapes_and_line_breaks_in_a_body_are_taken_as_go_takes_them() {
    // These bytes have both a plus and a slash in their base64.
    let bytes = [0xfb, 0xef, 0xff, 0x01];
    assert_eq!(base64(&bytes), "++//AQ==");
    for text in [
        r#""++//AQ==""#,
        r#""++\/\/AQ==""#,
        r#""\u002b\u002B\u002f\u002F\u0041Q\u003d=""#,
        r#""++/\n/AQ\r\n==""#,
        r#""\n\n+\u000a+//\u000DAQ=\r=\n""#,
    ] {
        assert_eq!(body_of(text), bytes, "{text}");
        for size in 1..8 {
            let stream = put_with(text);
            let all = requests(Pieces::of(&[size], stream.as_bytes())).expect("a put");
            assert_eq!(all[0].1, bytes, "{text}, {size} at a time");
        }
    }
}

#[test]
fn a_body_of_nothing_but_escapes_comes_whole() {
    let bytes = noise(10_000);
    let escaped: String =
        base64(&bytes).bytes().map(|character| format!("\\u{character:04x}")).collect();
    assert!(body_of(&format!("\"{escaped}\"")) == bytes);
    let lines: String =
        base64(&bytes).as_bytes().chunks(76).map(|line| text(line) + "\\r\\n").collect();
    assert!(body_of(&format!("\"{lines}\"")) == bytes);
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_bits_that_a_last_group_does_not_use_may_be_set() {
    // As Go's decoder has it, which is not strict.
    assert_eq!(body_of(r#""QR==""#), b"A");
    assert_eq!(body_of(r#""QUJ=""#), b"AB");
}

#[test]
fn a_body_takes_no_more_of_the_stream_than_a_buffer_ahead() {
    let bytes = noise(1 << 20);
    let text = stream(&bytes);
    let mut counted = Pieces::of(&[usize::MAX], text.as_bytes());
    let mut reader = RequestReader::new(&mut counted);
    reader.next().expect("a put");
    let mut first = [0; 1000];
    reader.body().read_exact(&mut first).expect("the beginning");
    assert_eq!(first, bytes[..1000]);
    assert!(counted.given <= 256 << 10, "{} bytes were read for it", counted.given);
}

#[test]
fn errors_of_a_body_carry_those_of_the_wire() {
    let text = put_with("\"QQ");
    let mut reader = RequestReader::new(text.as_bytes());
    reader.next().expect("a put");
    let error = reader.body().read_to_end(&mut Vec::new()).expect_err("a body that was cut");
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    assert_eq!(ours(error).message, 1);
}
