//! What helpers answer, and what it comes to.

mod support;

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cache_core::{
    Cache, CacheExt, Entry, Error, FileName, Lookup, MissReason, OutputId, PutOptions, Source,
};
use cache_prog_client::{HelperMiss, HelperProblem};
use support::{action, helper_error, start};

const ID: [u8; 32] = [9; 32];

fn id() -> String {
    BASE64_STANDARD.encode(ID)
}

fn get(reply: &str) -> Lookup {
    start(&format!("replies '{reply}'")).get(&action(1)).unwrap()
}

#[track_caller]
fn useless(reply: &str) -> HelperMiss {
    match get(reply) {
        Lookup::Miss(MissReason::Other(reason)) => *reason.downcast().unwrap(),
        other => panic!("{reply}: {other:?}"),
    }
}

#[test]
fn a_miss_is_a_miss() {
    let lookup = get(r##"{"ID":#ID,"Miss":true,"DiskPath":"/x"}"##);
    assert!(matches!(lookup, Lookup::Miss(MissReason::NotFound)), "{lookup:?}");
}

#[test]
fn a_hit_is_an_entry() {
    let entry = get(&format!(
        r##"{{"ID":#ID,"OutputID":"{}","Size":12,"Time":"2024-02-03T04:05:06.000000789Z","DiskPath":"/x"}}"##,
        id()
    ));
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_706_933_106, 789);
    let expected = Entry { output: OutputId::from_bytes(ID), size: 12, time };
    assert_eq!(entry.hit(), Some(expected));
}

#[test]
fn replies_are_read_as_go_reads_them() {
    let entry = get(&format!(
        "{{\n\t\"outputid\": \"{}\",\n\t\"SIZE\": 12,\n\t\"diskpath\": \"/x\",\n\t\"err\": null,\n\t\"Miss\": null,\n\t\"time\": null,\n\t\"new\": [{{}}],\n\t\"id\": #ID\n}}\n\n",
        id()
    ));
    assert_eq!(entry.hit().map(|entry| entry.size), Some(12));
}

