use std::fs;
use std::path::Path;

use test_attacks::Attack;

use super::split;
use crate::claims;

fn fields(command: &str) -> Vec<&str> {
    split(command).unwrap()
}

#[test]
fn fields_are_split_at_spaces_tabs_and_line_ends() {
    assert_eq!(fields("larder serve"), ["larder", "serve"]);
    assert_eq!(fields(" \t\r\n larder\t\tserve\r\n--dir x "), ["larder", "serve", "--dir", "x"]);
}

#[test]
fn nothing_but_space_has_no_fields() {
    assert!(fields("").is_empty());
    assert!(fields(" \t\r\n").is_empty());
}

#[test]
fn a_field_in_quotes_is_taken_as_it_is() {
    assert_eq!(fields("'/my tools/helper' \"a 'b'\""), ["/my tools/helper", "a 'b'"]);
    assert_eq!(fields(r#"'a \"b\" c\'"#), [r#"a \"b\" c\"#]);
    assert_eq!(fields("'a\nb'"), ["a\nb"]);
}

#[test]
fn quotes_in_quotes_make_an_empty_field() {
    assert_eq!(fields("helper '' \"\""), ["helper", "", ""]);
}

#[test]
fn a_field_may_begin_right_after_a_closing_quote() {
    assert_eq!(fields("'a'b"), ["a", "b"]);
    assert_eq!(fields("'a''b'\"c\""), ["a", "b", "c"]);
}

#[test]
fn quotes_inside_a_field_are_characters() {
    assert_eq!(fields("--dir='a b' it's"), ["--dir='a", "b'", "it's"]);
}

#[test]
fn other_white_space_does_not_split() {
    assert_eq!(fields("a\u{a0}b\u{b}c\u{2003}d"), ["a\u{a0}b\u{b}c\u{2003}d"]);
    assert_eq!(fields("é'ü' 'ö ä'"), ["é'ü'", "ö ä"]);
}

#[test]
fn a_quote_that_is_not_closed_is_an_error_that_names_it() {
    for (command, message) in [
        ("helper 'a b", "unterminated ' string"),
        ("helper \"a' b", "unterminated \" string"),
        ("'", "unterminated ' string"),
    ] {
        assert_eq!(split(command).unwrap_err().to_string(), message, "{command}");
    }
}

#[test]
fn any_command_is_split_as_go_splits_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/quoting");
    for file in fs::read_dir(folder).unwrap() {
        claims::command(&String::from_utf8_lossy(&fs::read(file.unwrap().path()).unwrap()));
    }
    let mut attack = Attack::new("helper commands", 20_000);
    let pieces = [" ", "\t", "\n", "\r", "'", "\"", "a", "--dir=x", "\\", "\u{a0}", "\u{85}", "\0"];
    while attack.goes_on() {
        let count = attack.dice.below(12);
        let command: String = (0..count).map(|_| *attack.dice.pick(&pieces)).collect();
        claims::command(&command);
    }
    attack.held("commands", "");
}
