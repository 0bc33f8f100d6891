//! The expected values are what Go 1.27.3 printed for these bytes.

use sha2::{Digest, Sha256};

use super::Quoted;
use super::printable::is_printable;
use crate::claims;

fn quote(bytes: impl AsRef<[u8]>) -> String {
    Quoted(bytes.as_ref()).to_string()
}

#[test]
fn printable_text_stands_as_it_is() {
    assert_eq!(quote(""), r#""""#);
    assert_eq!(quote("hello world"), r#""hello world""#);
    assert_eq!(quote("it's `x`"), r#""it's `x`""#);
    assert_eq!(quote("é日本😀e\u{301}"), "\"é日本😀e\u{301}\"");
}

#[test]
fn quotes_and_backslashes_are_escaped() {
    assert_eq!(quote(r#"a"b\c"#), r#""a\"b\\c""#);
}

#[test]
fn control_characters_are_escaped_by_name_or_in_hex() {
    assert_eq!(quote(b"\x07\x08\x0c\n\r\t\x0b"), r#""\a\b\f\n\r\t\v""#);
    assert_eq!(quote(b"\x00\x01\x1f\x7f"), r#""\x00\x01\x1f\x7f""#);
}

#[test]
fn other_unprintable_characters_are_escaped_as_code_points() {
    assert_eq!(quote("\u{80}\u{9f}\u{a0}\u{ad}"), r#""\u0080\u009f\u00a0\u00ad""#);
    assert_eq!(
        quote("\u{e000}\u{200b}\u{2028}\u{3000}\u{feff}"),
        r#""\ue000\u200b\u2028\u3000\ufeff""#
    );
    assert_eq!(quote("\u{378}"), r#""\u0378""#);
    assert_eq!(quote("\u{e0001}\u{10ffff}\u{1fbff}"), r#""\U000e0001\U0010ffff\U0001fbff""#);
}

#[test]
fn bytes_that_are_not_utf8_are_escaped_one_by_one() {
    assert_eq!(quote(b"\xff\xfea\xe2\x82b\xf0\x9f\x98"), r#""\xff\xfea\xe2\x82b\xf0\x9f\x98""#);
    assert_eq!(quote(b"\xed\xa0\x80"), r#""\xed\xa0\x80""#);
    assert_eq!(quote(b"\xc0\xaf"), r#""\xc0\xaf""#);
    assert_eq!(quote(b"\xf4\x90\x80\x80"), r#""\xf4\x90\x80\x80""#);
}

#[test]
fn a_replacement_character_that_was_written_as_one_is_printed() {
    assert_eq!(quote("\u{fffd}"), "\"\u{fffd}\"");
}

#[test]
fn exactly_the_characters_that_go_prints_are_printable() {
    let answers: Vec<u8> = ('\0'..=char::MAX).map(|c| is_printable(c).into()).collect();
    assert_eq!(answers.iter().filter(|&&printable| printable == 1).count(), 159_613);
    // Of one byte, 0 or 1, for each code point that is no surrogate.
    let digest: String = Sha256::digest(&answers).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(digest, "e7ffd6a8217a5c864cd75d7e6ff0a52f972812dc7691421114fa50394ed874d7");
}

#[test]
fn go_reads_the_same_bytes_out_of_it() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/quoting");
    for file in std::fs::read_dir(folder).unwrap() {
        claims::literal(&std::fs::read(file.unwrap().path()).unwrap());
    }
    ('\0'..=char::MAX).for_each(|c| claims::literal(c.to_string().as_bytes()));
    (0..=u16::MAX).for_each(|pair| claims::literal(&pair.to_be_bytes()));
}
