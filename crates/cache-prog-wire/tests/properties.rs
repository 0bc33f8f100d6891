//! Whatever is written is read back, and whatever comes is read or refused, within the limits.

mod common;

use std::io::Read;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use cache_prog_wire::{Error, HEADER_LIMIT, RequestReader, ResponseReader, write_response};
use common::random::{request, response};
use common::{Pieces, base64, ours, requests, responses, written};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// What a reader reads ahead at most, in bytes.
const BUFFER: usize = 256 << 10;

/// Sizes of reads, in turn.
fn reads() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1usize..20, 1usize..200_000], 1..6)
}

/// Bytes that are nearly the protocol's: real messages with some of their bytes changed, or pieces
/// of JSON in any order.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let damaged = (vec(request(), 1..4), vec((any::<prop::sample::Index>(), any::<u8>()), 0..4))
        .prop_map(|(all, changes)| {
            let mut bytes = written(&all, 1000);
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        });
    let words = vec(
        select(vec![
            "{",
            "}",
            "[",
            "]",
            "\"",
            "\\",
            ":",
            ",",
            "\n",
            "\"ID\":",
            "\"Command\":\"put\"",
            "null",
            "\"BodySize\":5",
            "1",
            "-1.5e9",
            "\"QUJD\"",
            "\"QQ==\"",
            "\\u0041",
            "\\n",
            "=",
            "QUJD",
            "{\"ID\":1}",
            "\"Time\":",
            "\"2024-01-01T00:00:00Z\"",
            "\"KnownCommands\":[\"get\"]",
            "\u{0}",
            "é",
            "true",
        ]),
        0..60,
    )
    .prop_map(|words| words.concat().into_bytes());
    prop_oneof![damaged, words, vec(any::<u8>(), 0..2000)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn requests_that_are_written_are_read_back(
        all in vec(request(), 0..6), reads in reads(), pieces in 1usize..70_000,
    ) {
        let bytes = written(&all, pieces);
        let read = requests(Pieces::of(&reads, bytes.as_slice())).expect("read back");
        prop_assert!(read == all, "{all:.200?} in reads of {reads:?}");
    }

    #[test]
    fn requests_are_read_back_when_their_bodies_are_left_alone(
        all in vec(request(), 0..6), reads in reads(), taken in 0u64..400,
    ) {
        let bytes = written(&all, 4096);
        let mut reader = RequestReader::new(Pieces::of(&reads, bytes.as_slice()));
        for (request, body) in &all {
            let read = reader.next().expect("a request");
            prop_assert_eq!(read.as_ref(), Some(request));
            let mut part = Vec::new();
            reader.body().take(taken).read_to_end(&mut part).expect("a part");
            prop_assert_eq!(&part, &body[..body.len().min(taken as usize)]);
        }
        prop_assert_eq!(reader.next().expect("the end"), None);
    }

    #[test]
    fn responses_that_are_written_are_read_back(
        all in vec(response(), 0..8), reads in reads(),
    ) {
        let mut bytes = Vec::new();
        for response in &all {
            write_response(&mut bytes, response).expect("a response");
        }
        let read = responses(Pieces::of(&reads, bytes.as_slice())).expect("read back");
        prop_assert_eq!(read, all);
    }

    #[test]
    fn any_bytes_are_read_or_refused_the_same_in_reads_of_any_size(
        bytes in nearly(), reads in reads(),
    ) {
        let at_once = read_all(&bytes, &[usize::MAX]);
        let in_pieces = read_all(&bytes, &reads);
        prop_assert_eq!(at_once, in_pieces);
    }

    #[test]
    fn a_body_is_what_gos_decoder_makes_of_it(
        bytes in vec(any::<u8>(), 0..400),
        changes in vec((any::<prop::sample::Index>(), select(&b"AQz09+/=-_*"[..])), 0..3),
        reads in reads(),
    ) {
        let mut text = base64(&bytes).into_bytes();
        for (at, byte) in changes.into_iter().filter(|_| !bytes.is_empty()) {
            let at = at.index(text.len());
            text[at] = byte;
        }
        let stream = [br#"{"Command":"put","BodySize":1}""#, &text[..], b"\""].concat();
        let read = requests(Pieces::of(&reads, stream.as_slice())).map(|mut all| all.remove(0).1);
        // Not strict: the bits that the last group does not use may be set.
        let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
        let plain = GeneralPurpose::new(&STANDARD, lenient).decode(&text);
        prop_assert_eq!(read.ok(), plain.ok());
    }
}

proptest! {
    // Each goes through a large part of a megabyte.
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_stream_without_end_is_refused_at_the_limit_or_flows(
        begin in nearly(), then in vec(any::<u8>(), 1..40),
    ) {
        // This stands for no end: what is not a body is given up before.
        let endless = then.iter().copied().cycle().take(HEADER_LIMIT + 2 * BUFFER).collect::<Vec<u8>>();
        let mut counted = Pieces::of(&[usize::MAX], begin.as_slice().chain(endless.as_slice()));
        let mut reader = RequestReader::new(&mut counted);
        let mut held = 0;
        let result = loop {
            match reader.next() {
                Ok(Some(_)) => {}
                other => break other,
            }
            match std::io::copy(&mut reader.body(), &mut std::io::sink()) {
                Ok(bytes) => held += bytes,
                Err(error) => break Err(ours(error)),
            }
        };
        if let Err(error) = result {
            // Whatever was wrong was seen within a message and a buffer of its place.
            let ahead = counted.given.saturating_sub(error.byte);
            prop_assert!(ahead <= (HEADER_LIMIT + BUFFER) as u64, "{error} after {held}: {ahead}");
            prop_assert!(error.byte <= counted.given, "{error}");
        }
    }
}

/// What reading all of `bytes` gives, as text: messages, bodies and the error, as requests and as
/// responses. The number of reads is bounded: a reader that goes on without reading would hang.
fn read_all(bytes: &[u8], reads: &[usize]) -> (String, String) {
    let as_requests = requests(Pieces::of(reads, bytes));
    let mut reader = ResponseReader::new(Pieces::of(reads, bytes));
    let mut as_responses = Vec::new();
    let end = loop {
        match reader.next() {
            Ok(Some(response)) => as_responses.push(response),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
        assert!(as_responses.len() <= bytes.len(), "more responses than bytes");
    };
    let place = |error: &Error| {
        assert!(error.byte <= bytes.len() as u64, "{error}");
        error.to_string()
    };
    let as_requests = match as_requests {
        Ok(all) => format!("{all:?}"),
        Err(error) => place(&error),
    };
    (as_requests, format!("{as_responses:?} {:?}", end.as_ref().map(place)))
}
