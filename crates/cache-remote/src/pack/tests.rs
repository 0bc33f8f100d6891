//! A pack gives its objects, or nothing.

use cache_core::OutputId;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::claims;
use crate::object::{OutputEncoder, encode_large, encode_small};
use crate::random::{damaged, noise, small_object, times};
use crate::sign::Signable;

fn packed(objects: &[Vec<u8>]) -> (PackId, Vec<u8>) {
    let mut packing = Packing::default();
    for object in objects {
        packing.add(object);
    }
    packing.finish()
}

fn said(bytes: &[u8]) -> Signable {
    let (output, size) = (OutputId::of(bytes), bytes.len() as u64);
    Signable { action: [1; 32].into(), output, size, time_ns: 0, executable: None }
}

proptest! {
    #![proptest_config(times(100))]

    #[test]
    fn objects_are_read_back(all in vec(small_object(), 0..6)) {
        let (id, bytes) = packed(&all);
        let read = objects(&bytes, &id).unwrap().map(|object| {
            let (header, body) = object.unwrap();
            [header.to_bytes(), body.to_vec()].concat()
        });
        prop_assert_eq!(read.collect::<Vec<_>>(), all);
    }

    #[test]
    fn a_flipped_bit_or_a_cut_is_refused(
        all in vec(small_object(), 1..4), at in any::<prop::sample::Index>(), bit in 0u32..8,
    ) {
        let (id, mut bytes) = packed(&all);
        let at = at.index(bytes.len());
        prop_assert_eq!(objects(&bytes[..at], &id).unwrap_err().problem, Problem::Checksum);
        bytes[at] ^= 1u8 << bit;
        prop_assert_eq!(objects(&bytes, &id).unwrap_err().problem, Problem::Checksum);
    }

    #[test]
    fn nearly_a_pack_is_read_as_far_as_it_is_one(
        bytes in vec(small_object(), 1..4)
            .prop_map(|all| all.concat())
            .prop_flat_map(damaged),
    ) {
        claims::pack(&bytes);
    }
}

#[test]
fn an_object_that_is_not_of_a_small_result_ends_a_pack() {
    let small = encode_small(&said(b"a"), b"a", None);
    let large = encode_large(&said(b"a"), None);
    let mut output = Vec::new();
    let mut encoder = OutputEncoder::new(OutputId::of(b"a"), 1, &b"a"[..]).unwrap();
    std::io::copy(&mut encoder, &mut output).unwrap();
    for other in [large, output, b"something".to_vec()] {
        let (id, bytes) = packed(&[small.clone(), other, small.clone()]);
        let read: Vec<_> = objects(&bytes, &id).unwrap().collect();
        assert_eq!(read.len(), 2);
        assert!(read[0].is_ok());
        let wrong = read[1].as_ref().unwrap_err();
        assert_eq!(wrong.what, "pack");
        assert!(wrong.at >= small.len() as u64, "{wrong}");
    }
}

#[test]
fn what_is_full_is_read_and_what_is_over_the_limit_is_not() {
    let largest = noise(object::SMALL as usize);
    let object = encode_small(&said(&largest), &largest, None);
    let mut packing = Packing::default();
    assert!(packing.is_empty());
    while !packing.is_full() {
        packing.add(&object);
    }
    let (id, bytes) = packing.finish();
    assert!(objects(&bytes, &id).unwrap().all(|object| object.is_ok()));

    let over = vec![0; LIMIT as usize + 1];
    let (id, over) = packed(&[over]);
    let wrong = objects(&over, &id).unwrap_err();
    assert!(matches!(wrong.problem, Problem::OverLimit { .. }), "{wrong}");
}
