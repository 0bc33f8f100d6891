//! Whatever bytes the settings file has, it is read or refused in one line.

mod settings_claims;

use std::fs;
use std::path::Path;

use settings_claims::Home;
use test_attacks::Attack;

/// What the fuzz target of the same name begins with.
fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/settings_file");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("a corpus").map(|file| file.expect("a file").path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a file")).collect()
}

#[test]
fn every_file_of_the_corpus_is_read_or_refused() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let home = Home::new(folder.path());
    let corpus = corpus();
    assert!(corpus.len() > 4, "it is there");
    corpus.iter().for_each(|file| home.settings_file(file));
}

#[test]
fn nearly_a_settings_file_is_read_or_refused() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let home = Home::new(folder.path());
    let corpus = corpus();
    let mut attack = Attack::new("settings file", 2000);
    while attack.goes_on() {
        let dice = &mut attack.dice;
        let mut bytes = dice.pick(&corpus).clone();
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len() + 1);
            let end = bytes.len().min(at + dice.below(8));
            match dice.below(5) {
                0 => drop(bytes.drain(at..end)),
                1 => {
                    let from = dice.below(bytes.len() + 1);
                    let piece = bytes[from..bytes.len().min(from + dice.below(40))].to_vec();
                    drop(bytes.splice(at..end, piece));
                }
                2 => {
                    let size = dice.below(4);
                    drop(bytes.splice(at..at, dice.bytes(size)));
                }
                3 => {
                    let pieces =
                        ["\"\"\"", "\n", "'", "[", "]", "=", "\\u0007", ".", "0", "\u{85}"];
                    drop(bytes.splice(at..end, dice.pick(&pieces).bytes()));
                }
                _ => bytes[at..end].iter_mut().for_each(|byte| *byte ^= 1 << (at % 8)),
            }
        }
        home.settings_file(&bytes);
    }
    attack.held("files that are nearly right", "");
}
