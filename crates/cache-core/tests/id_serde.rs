//! With the feature `serde`, an ID is a string of hexadecimal digits.
#![cfg(feature = "serde")]

use std::collections::HashMap;

use cache_core::{ActionId, ID_BYTES, OutputId};

#[test]
fn an_id_is_a_json_string_in_lower_case() {
    let id = ActionId::from_bytes([0xab; ID_BYTES]);
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(json, format!("\"{}\"", "ab".repeat(32)));
    assert_eq!(serde_json::from_str::<ActionId>(&json).unwrap(), id);
}

#[test]
fn an_id_is_read_in_either_case_from_strings_with_and_without_escapes() {
    let id = OutputId::from_bytes([0xab; ID_BYTES]);
    let upper = format!("\"{}\"", "AB".repeat(32));
    assert_eq!(serde_json::from_str::<OutputId>(&upper).unwrap(), id);
    let escaped = format!("\"\\u0061b{}\"", "ab".repeat(31));
    assert_eq!(serde_json::from_str::<OutputId>(&escaped).unwrap(), id);
    assert_eq!(serde_json::from_reader::<_, OutputId>(upper.as_bytes()).unwrap(), id);
}

#[test]
fn ids_are_keys_of_objects() {
    let entries = HashMap::from([(ActionId::from_bytes([1; 32]), OutputId::from_bytes([2; 32]))]);
    let json = serde_json::to_string(&entries).unwrap();
    assert_eq!(serde_json::from_str::<HashMap<ActionId, OutputId>>(&json).unwrap(), entries);
}

#[test]
fn a_text_that_is_no_id_says_why() {
    let error = serde_json::from_str::<ActionId>("\"abcd\"").unwrap_err().to_string();
    assert!(
        error.starts_with("not an action ID: 4 hexadecimal digits where 64 are needed"),
        "{error}"
    );
    let error = serde_json::from_str::<OutputId>("7").unwrap_err().to_string();
    assert!(error.contains("expected an output ID of 64 hexadecimal digits"), "{error}");
}
