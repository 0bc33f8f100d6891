use std::time::Duration;

use cache_core::OutputId;

use super::{Bytes, Kind, Output, Record, is_under};
use crate::Text;

fn bytes(content: &[u8]) -> Bytes {
    Bytes { output: OutputId::of(content), size: content.len() as u64 }
}

fn record(name: &[u8]) -> Record {
    let file =
        Output { name: Text::from(name), is: Kind::File { mode: 0o644, bytes: bytes(b"object") } };
    let streams = [bytes(b"hello"), bytes(b"")];
    Record::new(0, Duration::from_millis(1500), vec![file], streams, vec![5])
}

#[test]
fn a_record_is_read_as_it_was_written_whatever_the_names_are() {
    for name in [&b"out/a.o"[..], b"out/\xff\n.o"] {
        let record = record(name);
        let written = record.to_bytes().unwrap();
        assert_eq!(Record::from_bytes(&written, &[Text::from("out")]), Ok(record));
    }
}

#[test]
fn what_is_no_record_of_this_result_is_refused() {
    let declared = [Text::from("out")];
    let written = record(b"out/a.o").to_bytes().unwrap();
    let text = String::from_utf8(written.clone()).unwrap();
    let refused = |text: &str| Record::from_bytes(text.as_bytes(), &declared).unwrap_err();
    assert_eq!(refused(""), "not a record");
    assert_eq!(refused(&text[..text.len() - 1]), "not a record");
    assert_eq!(
        refused(&text.replace("\"larder_run\":1", "\"larder_run\":2")),
        "of another version"
    );
    assert_eq!(
        refused(&text.replace("\"order\":[5]", "\"order\":[6]")),
        "lengths that do not add up"
    );
    assert_eq!(
        refused(&text.replace("[5]", &format!("[5,0,{}]", u64::MAX))),
        "lengths that do not add up"
    );
    for name in ["out/../../etc/passwd", "outside", "/out/a.o", "out//a.o", "out/."] {
        assert_eq!(
            refused(&text.replace("out/a.o", name)),
            "an output that was not declared",
            "{name}"
        );
    }
}

#[test]
fn a_name_is_under_a_declared_one_by_whole_components() {
    assert!(is_under(b"a", b"a") && is_under(b"a/b", b"a") && is_under(b"a/b", b""));
    assert!(is_under(b"/tmp/x/y", b"/tmp/x") && is_under(b"/tmp", b"/"));
    assert!(!is_under(b"ab", b"a") && !is_under(b"b", b"a") && !is_under(b"../a", b""));
}
