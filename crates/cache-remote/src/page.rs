//! The examples in docs/REMOTE.md are what is written and what is read.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use cache_core::{ActionId, Entry, FileName, OutputId};

use crate::day::Day;
use crate::journal::Pending;
use crate::key;
use crate::list::{List, PackRef};
use crate::object::{self, Kind, encode_small};
use crate::pack::{self, Packing};
use crate::random::key_pair;
use crate::sign::{Signable, Trust};

const PAGE: &str = include_str!("../../../docs/REMOTE.md");
const OUTPUT: &[u8] = b"hello, larder\n";
const SCOPE: &str = "github.com/larder-cache/larder/main/linux/amd64/go1.27";

/// The ID of 32 bytes that count up from there.
fn counting(from: u8) -> ActionId {
    let mut id = [0; 32];
    (from..).zip(&mut id).for_each(|(byte, place)| *place = byte);
    id.into()
}

fn time() -> SystemTime {
    humantime::parse_rfc3339("2026-11-20T01:02:03.123456789Z").unwrap()
}

fn said() -> Signable {
    let entry = Entry { output: OutputId::of(OUTPUT), size: OUTPUT.len() as u64, time: time() };
    Signable::of(&counting(0), &entry, FileName::new("hello").ok())
}

fn object() -> Vec<u8> {
    encode_small(&said(), OUTPUT, Some(&key_pair(1)))
}

/// Rows of 16 bytes with their offset, and as text.
fn dump(bytes: &[u8]) -> String {
    let mut dump = String::new();
    for (row, bytes) in bytes.chunks(16).enumerate() {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let printable = |byte: &u8| if matches!(byte, b' '..=b'~') { *byte as char } else { '.' };
        let text: String = bytes.iter().map(printable).collect();
        writeln!(dump, "{:5}  {:47}  {text}", 16 * row, hex.join(" ")).unwrap();
    }
    dump
}

fn assert_shown(what: &str) {
    assert!(PAGE.contains(what), "docs/REMOTE.md should have:\n{what}");
}

#[test]
fn an_object() {
    let object = object();
    assert_shown(&dump(&object));
    let (header, body) = object::whole(&object).unwrap();
    assert_eq!((header.kind, body), (Kind::Small, OUTPUT));
    assert_eq!(header.said.entry().time, time());
    assert_shown(&key::of_action(&header.said.action));
    assert_shown(&key::of_output(&header.said.output));
}

#[test]
fn keys_and_what_is_signed() {
    let pair = key_pair(1);
    assert_shown(&pair.to_text());
    assert_shown(&pair.public().to_string());
    assert_shown(&pair.public().id().to_string());
    let (header, _) =
        object::split(&object()).map(|(header, body, _)| (header, body.len())).unwrap();
    let trust = Trust::only([pair.public()]);
    assert_eq!(trust.check(&said(), header.signed.as_ref()), Ok(()));
}

#[test]
fn a_pack_and_a_list() {
    let mut packing = Packing::default();
    packing.add(&object());
    let (id, bytes) = packing.finish();
    assert_eq!(pack::objects(&bytes, &id).unwrap().count(), 1);
    let day = Day::of(time());
    assert_shown(&key::of_pack(day, &id));

    let pack = PackRef { day, id, bytes: bytes.len() as u64 };
    let tomorrow = Day::of(time() + Duration::from_secs(86_400));
    let list = List::new(tomorrow, vec![pack], vec![counting(32)], vec![counting(32), counting(0)]);
    assert_shown(&dump(&list.to_bytes()));
    assert_eq!(List::parse(&list.to_bytes()).unwrap(), list);
    assert_shown(SCOPE);
    assert_shown(&key::of_list(SCOPE));
}

#[test]
fn a_journal() {
    let text = format!("put {}\nput {}\ndone {}\n", counting(0), counting(32), counting(0));
    assert_shown(&text);
    assert_eq!(Pending::replay(text.as_bytes()).in_order(), [counting(32)]);
}

#[test]
fn the_limits() {
    for (limit, shown) in [
        (object::SMALL, "512 KiB"),
        (object::LIMIT, "16 GiB"),
        (pack::FULL, "4 MiB"),
        (pack::LIMIT, "16 MiB"),
    ] {
        let (number, unit) = shown.split_once(' ').unwrap();
        let shift = match unit {
            "KiB" => 10,
            "MiB" => 20,
            _ => 30,
        };
        assert_eq!(number.parse::<u64>().unwrap() << shift, limit);
        assert_shown(shown);
    }
}
