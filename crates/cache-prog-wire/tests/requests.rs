//! Requests as clients write them, old ones and new ones, and as Go's decoder would take them.

mod common;

use cache_core::{ActionId, OutputId};
use cache_prog_wire::{Command, Request, RequestReader};
use common::{Pieces, base64, request, requests};

fn action() -> ActionId {
    ActionId::from_bytes([0xa5; 32])
}

fn output() -> OutputId {
    OutputId::from_bytes([0x5a; 32])
}

#[test]
fn every_field_is_read() {
    let (a, o) = (base64(&[0xa5; 32]), base64(&[0x5a; 32]));
    let get = format!(r#"{{"ID":1,"Command":"get","ActionID":"{a}"}}"#);
    assert_eq!(request(&get), Request::get(1, &action()));
    assert_eq!(request(r#"{"ID":9007199254740993,"Command":"close"}"#).id, 9_007_199_254_740_993);

    let put =
        format!(r#"{{"ID":2,"Command":"put","ActionID":"{a}","OutputID":"{o}","BodySize":3}}"#);
    let all = requests(format!("{put}\n\"{}\"\n", base64(b"xyz")).as_bytes()).expect("a put");
    assert_eq!(all, [(Request::put(2, &action(), &output(), 3), b"xyz".to_vec())]);
    assert_eq!(all[0].0.action_id(), Some(action()));
    assert_eq!(all[0].0.output_id(), Some(output()));
}

#[test]
fn a_field_that_is_missing_is_empty() {
    let empty = request("{}");
    let command = Command::Other(String::new());
    assert_eq!(empty, Request { id: 0, command, action: None, output: None, body_size: 0 });
    assert_eq!((empty.action_id(), empty.output_id()), (None, None));
}

#[test]
fn a_command_that_nobody_knows_keeps_its_name() {
    let asked = request(r#"{"ID":4,"Command":"get2"}"#);
    assert_eq!(asked.command, Command::Other("get2".into()));
    assert_eq!(asked.command.to_string(), "get2");
    // Go compares commands as they are; only field names fold.
    assert_eq!(request(r#"{"Command":"GET"}"#).command, Command::Other("GET".into()));
}

#[test]
fn field_names_are_read_in_any_case() {
    let a = base64(&[0xa5; 32]);
    for [id, command, action_id] in [
        ["ID", "Command", "ActionID"],
        ["id", "command", "actionid"],
        ["iD", "cOMMAND", "ACTIONid"],
        ["\\u0049D", "C\\u006fmmand", "Action\\u0049D"],
    ] {
        let text = format!(r#"{{"{id}":7,"{command}":"get","{action_id}":"{a}"}}"#);
        assert_eq!(request(&text), Request::get(7, &action()), "{text}");
    }
}

#[test]
fn null_is_as_if_the_field_were_not_there() {
    let nulls = r#"{"ID":null,"Command":null,"ActionID":null,"OutputID":null,"ObjectID":null,"BodySize":null}"#;
    assert_eq!(request(nulls), request("{}"));
    let a = base64(&[0xa5; 32]);
    let after = format!(
        r#"{{"ID":3,"Command":"get","ActionID":"{a}","ID":null,"Command":null,"ActionID":null,"BodySize":null}}"#
    );
    assert_eq!(request(&after), Request::get(3, &action()));
}

#[test]
fn of_equal_fields_the_last_one_counts() {
    let (a, o) = (base64(&[0xa5; 32]), base64(&[0x5a; 32]));
    let text = format!(
        r#"{{"ID":1,"Command":"put","ActionID":"AAAA","OutputID":"AAAA","BodySize":9,
            "id":3,"COMMAND":"get","actionid":"{a}","OUTPUTID":"{o}","bodysize":0}}"#
    );
    let last = request(&text);
    assert_eq!((last.id, &last.command, last.body_size), (3, &Command::Get, 0));
    assert_eq!((last.action_id(), last.output_id()), (Some(action()), Some(output())));
}

#[test]
fn fields_that_nobody_knows_are_skipped() {
    let a = base64(&[0xa5; 32]);
    let large = "[{\"x\":\"}{\\\"][\"},".repeat(5000);
    for value in [
        "0",
        "-1.5e300",
        "true",
        "null",
        r#""a string with } and { and \" and \\""#,
        r#"{"ID":99,"Command":"close","nested":{"ID":98,"deeper":[{"ID":97}]}}"#,
        r#"[[],[[]],{},{"ID":[1,2,3]},"]","\\"]"#,
        &format!("[{large}0{}", "]".repeat(5001)),
    ] {
        let text =
            format!(r#"{{"New":{value},"ID":7,"Command":"get","ActionID":"{a}","new":{value}}}"#);
        assert_eq!(request(&text), Request::get(7, &action()), "{value:.60}");
    }
}

#[test]
fn values_are_taken_and_not_lines() {
    let (a, o) = (base64(&[0xa5; 32]), base64(&[0x5a; 32]));
    let body = base64(b"xyz");
    let pretty = format!(
        "\r\n\n  {{\r\n\t\"ID\" : 2 ,\r\n\t\"Command\" : \"put\",\r\n\t\"ActionID\":\"{a}\",\n\n\
         \"OutputID\":\"{o}\",\n\"BodySize\":3\r\n}}\r\n\r\n  \"{body}\"\r\n \t \r\n"
    );
    let tight = format!(
        r#"{{"ID":2,"Command":"put","ActionID":"{a}","OutputID":"{o}","BodySize":3}}"{body}""#
    );
    let put = (Request::put(2, &action(), &output(), 3), b"xyz".to_vec());
    for text in [format!("{pretty}{pretty}"), format!("{tight}{tight}"), format!("{tight}{pretty}")]
    {
        for size in [1, 2, 3, 7, 1 << 20] {
            let all = requests(Pieces::of(&[size], text.as_bytes())).expect("two puts");
            assert_eq!(all, [put.clone(), put.clone()], "{size} at a time: {text}");
        }
    }
}

#[test]
fn object_id_of_older_clients_is_the_output_id() {
    let (o, other) = (base64(&[0x5a; 32]), base64(&[1; 32]));
    for text in [
        format!(r#"{{"ObjectID":"{o}"}}"#),
        format!(r#"{{"objectid":"{o}","OutputID":null}}"#),
        format!(r#"{{"OutputID":"{o}","ObjectID":"{o}"}}"#),
        // When a client disagrees with itself, today's name counts.
        format!(r#"{{"OutputID":"{o}","ObjectID":"{other}"}}"#),
        format!(r#"{{"ObjectID":"{other}","OutputID":"{o}"}}"#),
    ] {
        assert_eq!(request(&text).output_id(), Some(output()), "{text}");
    }
}

#[test]
fn an_id_of_another_length_is_kept_but_is_none() {
    for length in [0, 1, 31, 33, 64] {
        let id = vec![3; length];
        let text =
            format!(r#"{{"ID":1,"Command":"put","ActionID":"{0}","OutputID":"{0}"}}"#, base64(&id));
        let put = request(&text);
        assert_eq!((&put.action, &put.output), (&Some(id.clone()), &Some(id)));
        assert_eq!((put.action_id(), put.output_id()), (None, None), "{length} bytes");
    }
}

#[test]
fn a_body_size_of_zero_or_less_means_no_body() {
    for size in ["0", "-1", "-9223372036854775808"] {
        let text = format!(r#"{{"ID":1,"Command":"put","BodySize":{size}}}{{"ID":2}}"#);
        let all = requests(text.as_bytes()).expect("two requests");
        let ids: Vec<(i64, bool)> = all.iter().map(|(r, body)| (r.id, body.is_empty())).collect();
        assert_eq!(ids, [(1, true), (2, true)], "{size}");
        assert!(!all[0].0.has_body());
    }
}

#[test]
fn only_a_put_has_a_body() {
    let all = requests(&br#"{"ID":1,"Command":"get","BodySize":3}{"ID":2}"#[..]);
    assert_eq!(all.expect("two requests").len(), 2);
}

#[test]
fn an_empty_stream_has_no_requests() {
    for text in ["", "\n", " \r\n\t\n"] {
        let mut reader = RequestReader::new(text.as_bytes());
        assert_eq!(reader.next().expect("no error"), None, "{text:?}");
        assert_eq!(reader.next().expect("no error"), None, "{text:?}, asked again");
    }
}
