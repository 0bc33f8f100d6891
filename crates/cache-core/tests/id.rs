//! An ID's text form is 64 hexadecimal digits, and a text that is none says why.

use std::collections::BTreeSet;
use std::io::{self, Read};

use cache_core::{ActionId, ID_BYTES, OutputId, ParseIdProblem};

/// The bytes 0 to 31.
const LOWER: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn counting() -> [u8; ID_BYTES] {
    std::array::from_fn(|i| i as u8)
}

fn problem(text: &str) -> ParseIdProblem {
    text.parse::<ActionId>().unwrap_err().problem().clone()
}

#[test]
fn an_id_is_displayed_in_lower_case_hexadecimal() {
    assert_eq!(ActionId::from_bytes(counting()).to_string(), LOWER);
    assert_eq!(OutputId::from_bytes(counting()).to_string(), LOWER);
}

#[test]
fn an_id_obeys_width_and_precision() {
    let id = ActionId::from_bytes(counting());
    assert_eq!(format!("{id:.8}"), "00010203");
    assert_eq!(format!("{id:<66}|"), format!("{LOWER}  |"));
}

#[test]
fn a_debugged_id_says_which_kind_it_is() {
    assert_eq!(format!("{:?}", ActionId::from_bytes(counting())), format!("ActionId({LOWER})"));
    assert_eq!(format!("{:?}", OutputId::from_bytes(counting())), format!("OutputId({LOWER})"));
}

#[test]
fn an_id_is_parsed_from_either_case() {
    let id = ActionId::from_bytes(counting());
    assert_eq!(LOWER.parse(), Ok(id));
    assert_eq!(LOWER.to_uppercase().parse(), Ok(id));
}

#[test]
fn every_id_survives_its_text_form() {
    for byte in 0..=255 {
        let id = OutputId::from_bytes([byte; ID_BYTES]);
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}

#[test]
fn a_text_of_the_wrong_length_says_how_many_digits_it_has() {
    assert_eq!(problem(""), ParseIdProblem::Length { found: 0 });
    assert_eq!(problem(&LOWER[..63]), ParseIdProblem::Length { found: 63 });
    assert_eq!(problem(&LOWER[..62]), ParseIdProblem::Length { found: 62 });
    assert_eq!(problem(&format!("{LOWER}0")), ParseIdProblem::Length { found: 65 });
    assert_eq!(problem(&format!("{LOWER}00")), ParseIdProblem::Length { found: 66 });
    assert_eq!(
        LOWER[1..].parse::<ActionId>().unwrap_err().to_string(),
        "not an action ID: 63 hexadecimal digits where 64 are needed"
    );
}

#[test]
fn a_character_that_is_no_digit_is_named_with_its_place() {
    let text = LOWER.replacen("1e1f", "1e1g", 1);
    assert_eq!(problem(&text), ParseIdProblem::Digit { at: 63, found: 'g' });
    assert_eq!(
        text.parse::<OutputId>().unwrap_err().to_string(),
        "not an output ID: character 64 is 'g', not a hexadecimal digit"
    );
    assert_eq!(problem(&format!(" {}", &LOWER[1..])), ParseIdProblem::Digit { at: 0, found: ' ' });
    assert_eq!(problem(&format!("{LOWER}\n")), ParseIdProblem::Digit { at: 64, found: '\n' });
    assert_eq!(problem(&format!("0x{}", &LOWER[2..])), ParseIdProblem::Digit { at: 1, found: 'x' });
}

#[test]
fn a_character_beyond_ascii_is_named_whole() {
    assert_eq!(problem("00é0"), ParseIdProblem::Digit { at: 2, found: 'é' });
    assert_eq!(problem("éé😀"), ParseIdProblem::Digit { at: 0, found: 'é' });
    // A digit in Unicode, and not one of ours.
    assert_eq!(problem("0٣"), ParseIdProblem::Digit { at: 1, found: '٣' });
}

#[test]
fn ids_are_ordered_by_their_bytes_as_their_texts_are() {
    let ids: BTreeSet<_> =
        [[9; 32], [0x10; 32], [0xff; 32], [0; 32]].map(ActionId::from_bytes).into();
    let texts: Vec<_> = ids.iter().map(ToString::to_string).collect();
    assert!(texts.is_sorted());
}

#[test]
fn an_output_id_is_the_sha256_of_the_bytes() {
    let sha256 = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    assert_eq!(OutputId::of(b"hello world").to_string(), sha256);
    let (id, size) = OutputId::of_reader(&mut b"hello world".as_slice()).unwrap();
    assert_eq!((id.to_string().as_str(), size), (sha256, 11));
    assert_eq!(
        OutputId::of(b"").to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

#[test]
fn an_interrupted_reader_is_asked_again() {
    struct Interrupted<'a>(bool, &'a [u8]);
    impl Read for Interrupted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 = !self.0;
            if self.0 { Err(io::ErrorKind::Interrupted.into()) } else { self.1.read(buffer) }
        }
    }
    let (id, size) = OutputId::of_reader(&mut Interrupted(false, b"hello world")).unwrap();
    assert_eq!((id, size), (OutputId::of(b"hello world"), 11));
}

#[test]
fn a_reader_that_fails_fails_the_hash() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let error = OutputId::of_reader(&mut Failing).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}
