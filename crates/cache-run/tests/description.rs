//! The byte form of a description, and the key that is made of it.

use cache_core::OutputId;
use cache_hash::KeySpace;
use cache_run::{Description, Input, InputContent, Text, differences};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Few different texts, of which many are made of others, so that parts which run together would
/// be noticed.
fn text() -> impl Strategy<Value = Text> {
    vec(prop_oneof![Just(b'a'), Just(0), Just(1), Just(b'/'), Just(0xff), any::<u8>()], 0..4)
        .prop_map(Text::from)
}

fn hash() -> impl Strategy<Value = OutputId> {
    prop_oneof![Just([0; 32]), Just([1; 32]), any::<[u8; 32]>()].prop_map(OutputId::from_bytes)
}

fn input() -> impl Strategy<Value = Input> {
    let content = prop_oneof![
        hash().prop_map(InputContent::File),
        Just(InputContent::EmptyFolder),
        (hash(), option::of(hash())).prop_map(|(text, target)| InputContent::Link { text, target }),
    ];
    let mode = prop_oneof![Just(0), Just(0o644), 0..0o10000u32];
    (text(), mode, content).prop_map(|(name, mode, content)| Input { name, mode, content })
}

prop_compose! {
    fn description()(
        head in (0..3u32, option::of(text()), text(), text(), vec(text(), 0..3)),
        tool in hash(),
        mut env in vec((text(), option::of(text())), 0..3),
        mut outputs in vec(text(), 0..3),
        stdin in option::of(hash()),
        mut inputs in vec(input(), 0..4),
    ) -> Description {
        let (key_version, name, platform, dir, command) = head;
        env.sort();
        env.dedup_by(|a, b| a.0 == b.0);
        outputs.sort();
        outputs.dedup();
        inputs.sort_by(|a, b| a.name.cmp(&b.name));
        inputs.dedup_by(|a, b| a.name == b.name);
        Description {
            key_version, name, platform, dir, command, tool, env, outputs, stdin, inputs
        }
    }
}

/// A description and one that differs from it in a part or none.
fn pair() -> impl Strategy<Value = (Description, Description)> {
    (description(), description(), 0..11u32).prop_map(|(one, other, part)| {
        let mut near = one.clone();
        match part {
            0 => near.key_version = other.key_version,
            1 => near.platform = other.platform,
            2 => near.dir = other.dir,
            3 => near.command = other.command,
            4 => near.tool = other.tool,
            5 => near.env = other.env,
            6 => near.outputs = other.outputs,
            7 => near.stdin = other.stdin,
            8 => near.inputs = other.inputs,
            9 => near.name = other.name,
            _ => near = other,
        }
        (one, near)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..Default::default() })]

    /// So two different descriptions never give the same bytes.
    #[test]
    fn reading_gives_back_what_was_written(description in description()) {
        let bytes = description.to_bytes();
        prop_assert_eq!(Description::from_bytes(&bytes), Some(description));
    }

    #[test]
    fn different_descriptions_have_different_bytes_and_keys((one, other) in pair()) {
        let keys = KeySpace::new("test");
        prop_assert_eq!(one == other, one.to_bytes() == other.to_bytes());
        let unnamed = |description: &Description| Description { name: None, ..description.clone() };
        let same = unnamed(&one) == unnamed(&other);
        prop_assert_eq!(same, one.key(&keys) == other.key(&keys));
        prop_assert_eq!(same, differences(&one, &other).is_empty());
    }

    #[test]
    fn what_is_cut_short_or_goes_on_is_not_read(description in description(), at: prop::sample::Index) {
        let mut bytes = description.to_bytes();
        prop_assert_eq!(Description::from_bytes(&bytes[..at.index(bytes.len())]), None);
        bytes.push(0);
        prop_assert_eq!(Description::from_bytes(&bytes), None);
    }

    #[test]
    fn no_bytes_harm_the_reader(
        description in description(),
        at: prop::sample::Index,
        put in vec(any::<u8>(), 1..10),
    ) {
        let mut bytes = description.to_bytes();
        let start = at.index(bytes.len());
        let end = bytes.len().min(start + put.len());
        bytes[start..end].copy_from_slice(&put[..end - start]);
        if let Some(read) = Description::from_bytes(&bytes) {
            prop_assert_eq!(Description::from_bytes(&read.to_bytes()), Some(read));
        }
    }
}
