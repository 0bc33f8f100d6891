//! Random values for properties.

use cache_core::{ActionId, FileName, OutputId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::day::Day;
use crate::list::{List, PackRef};
use crate::object::encode_small;
use crate::pack::{self, PackId};
use crate::sign::{KeyPair, Signable};

/// How often a property is tried, without a file of what failed.
pub(crate) fn times(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..Default::default() }
}

/// Bytes that nothing compresses, the same each time.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// The key pair that is made of 32 times this byte.
pub(crate) fn key_pair(byte: u8) -> KeyPair {
    use base64::Engine;
    let digits = base64::engine::general_purpose::STANDARD.encode([byte; 32]);
    KeyPair::from_text(&format!("larder-secret-key-v1 {digits}")).expect("a key")
}

pub(crate) fn action() -> impl Strategy<Value = ActionId> {
    any::<[u8; 32]>().prop_map(ActionId::from)
}

/// Outputs, some of which can be compressed.
pub(crate) fn output() -> impl Strategy<Value = Vec<u8>> {
    let text = ("[a-z ]{1,20}", 0usize..300).prop_map(|(words, times)| words.repeat(times).into());
    prop_oneof![Just(Vec::new()), vec(any::<u8>(), 1..3000), text]
}

pub(crate) fn name() -> impl Strategy<Value = Option<FileName>> {
    option::of("[a-z0-9ä_-]{1,60}".prop_map(|name| FileName::new(name).expect("a name")))
}

/// What is said of an output with these bytes.
pub(crate) fn said(bytes: &[u8]) -> impl Strategy<Value = Signable> + use<> {
    let (output, size) = (OutputId::of(bytes), bytes.len() as u64);
    (action(), any::<i64>(), name()).prop_map(move |(action, time_ns, executable)| Signable {
        action,
        output,
        size,
        time_ns,
        executable,
    })
}

/// What is said of a small result, its output, and who signs it.
pub(crate) fn small() -> impl Strategy<Value = (Signable, Vec<u8>, Option<KeyPair>)> {
    let signer = option::of((0u8..4).prop_map(key_pair));
    (output(), signer).prop_flat_map(|(bytes, signer)| (said(&bytes), Just(bytes), Just(signer)))
}

/// The object of a small result.
pub(crate) fn small_object() -> impl Strategy<Value = Vec<u8>> {
    small().prop_map(|(said, bytes, signer)| encode_small(&said, &bytes, signer.as_ref()))
}

pub(crate) fn list() -> impl Strategy<Value = List> {
    let day = || (0u32..2_932_897).prop_map(|number| Day::new(number).expect("a day"));
    let pack = (day(), any::<[u8; 32]>(), 0..=pack::LIMIT).prop_map(|(day, id, bytes)| PackRef {
        day,
        id: PackId(id),
        bytes,
    });
    (day(), vec(pack, 0..5), vec(action(), 0..5), vec(action(), 0..9))
        .prop_map(|(day, packs, loose, used)| List::new(day, packs, loose, used))
}

/// The same bytes with some of them changed, cut off, put in or taken out.
pub(crate) fn damaged(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..4).prop_map(move |changes| {
        let mut bytes = bytes.clone();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len().max(1));
            match how {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, byte),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                _ if at < bytes.len() => bytes[at] = byte,
                _ => {}
            }
        }
        bytes
    })
}
