//! File names stay in their folder, and what is said about failures fits on one line.

use std::error::Error as _;
use std::io;
use std::time::SystemTime;

use cache_core::{
    ActionId, BrokenPromise, Entry, Error, FileName, Lookup, MissReason, OutputId, Source,
    VerifyMismatch,
};

const ACTION: ActionId = ActionId::from_bytes([0xaa; 32]);
const OLD: OutputId = OutputId::from_bytes([0xbb; 32]);
const NEW: OutputId = OutputId::from_bytes([0xcc; 32]);

#[test]
fn a_file_name_is_one_plain_component() {
    for name in ["a", "a.exe", "...", "..a", "a b", ".hidden", "café", "-d", &"x".repeat(255)] {
        assert_eq!(FileName::new(name).unwrap().as_str(), name);
        assert_eq!(FileName::new(name).unwrap().to_string(), name);
    }
}

#[test]
fn what_leads_elsewhere_is_no_file_name() {
    for name in ["", ".", "..", "a/b", "/", "../a", "a/", "a\\b", "a\0", &"é".repeat(128)] {
        let error = FileName::new(name).unwrap_err().to_string();
        assert!(error.contains(&format!("{name:?}")), "{error}");
        assert!(!error.contains(['\0', '\n']), "{error:?}");
    }
}

#[test]
fn a_lookup_is_a_hit_or_a_miss() {
    let entry = Entry { output: OLD, size: 3, time: SystemTime::UNIX_EPOCH };
    assert!(Lookup::Hit(entry).is_hit());
    assert_eq!(Lookup::Hit(entry).hit(), Some(entry));
    assert!(Lookup::Hit(entry).miss().is_none());
    let miss = || Lookup::<Entry>::Miss(MissReason::NotFound);
    assert!(!miss().is_hit());
    assert_eq!(miss().hit(), None);
    assert!(matches!(miss().miss(), Some(MissReason::NotFound)));
}

#[test]
fn each_miss_says_its_reason_in_one_line() {
    let (old, path) = (OLD.to_string(), "/c/aa/aa-a");
    for (reason, words) in [
        (MissReason::NotFound, vec!["no entry"]),
        (MissReason::VerifyMode, vec!["verify"]),
        (MissReason::Malformed("it is 3 bytes long"), vec!["malformed", "3 bytes"]),
        (MissReason::Changing, vec!["changed"]),
        (MissReason::Unreadable { path: path.into(), source: denied() }, vec![path, "denied"]),
        (MissReason::OutputGone(OLD), vec![&old, "gone"]),
        (MissReason::OutputSize { output: OLD, expected: 12, found: 7 }, vec![&old, "12", "7"]),
        (MissReason::OutputChecksum(OLD), vec![&old, "wrong bytes"]),
        (MissReason::Other("the store is asleep".into()), vec!["the store is asleep"]),
    ] {
        assert_line(&reason.to_string(), &words);
    }
}

#[test]
fn each_error_says_what_happened_to_what_in_one_line() {
    let (action, old, new) = (ACTION.to_string(), OLD.to_string(), NEW.to_string());
    for (error, words) in [
        (Error::io("open", "/c/aa")(denied()), vec!["cannot open /c/aa", "denied"]),
        (Error::Source { action: ACTION, source: denied() }, vec![&action, "denied"]),
        (Error::ContentChanged { action: ACTION }, vec![&action, "changed"]),
        (
            Error::BrokenPromise(Box::new(BrokenPromise {
                action: ACTION,
                promised: OLD,
                promised_size: 12,
                found: NEW,
                found_size: 7,
            })),
            vec![&action, &old, &new, "12 bytes", "7 bytes"],
        ),
        (mismatch(None), vec![&action, &old, &new, "12 bytes", "7 bytes", "not known"]),
        (mismatch(Some("compile\nfmt")), vec![&action, &old, &new, r#"("compile\nfmt")"#]),
        (Error::TooLarge { output: OLD, size: 12, limit: 7 }, vec![&old, "12", "7"]),
        (Error::Closed, vec!["closed"]),
        (Error::Unsupported("store executables"), vec!["cannot store executables"]),
        (Error::Backend("the store is asleep".into()), vec!["the store is asleep"]),
    ] {
        assert_line(&error.to_string(), &words);
    }
}

#[test]
fn an_error_leads_to_its_cause() {
    let error = Error::io("open", "/c/aa")(denied());
    assert_eq!(error.source().unwrap().to_string(), denied().to_string());
    let error = Error::Source { action: ACTION, source: denied() };
    assert_eq!(error.source().unwrap().to_string(), denied().to_string());
    let reason = MissReason::Unreadable { path: "/c/aa".into(), source: denied() };
    assert_eq!(reason.source().unwrap().to_string(), denied().to_string());
}

#[test]
fn a_debugged_source_does_not_show_its_bytes() {
    assert_eq!(format!("{:?}", Source::Bytes(b"secret")), "Bytes(6 bytes)");
    let promised = Source::Promised { output: OLD, size: 6, body: &mut b"secret".as_slice() };
    assert_eq!(format!("{promised:?}"), format!("Promised({OLD}, 6 bytes)"));
}

fn denied() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "permission denied")
}

fn mismatch(description: Option<&str>) -> Error {
    Error::VerifyMismatch(Box::new(VerifyMismatch {
        action: ACTION,
        description: description.map(str::to_owned),
        old: OLD,
        old_size: 12,
        new: NEW,
        new_size: 7,
    }))
}

#[track_caller]
fn assert_line(text: &str, words: &[&str]) {
    assert_eq!(text.lines().count(), 1, "{text:?}");
    assert!(!text.contains("  "), "{text:?}");
    for word in words {
        assert!(text.contains(word), "{text:?} lacks {word:?}");
    }
}