#[test]
fn a_hit_without_a_time_was_stored_now() {
    let before = SystemTime::now();
    let entry = get(&format!(r##"{{"ID":#ID,"OutputID":"{}","DiskPath":"/x"}}"##, id()));
    let time = entry.hit().unwrap().time;
    assert!(before <= time && time <= SystemTime::now());
}

#[test]
fn a_hit_without_a_path_is_a_miss() {
    let hit = format!(r##"{{"ID":#ID,"OutputID":"{}","Size":1}}"##, id());
    assert_eq!(useless(&hit), HelperMiss::NoPath);
}

#[test]
fn a_hit_with_a_relative_path_is_a_miss() {
    let hit = format!(r##"{{"ID":#ID,"OutputID":"{}","Size":1,"DiskPath":"x/y"}}"##, id());
    assert_eq!(useless(&hit), HelperMiss::RelativePath("x/y".into()));
}

/// Nothing of it is kept: a helper could fill the memory with them.
#[test]
fn a_path_that_no_file_can_have_is_a_miss_and_no_place_for_a_put() {
    for path in ["/a\\u0000b".to_owned(), format!("/{}", "x".repeat(100_000))] {
        // A line of such a length is no argument of a program.
        let folder = tempfile::tempdir().unwrap();
        let reply = folder.path().join("reply");
        let text = format!(r##"{{"ID":#ID,"OutputID":"{}","DiskPath":"{path}"}}"##, id());
        std::fs::write(&reply, text).unwrap();
        let cache = start(&format!("replies-with-file '{}'", reply.display()));
        match cache.get(&action(1)).unwrap() {
            Lookup::Miss(MissReason::Other(reason)) => {
                assert_eq!(reason.downcast_ref(), Some(&HelperMiss::ImpossiblePath));
            }
            other => panic!("{other:?}"),
        }
        let error = helper_error(cache.put_bytes(&action(1), b"x"));
        assert!(matches!(error.problem, HelperProblem::ImpossiblePath), "{error}");
        assert!(matches!(cache.get(&action(2)), Ok(Lookup::Miss(_))), "it goes on");
    }
}

#[test]
fn a_hit_with_an_output_id_of_another_length_is_a_miss() {
    let short = useless(r##"{"ID":#ID,"OutputID":"AAAA","Size":1,"DiskPath":"/x"}"##);
    assert_eq!(short, HelperMiss::OutputId { length: 3 });
    let none = useless(r##"{"ID":#ID,"Size":1,"DiskPath":"/x"}"##);
    assert_eq!(none, HelperMiss::OutputId { length: 0 });
}

#[test]
fn a_hit_with_a_negative_size_is_a_miss() {
    let hit = format!(r##"{{"ID":#ID,"OutputID":"{}","Size":-1,"DiskPath":"/x"}}"##, id());
    assert_eq!(useless(&hit), HelperMiss::Size(-1));
    assert_eq!(HelperMiss::Size(-1).to_string(), "the helper's hit has a size of -1 bytes");
}

#[test]
fn an_error_in_a_reply_fails_that_call_alone() {
    let cache = start(r##"replies '{"ID":#ID,"Err":"no disk"}'"##);
    for _ in 0..2 {
        let error = helper_error(cache.get(&action(1)));
        assert!(
            matches!(&error.problem, HelperProblem::Refused { message, .. } if message == "no disk")
        );
        let error = helper_error(cache.put_bytes(&action(1), b"x"));
        assert!(error.to_string().ends_with(r#"answers a put with the error "no disk""#));
    }
    let error = helper_error(cache.close());
    assert!(error.to_string().ends_with(r#"answers a close with the error "no disk""#));
}

#[test]
fn a_put_that_is_answered_without_a_path_is_an_error_and_the_helper_goes_on() {
    let cache = start(r##"replies '{"ID":#ID}'"##);
    for _ in 0..2 {
        let error = helper_error(cache.put_bytes(&action(1), b"x"));
        assert!(matches!(error.problem, HelperProblem::NoPath), "{error}");
    }
    let cache = start(r##"replies '{"ID":#ID,"DiskPath":"x"}'"##);
    let error = helper_error(cache.put_bytes(&action(1), b"x"));
    assert!(matches!(error.problem, HelperProblem::RelativePath(_)), "{error}");
}

#[test]
fn an_output_that_is_not_where_the_helper_says_has_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    let cache = start(&format!(
        r##"replies '{{"ID":#ID,"OutputID":"{}","DiskPath":"{}"}}'"##,
        id(),
        gone.display()
    ));
    let output = OutputId::from_bytes(ID);
    assert_eq!(cache.output_file(&output).unwrap(), None, "nothing was said of it");
    assert!(cache.get(&action(1)).unwrap().is_hit());
    assert_eq!(cache.output_file(&output).unwrap(), None, "it is not there");
    std::fs::create_dir(&gone).unwrap();
    assert_eq!(cache.output_file(&output).unwrap(), None, "it is no file");
    std::fs::remove_dir(&gone).unwrap();
    std::fs::write(&gone, "four").unwrap();
    assert_eq!(cache.output_file(&output).unwrap().unwrap().size, 4);
    assert_eq!(cache.put_bytes(&action(2), b"five!").unwrap().file, None, "it has another size");
    let five = OutputId::of(b"five!");
    assert_eq!(cache.output_file(&five).unwrap(), None, "it has another size later too");
}

#[test]
fn a_helper_without_get_only_stores() {
    let folder = tempfile::tempdir().unwrap();
    let cache = start(&format!("serves '{}' put", folder.path().display()));
    let stored = cache.put_bytes(&action(1), b"the result").unwrap();
    assert_eq!(std::fs::read(stored.file.unwrap().path).unwrap(), b"the result");
    match cache.get(&action(1)).unwrap() {
        Lookup::Miss(MissReason::Other(reason)) => {
            assert_eq!(reason.downcast_ref(), Some(&HelperMiss::NoGet));
        }
        other => panic!("{other:?}"),
    }
    cache.close().unwrap();
}

#[test]
fn a_helper_without_put_is_sent_nothing_and_the_entry_is_computed() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let cache =
        start(&format!("serves '{}' get,close '{}'", folder.path().display(), record.display()));
    let large = vec![5; 3 << 20];
    for bytes in [&b"the result"[..], b"", &large] {
        let (output, size) = (OutputId::of(bytes), bytes.len() as u64);
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
        let mut cursor = std::io::Cursor::new(bytes);
        cursor.set_position(size);
        for source in [
            Source::Bytes(bytes),
            Source::File(&file),
            Source::Seekable(&mut cursor),
            Source::Reader(&mut { bytes }),
            Source::Promised { output, size, body: &mut { bytes } },
        ] {
            let stored = cache.put(&action(1), source, &PutOptions::default()).unwrap();
            assert_eq!((stored.entry.output, stored.entry.size), (output, size));
            assert_eq!(stored.file, None);
        }
        let source = Source::Promised { output, size, body: &mut &b"another"[..] };
        let broken = cache.put(&action(1), source, &PutOptions::default());
        assert!(matches!(broken, Err(Error::BrokenPromise(_))), "{broken:?}");
    }
    assert!(!cache.get(&action(1)).unwrap().is_hit());
    cache.close().unwrap();
    let record = std::fs::read_to_string(record).unwrap();
    assert!(!record.contains("put"), "{record}");
}

#[test]
fn what_the_protocol_has_no_word_for_is_refused() {
    let cache = start("never-answers");
    let executable = Some(FileName::new("tool").unwrap());
    for options in [
        PutOptions { executable, ..PutOptions::default() },
        PutOptions { time: Some(SystemTime::UNIX_EPOCH), ..PutOptions::default() },
    ] {
        let put = cache.put(&action(1), Source::Bytes(b"x"), &options);
        assert!(matches!(put, Err(Error::Unsupported(_))), "{put:?}");
    }
}
