//! Objects are read back, and what became of them on the way is found or does not matter.

use std::io::{self, Cursor, Read, Write};

use cache_core::{ActionId, FileName, OutputId};
use proptest::prelude::*;

use super::*;
use crate::claims;
use crate::malformed::Problem;
use crate::random::{damaged, key_pair, noise, small, small_object, times};
use crate::sign::Signable;

/// What is said of an executable with these bytes.
fn tool(bytes: &[u8]) -> Signable {
    Signable {
        action: ActionId::from_bytes([1; 32]),
        output: OutputId::of(bytes),
        size: bytes.len() as u64,
        time_ns: 1_700_000_000_123_456_789,
        executable: Some(FileName::new("tool").unwrap()),
    }
}

/// Text that is compressed to less than a half.
fn text(length: usize) -> Vec<u8> {
    let lines = noise(length / 8 + 1).into_iter().map(|byte| format!("line {byte}\n"));
    let mut text = lines.collect::<String>().into_bytes();
    text.truncate(length);
    text
}

/// The output's bytes of what should be one object.
fn output_of(object: &[u8]) -> io::Result<Vec<u8>> {
    let (header, body) = whole(object).map_err(io::Error::other)?;
    let mut bytes = Vec::new();
    decode(&header, body)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The object of an output, encoded while it is read.
fn output_object(bytes: &[u8]) -> Vec<u8> {
    let mut object = Vec::new();
    let size = bytes.len() as u64;
    let mut encoder = OutputEncoder::new(OutputId::of(bytes), size, bytes).unwrap();
    encoder.read_to_end(&mut object).unwrap();
    object
}

fn problem(result: Result<(Header, usize), Malformed>) -> (u64, Problem) {
    let malformed = result.unwrap_err();
    (malformed.at, malformed.problem)
}

/// A header with one thing changed, and then a checksum that is right.
fn changed(header: &Header, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let mut bytes = header.to_bytes();
    change(&mut bytes);
    let sha = Sha256::new().chain_update(&bytes[..184]).chain_update(&bytes[HEADER..]).finalize();
    bytes[184..192].copy_from_slice(&sha[..8]);
    bytes
}

proptest! {
    #![proptest_config(times(300))]

    #[test]
    fn a_small_result_is_read_back((said, bytes, signer) in small()) {
        let object = encode_small(&said, &bytes, signer.as_ref());
        prop_assert!(object.len() as u64 <= MAX_RESULT);
        let (header, body) = whole(&object).unwrap();
        prop_assert_eq!(header.kind, Kind::Small);
        prop_assert_eq!(header.body, Some(body.len() as u64));
        prop_assert_eq!(&header.said, &said);
        prop_assert_eq!(header.signed, signer.map(|pair| pair.sign(&said)));
        prop_assert_eq!(output_of(&object).unwrap(), bytes);
    }

    #[test]
    fn a_large_result_is_read_back((said, _, signer) in small()) {
        let object = encode_large(&said, signer.as_ref());
        let (header, body) = whole(&object).unwrap();
        prop_assert_eq!((header.kind, body), (Kind::Large, &b""[..]));
        prop_assert_eq!(&header.said, &said);
        prop_assert_eq!(header.signed, signer.map(|pair| pair.sign(&said)));
    }

    #[test]
    fn objects_one_after_another_are_told_apart(
        first in small_object(), second in small_object(),
    ) {
        let both = [first.clone(), second.clone()].concat();
        let (header, body, rest) = split(&both).unwrap();
        prop_assert_eq!([header.to_bytes(), body.to_vec()].concat(), first);
        prop_assert_eq!(rest, second);
        prop_assert_eq!(whole(&both).unwrap_err().problem, Problem::Surplus);
    }

    #[test]
    fn nearly_an_object_is_read_or_refused(bytes in small_object().prop_flat_map(damaged)) {
        claims::object(&bytes);
    }

    #[test]
    fn anything_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        claims::object(&bytes);
        claims::object(&[b"LARDERob\x01\x01\x01\0\0\0\0\0", &bytes[..]].concat());
    }

    #[test]
    fn a_flipped_bit_gives_the_right_bytes_or_none(
        (said, bytes, signer) in small(), at in any::<prop::sample::Index>(), bit in 0u32..8,
    ) {
        let mut object = encode_small(&said, &bytes, signer.as_ref());
        let at = at.index(object.len());
        object[at] ^= 1u8 << bit;
        let in_header = at < object.len() - whole_length(&object, &said);
        prop_assert!(!in_header || Header::parse(&object).is_err());
        // What does not have the SHA-256 is refused by the directory.
        if let Some(given) = output_of(&object).ok().filter(|it| OutputId::of(it) == said.output) {
            prop_assert_eq!(given, bytes);
        }
    }

    #[test]
    fn a_cut_object_is_refused(object in small_object(), at in any::<prop::sample::Index>()) {
        let at = at.index(object.len());
        let malformed = whole(&object[..at]).unwrap_err();
        prop_assert_eq!((malformed.at, malformed.problem), (at as u64, Problem::Cut));
    }

    #[test]
    fn a_body_that_ends_early_or_late_fails(object in small_object(), more in any::<bool>()) {
        let (header, body) = whole(&object).unwrap();
        let mut body = body.to_vec();
        if more {
            body.push(0);
        } else if body.pop().is_none() {
            return Ok(());
        }
        let error = decode(&header, &body[..]).unwrap().read_to_end(&mut Vec::new()).unwrap_err();
        prop_assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}

/// How many bytes of the object come after header and name.
fn whole_length(object: &[u8], said: &Signable) -> usize {
    object.len() - HEADER - said.name().len()
}

#[test]
fn every_bit_of_a_header_counts() {
    let bytes = text(500);
    for object in [
        encode_small(&tool(&bytes), &bytes, Some(&key_pair(1))),
        encode_small(&tool(&bytes), &bytes, None),
        encode_large(&tool(&bytes), Some(&key_pair(1))),
        output_object(&bytes),
    ] {
        let (_, begin) = Header::parse(&object).unwrap();
        for bit in 0..8 * begin {
            let mut object = object.clone();
            object[bit / 8] ^= 1 << (bit % 8);
            Header::parse(&object).unwrap_err();
        }
        for at in 0..begin {
            Header::parse(&object[..at]).unwrap_err();
        }
    }
}

#[test]
fn every_bit_of_a_body_is_right_or_found() {
    for bytes in [text(500), noise(200)] {
        for object in [encode_small(&tool(&bytes), &bytes, None), output_object(&bytes)] {
            let (_, begin) = Header::parse(&object).unwrap();
            for bit in 8 * begin..8 * object.len() {
                let mut object = object.clone();
                object[bit / 8] ^= 1 << (bit % 8);
                let given = output_of(&object).ok();
                assert!(
                    given.is_none_or(|it| it == bytes || OutputId::of(&it) != OutputId::of(&bytes))
                );
            }
        }
    }
}

#[test]
fn what_is_worth_it_is_compressed_and_nothing_else() {
    let codec = |object: &[u8]| whole(object).unwrap().0.codec;
    for (bytes, expected) in [
        (text(SMALL as usize), Codec::Zstd),
        (noise(SMALL as usize), Codec::Plain),
        (text(3), Codec::Plain),
        (Vec::new(), Codec::Plain),
    ] {
        let small = encode_small(&tool(&bytes), &bytes, None);
        assert_eq!(codec(&small), expected);
        assert!(small.len() <= HEADER + 4 + bytes.len());
        let output = output_object(&bytes);
        assert_eq!(codec(&output), expected);
        assert_eq!(output_of(&output).unwrap(), bytes);
    }
}

#[test]
fn a_large_output_is_encoded_as_its_beginning_says() {
    let sizes = [256 << 10, (256 << 10) + 1, 3 << 20];
    for size in sizes {
        let mixed = [text(size), noise(size)].concat();
        let object = output_object(&mixed);
        let (header, _) = whole(&object).unwrap();
        assert_eq!((header.kind, header.codec, header.body), (Kind::Output, Codec::Zstd, None));
        assert_eq!(output_of(&object).unwrap(), mixed);

        let mixed = [noise(256 << 10), text(size)].concat();
        let object = output_object(&mixed);
        assert_eq!(object.len(), HEADER + mixed.len());
        assert_eq!(output_of(&object).unwrap(), mixed);
    }
}

/// So that a cut stream is not taken for a whole one: its length is not in the header.
#[test]
fn a_large_output_that_was_cut_or_has_a_tail_is_refused() {
    let bytes = text(600 << 10);
    let object = output_object(&bytes);
    for at in [HEADER, HEADER + 1, object.len() / 2, object.len() - 1] {
        output_of(&object[..at]).unwrap_err();
    }
    output_of(&[&object[..], b"x"].concat()).unwrap_err();
    output_of(&[&object[..], &object[HEADER..]].concat()).unwrap_err();
}

#[test]
fn a_source_that_is_not_the_output_is_not_finished() {
    let bytes = text(700 << 10);
    let (output, size) = (OutputId::of(&bytes), bytes.len() as u64);
    let mut other = bytes.clone();
    other[600_000] ^= 1;
    let longer = [&bytes[..], b"x"].concat();
    for source in [&bytes[..600_000], &bytes[..10], b"", &other, &longer] {
        let failed = OutputEncoder::new(output, size, source)
            .and_then(|mut encoder| encoder.read_to_end(&mut Vec::new()));
        failed.unwrap_err();
    }
    // And it stays so, for whoever asks again.
    let mut encoder = OutputEncoder::new(output, size, &other[..]).unwrap();
    encoder.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(encoder.read(&mut [0; 100]).is_err());
}

#[test]
fn a_decompression_bomb_ends_at_the_size_that_was_promised() {
    let zeros = vec![0; 100 << 20];
    let bomb = zstd::bulk::compress(&zeros, 19).unwrap();
    assert!(bomb.len() < 20_000);
    let said = Signable { size: 400 << 10, ..tool(&[]) };
    let mut header = Header::parse(&encode_large(&said, None)).unwrap().0;
    header.kind = Kind::Small;
    header.codec = Codec::Zstd;
    header.body = Some(bomb.len() as u64);
    let object = [header.to_bytes(), bomb.clone()].concat();
    let (header, body) = whole(&object).unwrap();
    let mut given = Vec::new();
    let error = decode(&header, body).unwrap().read_to_end(&mut given).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
    assert_eq!(given.len() as u64, said.size);

    // The same without any length: it is read piece by piece, and ends in the same way.
    let object = output_object(&zeros[..SMALL as usize + 1]);
    let object = [&object[..HEADER], &bomb[..]].concat();
    let (header, body) = whole(&object).unwrap();
    let given = io::copy(&mut decode(&header, body).unwrap().take(u64::MAX), &mut io::sink());
    assert_eq!(given.unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn a_body_that_wants_more_memory_than_a_window_of_8_mib_is_refused() {
    let bytes = noise(100);
    let stored = |window_log: u32| {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(window_log).unwrap();
        encoder.write_all(&bytes).unwrap();
        encoder.flush().unwrap();
        encoder.finish().unwrap()
    };
    let mut header = Header::parse(&output_object(&bytes)).unwrap().0;
    (header.codec, header.body) = (Codec::Zstd, None);
    for (window_log, is_read) in [(21, true), (23, true), (24, false), (27, false), (31, false)] {
        let body = stored(window_log);
        let mut given = Vec::new();
        let result = decode(&header, &body[..]).unwrap().read_to_end(&mut given);
        assert_eq!(result.is_ok(), is_read, "2^{window_log}: {result:?}");
        assert_eq!(given == bytes, is_read);
    }
}

#[test]
fn a_header_that_contradicts_itself_says_where() {
    let bytes = text(500);
    let object = encode_small(&tool(&bytes), &bytes, None);
    let small = Header::parse(&object).unwrap().0;
    let signed = Header::parse(&encode_large(&tool(&bytes), Some(&key_pair(1)))).unwrap().0;
    let output = Header::parse(&output_object(&bytes)).unwrap().0;
    let refused = |header: &Header, at: usize, new: &[u8]| {
        problem(Header::parse(&changed(header, |it| it[at..at + new.len()].copy_from_slice(new))))
    };

    assert_eq!(refused(&small, 0, b"l"), (0, Problem::Magic));
    assert_eq!(refused(&small, 8, &[2]), (8, Problem::Version(2)));
    for kind in [0, 4, 255] {
        assert_eq!(refused(&small, 9, &[kind]).0, 9);
    }
    assert_eq!(refused(&small, 10, &[2]).0, 10);
    assert_eq!(refused(&small, 15, &[1]).0, 12, "bytes without a use");
    assert_eq!(refused(&small, 183, &[1]).0, 176, "bytes without a use");
    let size = |size: u64| size.to_le_bytes();
    let over = Problem::OverLimit { field: "the output's size", found: SMALL + 1, limit: SMALL };
    assert_eq!(refused(&small, 80, &size(SMALL + 1)), (80, over));
    assert_eq!(refused(&signed, 80, &size(LIMIT + 1)).0, 80);
    // A compressed body that saves nothing, none at all, and lengths for no such kind.
    assert_eq!(refused(&small, 96, &size(500)).0, 96);
    assert_eq!(refused(&small, 96, &size(0)).0, 96);
    assert_eq!(refused(&small, 96, &size(u64::MAX)).0, 96);
    assert_eq!(refused(&small, 10, &[0]).0, 96);
    assert_eq!(refused(&signed, 96, &size(1)).0, 96);
    assert_eq!(refused(&signed, 10, &[1]).0, 96);
    assert_eq!(refused(&output, 96, &size(100)).0, 96);
    // Half of a signature.
    assert_eq!(refused(&small, 104, &[1]).0, 104);
    assert_eq!(refused(&small, 112, &[1]).0, 104);
    assert_eq!(refused(&signed, 104, &[0; 8]).0, 104);
    assert_eq!(refused(&signed, 112, &[0; 64]).0, 104);
    // A name that leads elsewhere, or is no text.
    for name in [*b"../a", *b"..\0a", *b"a\\bc", [255; 4]] {
        assert_eq!(refused(&small, HEADER, &name).0, HEADER as u64);
    }
    // What belongs to a result alone.
    for at in [16, 47, 88] {
        assert_eq!(refused(&output, at, &[1]).0, 16);
    }
    assert_eq!(refused(&signed, 9, &[3]).0, 96);
}

#[test]
fn a_large_output_is_one_up_to_the_limit() {
    let said = |size| Signable { size, ..tool(&[]) };
    assert!(whole(&encode_large(&said(LIMIT), None)).is_ok());
    assert!(whole(&encode_large(&said(LIMIT + 1), None)).is_err());
}

#[test]
fn a_body_is_read_from_a_stream_that_fails() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let bytes = text(5000);
    for object in [output_object(&bytes), output_object(&noise(5000))] {
        let (header, body) = whole(&object).unwrap();
        let half = Cursor::new(&body[..body.len() / 2]).chain(Fails);
        let error = decode(&header, half).unwrap().read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}

#[test]
fn times_outside_become_the_nearest_inside() {
    use cache_core::Entry;
    use std::time::{Duration, SystemTime};
    let action = ActionId::from_bytes([1; 32]);
    let of = |time| {
        let entry = Entry { output: OutputId::of(b""), size: 0, time };
        Signable::of(&action, &entry, None)
    };
    let epoch = SystemTime::UNIX_EPOCH;
    for (time, time_ns) in [
        (epoch, 0),
        (epoch + Duration::new(1, 5), 1_000_000_005),
        (epoch - Duration::new(1, 5), -1_000_000_005),
        (epoch + Duration::from_nanos(i64::MAX as u64), i64::MAX),
    ] {
        assert_eq!(of(time).time_ns, time_ns);
        assert_eq!(of(time).entry().time, time);
    }
    assert_eq!(of(epoch + Duration::from_secs(1 << 40)).time_ns, i64::MAX);
    assert_eq!(of(epoch - Duration::from_secs(1 << 35)).time_ns, i64::MIN);
}
