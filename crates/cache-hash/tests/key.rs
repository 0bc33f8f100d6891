//! Hashes and subkeys are those of the go command's cache.

use std::io::Write;

use cache_core::ActionId;
use cache_hash::{KeySpace, strip_experiment};

const HELLO_WORLD: &str = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";

#[test]
fn an_unsalted_hash_is_the_plain_sha256() {
    let mut hash = KeySpace::new("").hash("alice");
    hash.write_all(b"hello world").unwrap();
    assert_eq!(hash.sum().to_string(), HELLO_WORLD);
}

#[test]
fn the_salt_is_hashed_first() {
    let mut hash = KeySpace::new("hello ").hash("alice");
    hash.write_all(b"world").unwrap();
    assert_eq!(hash.sum().to_string(), HELLO_WORLD);
}

#[test]
fn a_name_is_no_part_of_the_hash() {
    let keys = KeySpace::new("salt");
    assert_eq!(keys.hash("alice").sum(), keys.hash("bob").sum());
}

#[test]
fn how_bytes_are_split_into_writes_makes_no_difference() {
    let keys = KeySpace::new("");
    let mut hash = keys.hash("alice");
    let rest = "lo";
    write!(hash, "hel{rest} ").unwrap();
    hash.write_all(b"").unwrap();
    hash.write_all(b"world").unwrap();
    assert_eq!(hash.sum().to_string(), HELLO_WORLD);
}

#[test]
fn a_sum_does_not_end_the_hash() {
    let keys = KeySpace::new("");
    let mut hash = keys.hash("alice");
    hash.write_all(b"hello ").unwrap();
    let first = hash.sum();
    assert_eq!(hash.sum(), first);
    hash.write_all(b"world").unwrap();
    assert_ne!(hash.sum(), first);
    assert_eq!(hash.sum().to_string(), HELLO_WORLD);
}

#[test]
fn a_clone_of_a_hash_goes_its_own_way() {
    let mut hash = KeySpace::new("").hash("alice");
    hash.write_all(b"hello ").unwrap();
    let mut clone = hash.clone();
    clone.write_all(b"moon").unwrap();
    hash.write_all(b"world").unwrap();
    assert_eq!(hash.sum().to_string(), HELLO_WORLD);
    assert_ne!(clone.sum(), hash.sum());
}

/// The expected ID is what Go 1.27.3's `cache.Subkey` gave.
#[test]
fn a_subkey_is_go_s_whatever_the_salt() {
    let parent: ActionId =
        "870c921d9b42205525b2e9c35a2b306783073a3d1168a90d0e8445197c6bd259".parse().unwrap();
    for salt in ["", "go1.99"] {
        let subkey = KeySpace::new(salt).subkey(&parent, "srcfiles \"é\"\x01");
        assert_eq!(
            subkey.to_string(),
            "32d5f753ab61d0cd20acbe1e25ede3a8e8db42b911cec14a5b23b22015c03ca4"
        );
    }
}

#[test]
fn experiments_are_no_part_of_a_go_version() {
    assert_eq!(strip_experiment("go1.27.3"), "go1.27.3");
    assert_eq!(strip_experiment("go1.27.3 X:nodwarf5"), "go1.27.3");
    assert_eq!(strip_experiment("go1.27.3-X:nodwarf5,rangefunc"), "go1.27.3");
    assert_eq!(strip_experiment("devel go1.28-4a0f2b-X:a X:b"), "devel go1.28-4a0f2b-X:a");
    assert_eq!(strip_experiment(""), "");
}
