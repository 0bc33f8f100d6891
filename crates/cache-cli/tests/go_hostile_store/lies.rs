//! Stores that answer wrongly.

use test_stores::{Liar, S3Server, noise};

use crate::bombs;
use crate::build::{First, Machine, PREFIX, filled};
use crate::support::Larder;

/// A pull and a build from such a store, by readers with these settings. The build leaves it alone
/// when it was wrong a few times, and the pull does not. Returns how many results they took.
fn nothing_wrong_comes_from(what: &str, server: &S3Server, settings: &[(&str, &str)]) -> u64 {
    let uri = server.uri(PREFIX);
    let pulled = Machine::new().pulls(&uri, settings);
    let number = |name: &str| pulled[name].as_u64().expect("a number");
    eprintln!("{what}: {} pulled, {} refused", number("copied"), number("refused"));
    assert!(number("refused") > 100, "{what}: {pulled}");
    let built = Machine::new().builds_while(what, &uri, settings, || {});
    assert!(built.number("refused") > 0, "{what}: nothing was refused");
    number("copied") + built.number("fetched")
}

/// The keys of the objects of these kinds.
fn keys<const N: usize>(liar: &Liar, kinds: [&str; N]) -> Vec<String> {
    let of_kind = |kind| liar.keys(&format!("{PREFIX}/larder-v1/{kind}/"));
    kinds.into_iter().flat_map(of_kind).collect()
}

#[test]
fn cuts_objects() {
    let server = filled();
    let liar = server.liar();
    // But for the list, so that the rest is asked for.
    for key in keys(&liar, ["a", "o", "p"]) {
        liar.truncate(&key, liar.read(&key).len() / 2);
    }
    assert_eq!(nothing_wrong_comes_from("cuts objects", &server, &[]), 0);
}

#[test]
fn flips_bits() {
    let server = filled();
    let liar = server.liar();
    for (seed, key) in (0..).zip(keys(&liar, ["a", "l", "o", "p"])) {
        let at = u64::from_le_bytes(noise(seed, 8).try_into().expect("8 bytes"));
        let length = liar.read(&key).len() as u64;
        liar.flip(&key, (at % length) as usize);
    }
    // There are bits of a compressed body that mean nothing, so a few results may be right.
    nothing_wrong_comes_from("flips bits", &server, &[]);
}

/// Gives each object the bytes of the next one.
fn mix(liar: &Liar, keys: &[String]) {
    keys.windows(2).for_each(|two| liar.swap(&two[0], &two[1]));
}

#[test]
fn answers_with_another_action() {
    let server = filled();
    let liar = server.liar();
    let results = keys(&liar, ["a"]);
    mix(&liar, &results);
    mix(&liar, &keys(&liar, ["o"]));
    keys(&liar, ["p"]).iter().for_each(|pack| liar.replace(pack, &liar.read(&results[0])));
    assert_eq!(nothing_wrong_comes_from("answers with another action", &server, &[]), 0);
}

#[test]
fn answers_with_a_pack_for_a_list() {
    let server = filled();
    let liar = server.liar();
    mix(&liar, &keys(&liar, ["l", "p"]));
    // Then each result is asked for, and right.
    Machine::new().builds("answers with a pack for a list", &server.uri(PREFIX));
}

#[test]
fn answers_with_a_decompression_bomb() {
    let server = filled();
    bombs::put_into(&server.liar());
    assert_eq!(nothing_wrong_comes_from("answers with a bomb", &server, &[]), 0);
}

#[test]
fn answers_with_what_somebody_else_has_signed() {
    let keys = Larder::new();
    let pair = |name: &str| {
        let secret = keys.path(name);
        let public =
            keys.run(["-q".as_ref(), "key-pair".as_ref(), "-o".as_ref(), secret.as_os_str()]);
        (secret, public.ok().trim().to_owned())
    };
    let ((_, ours), (secret, theirs)) = (pair("ours"), pair("theirs"));
    let server = S3Server::start();
    First::machine().push(&server, |push| _ = push.env("LARDER_SIGNING_KEY", secret));
    let trusted =
        |key: &str| Machine::new().pulls(&server.uri(PREFIX), &[("LARDER_TRUSTED_KEYS", key)]);
    assert_eq!(trusted(&theirs)["refused"], 0);

    let what = "answers with what somebody else has signed";
    let settings = [("LARDER_TRUSTED_KEYS", &*ours)];
    assert_eq!(nothing_wrong_comes_from(what, &server, &settings), 0);
}
