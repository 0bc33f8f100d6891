//! Responses as helpers write them, whatever language they are written in.

mod common;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cache_core::OutputId;
use cache_prog_wire::{Command, Response, ResponseReader};
use common::{Pieces, base64, response, responses};

fn after_1970(seconds: u64, nanos: u32) -> SystemTime {
    UNIX_EPOCH + Duration::new(seconds, nanos)
}

#[test]
fn every_field_is_read() {
    let o = base64(&[0x5a; 32]);
    let hit = response(&format!(
        r#"{{"ID":5,"OutputID":"{o}","Size":12,"Time":"2024-02-29T23:59:59.123456789Z","DiskPath":"/c/5a-d"}}"#
    ));
    let expected = Response {
        id: 5,
        output: Some(vec![0x5a; 32]),
        size: 12,
        time: Some(after_1970(1_709_251_199, 123_456_789)),
        disk_path: Some(PathBuf::from("/c/5a-d")),
        ..Response::default()
    };
    assert_eq!(hit, expected);
    assert_eq!(hit.output_id(), Some(OutputId::from_bytes([0x5a; 32])));

    let miss = response(r#"{"ID":6,"Miss":true}"#);
    assert_eq!(miss, Response { id: 6, miss: true, ..Response::default() });
    let failed = response(r#"{"ID":7,"Err":"no room: \"/c\"\n"}"#);
    assert_eq!(
        failed,
        Response { id: 7, error: "no room: \"/c\"\n".into(), ..Response::default() }
    );
}

#[test]
fn the_first_message_says_what_the_helper_can_do() {
    let first = response(r#"{"ID":0,"KnownCommands":["get","put","close","get2",null]}"#);
    let get2 = Command::Other("get2".into());
    assert_eq!(first.known_commands, [Command::Get, Command::Put, Command::Close, get2]);
    assert_eq!(response(r#"{"ID":0,"KnownCommands":[]}"#).known_commands, []);
}

#[test]
fn a_time_is_read_with_any_offset() {
    let instant = after_1970(1_700_000_000, 0);
    for (text, expected) in [
        ("2023-11-14T22:13:20Z", instant),
        ("2023-11-14T22:13:20.000000000Z", instant),
        ("2023-11-14T22:13:20+00:00", instant),
        ("2023-11-15T03:58:20+05:45", instant),
        ("2023-11-14T14:13:20-08:00", instant),
        ("2023-11-14T23:13:20.5+01:00", instant + Duration::from_millis(500)),
        ("2023-11-14T22:13:20.000000001Z", instant + Duration::from_nanos(1)),
        ("2023-11-14T22:13:20.999999999-00:00", instant + Duration::from_nanos(999_999_999)),
        ("1969-12-31T23:59:59.75Z", UNIX_EPOCH - Duration::from_millis(250)),
        ("0001-01-01T00:00:00Z", UNIX_EPOCH - Duration::from_secs(62_135_596_800)),
    ] {
        let hit = response(&format!(r#"{{"ID":1,"Time":"{text}"}}"#));
        assert_eq!(hit.time, Some(expected), "{text}");
    }
}

#[test]
fn field_names_are_read_in_any_case() {
    let o = base64(&[0x5a; 32]);
    let upper = format!(
        r#"{{"ID":5,"ERR":"e","KNOWNCOMMANDS":["get"],"MISS":true,"OUTPUTID":"{o}","SIZE":12,"TIME":"2024-01-01T00:00:00Z","DISKPATH":"/c"}}"#
    );
    let goes = format!(
        r#"{{"ID":5,"Err":"e","KnownCommands":["get"],"Miss":true,"OutputID":"{o}","Size":12,"Time":"2024-01-01T00:00:00Z","DiskPath":"/c"}}"#
    );
    let lower = format!(
        r#"{{"id":5,"err":"e","knowncommands":["get"],"miss":true,"outputid":"{o}","size":12,"time":"2024-01-01T00:00:00Z","diskpath":"/c"}}"#
    );
    assert_eq!(response(&upper), response(&goes));
    assert_eq!(response(&lower), response(&goes));
}

#[test]
fn null_is_as_if_the_field_were_not_there() {
    let nulls = r#""ID":null,"Err":null,"KnownCommands":null,"Miss":null,"OutputID":null,"Size":null,"Time":null,"DiskPath":null"#;
    assert_eq!(response(&format!("{{{nulls}}}")), Response::default());
    let o = base64(&[0x5a; 32]);
    let full = format!(
        r#""ID":5,"Err":"e","KnownCommands":["get"],"Miss":true,"OutputID":"{o}","Size":12,"Time":"2024-01-01T00:00:00Z","DiskPath":"/c""#
    );
    assert_eq!(response(&format!("{{{full},{nulls}}}")), response(&format!("{{{full}}}")));
}

#[test]
fn of_equal_fields_the_last_one_counts() {
    let twice = response(
        r#"{"ID":1,"Err":"a","KnownCommands":["get","put"],"Miss":true,"Size":1,"DiskPath":"/a","OutputID":"AAAA","Time":"2024-01-01T00:00:00Z",
            "id":2,"err":"b","knowncommands":["close"],"miss":false,"size":2,"diskpath":"/b","outputid":"BBBB","time":"1970-01-01T00:00:00Z"}"#,
    );
    let expected = Response {
        id: 2,
        error: "b".into(),
        known_commands: vec![Command::Close],
        miss: false,
        output: Some(vec![0x04, 0x10, 0x41]),
        size: 2,
        time: Some(UNIX_EPOCH),
        disk_path: Some("/b".into()),
    };
    assert_eq!(twice, expected);
}

#[test]
fn fields_that_nobody_knows_are_skipped() {
    let known = r#""ID":3,"Miss":true"#;
    for value in ["1e9", r#""}\"""#, r#"{"ID":9,"Miss":false}"#, r#"[{"ID":9},[],"]"]"#] {
        let text = format!(r#"{{"Etag":{value},{known},"etag":{value}}}"#);
        assert_eq!(response(&text), response(&format!("{{{known}}}")), "{text}");
    }
}

#[test]
fn pretty_printed_ones_blank_lines_and_crlf_are_taken() {
    let one = "\r\n\r\n{\r\n  \"ID\": 1,\r\n  \"Miss\": true\r\n}\r\n\r\n";
    let stream = format!("{one}{{\"ID\":1,\"Miss\":true}}{{\"ID\":1,\"Miss\":true}}\n\n{one}");
    let miss = Response { id: 1, miss: true, ..Response::default() };
    for size in [1, 2, 3, 7, 1 << 20] {
        let all = responses(Pieces::of(&[size], stream.as_bytes())).expect("four responses");
        assert_eq!(all, vec![miss.clone(); 4], "{size} at a time");
    }
}

#[test]
fn an_empty_path_is_none_and_others_are_as_they_came() {
    assert_eq!(response(r#"{"DiskPath":""}"#).disk_path, None);
    for (text, path) in [
        ("relative/x", "relative/x"),
        (r"C:\\cache\\x", r"C:\cache\x"),
        ("/with \\u0000 in it", "/with \0 in it"),
        ("/\\u4e2d\\ud83d\\udce6/文", "/中📦/文"),
    ] {
        let hit = response(&format!(r#"{{"DiskPath":"{text}"}}"#));
        assert_eq!(hit.disk_path, Some(PathBuf::from(path)));
    }
}

#[test]
fn an_output_id_of_another_length_is_kept_but_is_none() {
    for length in [0, 31, 33] {
        let hit = response(&format!(r#"{{"OutputID":"{}"}}"#, base64(&vec![9; length])));
        assert_eq!((hit.output_id(), hit.output), (None, Some(vec![9; length])));
    }
}

#[test]
fn an_empty_stream_has_no_responses() {
    let mut reader = ResponseReader::new(&b" \n\r\n"[..]);
    assert_eq!(reader.next().expect("no error"), None);
    assert_eq!(reader.next().expect("no error"), None);
}
