use std::fs;
use std::path::Path;

use test_attacks::Attack;

use crate::claims;

/// What the fuzz target of entries begins with.
fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/entry");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

#[test]
fn every_entry_of_the_corpus_is_read_or_refused() {
    let corpus = corpus();
    assert!(corpus.len() > 4, "it is there");
    corpus.iter().for_each(|file| claims::entry(file));
}

#[test]
fn nearly_an_entry_is_read_or_refused() {
    let corpus = corpus();
    let mut attack = Attack::new("entry bytes", 20_000);
    while attack.goes_on() {
        let dice = &mut attack.dice;
        let mut bytes = dice.pick(&corpus).clone();
        for _ in 0..dice.below(4) {
            let at = dice.below(bytes.len() + 1);
            match dice.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, dice.seed() as u8),
                _ if at == bytes.len() => {}
                2 => bytes[at] ^= 1 << dice.below(8),
                _ => bytes[at] = *dice.pick(b" +-0123456789abcdefAF\n\0\xff"),
            }
        }
        claims::entry(&bytes);
        let any = dice.bytes(175);
        claims::entry(&any);
    }
    attack.held("entries that are nearly right", "");
}
