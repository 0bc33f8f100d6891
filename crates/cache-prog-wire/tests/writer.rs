//! What is written, and when: the last of a body goes out only when the writer is told that it is
//! whole.

mod common;

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cache_core::{ActionId, OutputId};
use cache_prog_wire::{Command, Request, RequestWriter, Response, write_response};
use common::{base64, noise, requests, responses};

fn put(id: i64, body: &[u8]) -> Request {
    Request::put(id, &ActionId::from_bytes([0xa5; 32]), &OutputId::of(body), body.len() as i64)
}

/// What the writer sends for a put whose body comes in such pieces.
fn sent(body: &[u8], pieces: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = RequestWriter::new(&mut out);
    let mut writing = writer.put(&put(1, body)).expect("a put");
    for piece in body.chunks(pieces) {
        writing.write(piece).expect("a piece");
    }
    writing.finish().expect("the end");
    out
}

#[test]
fn requests_are_written_as_go_writes_them() {
    let (a, x) = (base64(&[0xa5; 32]), base64(OutputId::of(b"xyz").as_bytes()));
    let mut out = Vec::new();
    let mut writer = RequestWriter::new(&mut out);
    writer.request(&Request::get(1, &ActionId::from_bytes([0xa5; 32]))).expect("a get");
    let mut body = writer.put(&put(2, b"xyz")).expect("a put");
    body.write(b"xyz").expect("a body");
    body.finish().expect("the end");
    writer.put(&put(3, b"")).expect("a put").finish().expect("the end");
    writer.request(&Request::close(4)).expect("a close");
    let empty = base64(OutputId::of(b"").as_bytes());
    let expected = format!(
        "{{\"ID\":1,\"Command\":\"get\",\"ActionID\":\"{a}\"}}\n\
         {{\"ID\":2,\"Command\":\"put\",\"ActionID\":\"{a}\",\"OutputID\":\"{x}\",\"ObjectID\":\"{x}\",\"BodySize\":3}}\n\
         \"eHl6\"\n\
         {{\"ID\":3,\"Command\":\"put\",\"ActionID\":\"{a}\",\"OutputID\":\"{empty}\",\"ObjectID\":\"{empty}\"}}\n\
         {{\"ID\":4,\"Command\":\"close\"}}\n"
    );
    assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
}

#[test]
fn responses_are_written_as_go_writes_them() {
    let o = base64(&[0x5a; 32]);
    let first = Response {
        known_commands: vec![Command::Get, Command::Put, Command::Close],
        ..Response::default()
    };
    let hit = Response {
        id: 5,
        output: Some(vec![0x5a; 32]),
        size: 12,
        time: Some(UNIX_EPOCH + Duration::new(1_709_251_199, 123_456_789)),
        disk_path: Some("/c/\"5a\"\n-d".into()),
        ..Response::default()
    };
    let miss = Response { id: 6, miss: true, ..Response::default() };
    let failed = Response { id: 7, error: "no room".into(), ..Response::default() };
    for (response, line) in [
        (first, "{\"ID\":0,\"KnownCommands\":[\"get\",\"put\",\"close\"]}\n".to_owned()),
        (
            hit,
            format!(
                "{{\"ID\":5,\"OutputID\":\"{o}\",\"Size\":12,\"Time\":\"2024-02-29T23:59:59.123456789Z\",\"DiskPath\":\"/c/\\\"5a\\\"\\n-d\"}}\n"
            ),
        ),
        (miss, "{\"ID\":6,\"Miss\":true}\n".to_owned()),
        (failed, "{\"ID\":7,\"Err\":\"no room\"}\n".to_owned()),
    ] {
        let mut out = Vec::new();
        write_response(&mut out, &response).expect("a response");
        assert_eq!(String::from_utf8_lossy(&out), line);
        assert_eq!(responses(out.as_slice()).expect("read back"), [response]);
    }
}

#[test]
fn a_body_is_the_same_in_pieces_of_any_size() {
    for size in [1, 2, 3, 4, 100, 196_607, 196_608, 196_609, 393_216, 800_001] {
        let body = noise(size);
        let once = sent(&body, size);
        for pieces in [1, 2, 3, 1000, 196_607, 196_608, 196_609, 65_536] {
            assert!(sent(&body, pieces) == once, "{size} bytes in pieces of {pieces}");
        }
        let read = requests(once.as_slice()).expect("read back");
        assert!(read == [(put(1, &body), body)], "{size} bytes");
    }
}

