//! Objects whose few bytes become a gibibyte. The layouts are those of `docs/REMOTE.md`.

use std::io::{self, Read};

use cache_core::OutputId;
use test_stores::Liar;

use crate::build::PREFIX;

const HEADER: usize = 192;
const CHECKSUM: usize = 184;

/// The largest output of a small result.
const SMALL: u64 = 512 << 10;

/// Puts a bomb in the place of every body, also of those in packs.
pub fn put_into(liar: &Liar) {
    let bomb = bomb();
    for kind in ["a", "o"] {
        for key in liar.keys(&format!("{PREFIX}/larder-v1/{kind}/")) {
            liar.replace(&key, &with_bomb(&liar.read(&key), &bomb));
        }
    }
    for list in liar.keys(&format!("{PREFIX}/larder-v1/l/")) {
        liar.replace(&list, &list_of_bombs(liar, liar.read(&list), &bomb));
    }
}

/// A gibibyte of zeros, compressed.
fn bomb() -> Vec<u8> {
    let mut bomb = Vec::new();
    zstd::stream::copy_encode(io::repeat(0).take(1 << 30), &mut bomb, 3).expect("a bomb");
    assert!(bomb.len() < 64 << 10, "{}", bomb.len());
    bomb
}

/// The same object with this as its body, and nothing in its header that contradicts that.
fn with_bomb(object: &[u8], bomb: &[u8]) -> Vec<u8> {
    let begin = HEADER + usize::from(object[11]);
    let (mut header, name) = (object[..CHECKSUM].to_vec(), &object[HEADER..begin]);
    let length = match object[9] {
        1 => bomb.len() as u64,
        // Its body is in another object.
        2 => return object.to_vec(),
        _ => u64::MAX,
    };
    header[10] = 1;
    if length <= SMALL {
        // More than the body, and all that is allowed.
        header[80..88].copy_from_slice(&SMALL.to_le_bytes());
    }
    header[96..104].copy_from_slice(&length.to_le_bytes());
    let checksum = OutputId::of(&[&header, name].concat());
    header.extend(&checksum.as_bytes()[..8]);
    [&header, name, bomb].concat()
}

/// The same list, which names packs with bombs instead of the ones it named. Those are there then.
fn list_of_bombs(liar: &Liar, mut list: Vec<u8>, bomb: &[u8]) -> Vec<u8> {
    for key in liar.keys(&format!("{PREFIX}/larder-v1/p/")) {
        let (folder, id) = key.rsplit_once('/').expect("a key");
        let id: OutputId = id.parse().expect("a pack's ID");
        let at =
            list.windows(32).position(|bytes| bytes == id.as_bytes()).expect("a pack in the list");
        let pack = pack_of_bombs(&liar.read(&key), bomb);
        let id = OutputId::of(&pack);
        list[at..at + 32].copy_from_slice(id.as_bytes());
        list[at + 32..at + 40].copy_from_slice(&(pack.len() as u64).to_le_bytes());
        liar.remove(&key);
        liar.replace(&format!("{folder}/{id}"), &pack);
    }
    let end = list.len() - 32;
    let checksum = OutputId::of(&list[..end]);
    list[end..].copy_from_slice(checksum.as_bytes());
    list
}

fn pack_of_bombs(mut pack: &[u8], bomb: &[u8]) -> Vec<u8> {
    let mut bombs = Vec::new();
    while !pack.is_empty() {
        let body = u64::from_le_bytes(pack[96..104].try_into().expect("8 bytes"));
        let length = HEADER + usize::from(pack[11]) + body as usize;
        bombs.extend(with_bomb(&pack[..length], bomb));
        pack = &pack[length..];
    }
    bombs
}
