//! The trace is the go command's, line by line. The expected lines are what Go 1.27.3's own cache
//! package printed for the same calls.

use std::fs;
use std::io::Write;
use std::sync::{Arc, Mutex};

use cache_core::ActionId;
use cache_hash::{FileHashMemo, KeySpace, ReverseLookup, Trace};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn trace(&self) -> Trace {
        let lines = self.clone();
        Trace::new(move |line| lines.0.lock().unwrap().push(line.to_owned()))
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[test]
fn a_hash_is_traced_as_in_go() {
    let lines = Lines::default();
    let keys = KeySpace::new("go1.99").with_trace(lines.trace());

    let file = "a.go";
    let mut hash = keys.hash("compile fmt");
    writeln!(hash, "compile").unwrap();
    writeln!(hash, "file {file} {:?}", "x\ty").unwrap();
    hash.write_all(b"\xff\0a").unwrap();
    let sum = hash.sum();
    hash.write_all(b"more").unwrap();
    hash.sum();
    keys.subkey(&sum, "srcfiles \"é\"\x01");

    assert_eq!(
        lines.taken(),
        [
            r#"HASH[compile fmt]"#,
            r#"HASH[compile fmt]: "go1.99""#,
            r#"HASH[compile fmt]: "compile\n""#,
            r#"HASH[compile fmt]: "file a.go \"x\\ty\"\n""#,
            r#"HASH[compile fmt]: "\xff\x00a""#,
            r#"HASH[compile fmt]: 870c921d9b42205525b2e9c35a2b306783073a3d1168a90d0e8445197c6bd259"#,
            r#"HASH[compile fmt]: "more""#,
            r#"HASH[compile fmt]: 6da1456acd868ca1e0a2439ce4c24ae6cdea0f3e9170660e7162bea0f234033f"#,
            concat!(
                r#"HASH subkey 870c921d9b42205525b2e9c35a2b306783073a3d1168a90d0e8445197c6bd259"#,
                r#" "srcfiles \"é\"\x01" = "#,
                r#"32d5f753ab61d0cd20acbe1e25ede3a8e8db42b911cec14a5b23b22015c03ca4"#,
            ),
        ]
    );
}

#[test]
fn an_empty_salt_is_traced_too() {
    let lines = Lines::default();
    let mut hash = KeySpace::new("").with_trace(lines.trace()).hash("alice");
    hash.write_all(b"hello world").unwrap();
    hash.sum();
    assert_eq!(
        lines.taken(),
        [
            r#"HASH[alice]"#,
            r#"HASH[alice]: """#,
            r#"HASH[alice]: "hello world""#,
            r#"HASH[alice]: b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"#,
        ]
    );
}

#[test]
fn a_file_is_traced_when_it_is_read_and_when_it_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hello.txt");
    fs::write(&path, "hello world").unwrap();
    let lines = Lines::default();
    let memo = FileHashMemo::new().with_trace(lines.trace());

    let hash = memo.hash(&path).unwrap();
    assert_eq!(lines.taken(), [format!("HASH {}: {hash}", path.display())]);

    memo.set(&path, hash).unwrap();
    memo.hash(&path).unwrap();
    assert_eq!(lines.taken(), [""; 0], "what is remembered is not traced");

    let absent = folder.path().join("absent.txt");
    let error = memo.hash(&absent).unwrap_err();
    assert_eq!(lines.taken(), [format!("HASH {}: {error}", absent.display())]);
}

#[test]
fn a_reverse_lookup_knows_what_was_hashed_without_the_salt() {
    let lookup = ReverseLookup::new();
    let keys = KeySpace::new("go1.99").with_reverse_lookup(lookup.clone());
    let mut hash = keys.hash("compile fmt");
    hash.write_all(b"compile\n").unwrap();
    hash.write_all(b"\xff!").unwrap();
    let first = hash.sum();
    hash.write_all(b"more").unwrap();
    let second = hash.sum();
    assert_eq!(lookup.get(&first).as_deref(), Some("compile\n\u{fffd}!"));
    assert_eq!(lookup.get(&second).as_deref(), Some("compile\n\u{fffd}!more"));
    assert_eq!(lookup.get(&ActionId::from_bytes([7; 32])), None);
}

#[test]
fn a_reverse_lookup_knows_a_subkey_s_parent_and_description() {
    let lookup = ReverseLookup::new();
    let keys = KeySpace::new("go1.99").with_reverse_lookup(lookup.clone());
    let parent: ActionId =
        "870c921d9b42205525b2e9c35a2b306783073a3d1168a90d0e8445197c6bd259".parse().unwrap();
    let subkey = keys.subkey(&parent, "srcfiles \"é\"\x01");
    assert_eq!(lookup.get(&subkey).unwrap(), format!(r#"subkey {parent} "srcfiles \"é\"\x01""#));
}

#[test]
fn a_reverse_lookup_forgets_the_oldest_above_its_limit() {
    let lookup = ReverseLookup::with_limit(10);
    let keys = KeySpace::new("salt").with_reverse_lookup(lookup.clone());
    let sum_of = |text: &[u8]| {
        let mut hash = keys.hash("");
        hash.write_all(text).unwrap();
        hash.sum()
    };
    let ids = [b"123456".as_slice(), b"1234", b"12345", b"12345678901"].map(sum_of);
    assert_eq!(ids.map(|id| lookup.get(&id).is_some()), [false, true, true, false]);
}

#[test]
fn tracing_and_recording_leave_the_key_as_it_is() {
    let plain = KeySpace::new("salt");
    let watched = plain
        .clone()
        .with_trace(Lines::default().trace())
        .with_reverse_lookup(ReverseLookup::with_limit(1));
    let sums = [plain, watched].map(|keys| {
        let mut hash = keys.hash("compile");
        write!(hash, "{}-{}", 1, 2).unwrap();
        (hash.sum(), keys.subkey(&hash.sum(), "vet"))
    });
    assert_eq!(sums[0], sums[1]);
}