#[test]
fn the_last_group_is_held_back_until_the_end() {
    let around = |middle: usize| middle - 2..=middle + 3;
    for size in (1..=9).chain(around(192 << 10)).chain(around(384 << 10)).chain([800_000]) {
        let body = noise(size);
        let whole = sent(&body, size);
        for pieces in [3, 1000, 192 << 10, size] {
            let mut out = Vec::new();
            let mut writer = RequestWriter::new(&mut out);
            let mut writing = writer.put(&put(1, &body)).expect("a put");
            for piece in body.chunks(pieces) {
                writing.write(piece).expect("a piece");
            }
            drop(writing);
            // What was sent so far lacks at least the last group, and the closing quote.
            let last_group = whole.len() - "\"\n".len() - 4;
            assert!(out.len() <= last_group, "{size} bytes in pieces of {pieces}");
            assert!(whole.starts_with(&out));
            if size > 600_000 {
                assert!(out.len() > size, "all but the last of a large body is sent as it comes");
            }
        }
    }
}

#[test]
fn what_was_begun_and_dropped_does_not_come_out_later() {
    let mut out = Vec::new();
    let mut writer = RequestWriter::new(&mut out);
    let mut writing = writer.put(&put(1, b"dropped")).expect("a put");
    writing.write(b"dropped").expect("a piece");
    drop(writing);
    writer.request(&Request::close(2)).expect("a close");
    assert_eq!(out, b"{\"ID\":2,\"Command\":\"close\"}\n");
}

#[test]
fn a_body_that_was_not_announced_is_refused() {
    let mut out = Vec::new();
    let mut writer = RequestWriter::new(&mut out);
    for request in [put(1, b""), Request::get(2, &ActionId::from_bytes([1; 32]))] {
        let mut body = writer.put(&request).expect("a request");
        body.write(b"").expect("nothing is not too much");
        let error = body.write(b"x").expect_err("no body was announced");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        body.finish().expect("the request itself");
    }
    assert_eq!(requests(out.as_slice()).expect("read back").len(), 2);
}

#[test]
fn the_output_of_two_writers_is_read_back() {
    let bodies = [noise(3), noise(196_609), Vec::new(), noise(100_000)];
    let mut out = Vec::new();
    for half in bodies.chunks(2) {
        let mut writer = RequestWriter::new(&mut out);
        for body in half {
            let mut writing = writer.put(&put(7, body)).expect("a put");
            writing.write(body).expect("the body");
            writing.finish().expect("the end");
        }
        writer.request(&Request::close(8)).expect("a close");
    }
    let read = requests(out.as_slice()).expect("read back");
    let with_bodies: Vec<_> = read.iter().filter(|(request, _)| request.id == 7).collect();
    assert_eq!((read.len(), with_bodies.len()), (6, 4));
    for ((request, body), expected) in with_bodies.into_iter().zip(&bodies) {
        assert!(request == &put(7, expected) && body == expected);
    }
}

#[test]
fn a_response_that_cannot_be_written_leaves_the_stream_alone() {
    let year = Duration::from_secs(31_556_952);
    let with_time = |time: SystemTime| Response { time: Some(time), ..Response::default() };
    let mut impossible = vec![
        // The years -30 and 12000, which RFC 3339 does not have and Go does not read.
        with_time(UNIX_EPOCH - year * 2000),
        with_time(UNIX_EPOCH + year * 10_030),
    ];
    #[cfg(unix)]
    impossible.push(Response {
        disk_path: Some(PathBuf::from(
            <OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"/c/\xff").to_owned(),
        )),
        ..Response::default()
    });
    for response in impossible {
        let mut out = Vec::new();
        let error = write_response(&mut out, &response).expect_err("it cannot be written");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
        assert_eq!(out, b"");
    }
}

/// Takes some bytes, then no more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 < bytes.len() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn errors_of_the_stream_are_given_on() {
    let is_broken = |error: io::Error| assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    let mut writer = RequestWriter::new(Full(0));
    is_broken(writer.request(&Request::close(1)).expect_err("a request"));
    let body = noise(200_000);
    let mut writing = writer.put(&put(1, &body)).expect("nothing is sent yet");
    is_broken(writing.write(&body).expect_err("a large body"));
    let mut writing = writer.put(&put(1, b"x")).expect("nothing is sent yet");
    writing.write(b"x").expect("nothing is sent yet");
    is_broken(writing.finish().expect_err("the end"));
    is_broken(write_response(&mut Full(0), &Response::default()).expect_err("a response"));
}
