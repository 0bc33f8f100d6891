//! Random messages.

use std::time::{Duration, UNIX_EPOCH};

use cache_prog_wire::{Command, Request, Response};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::noise;

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Get),
        Just(Command::Put),
        Just(Command::Close),
        any::<String>().prop_map(Command::from),
    ]
}

fn id() -> impl Strategy<Value = Option<Vec<u8>>> {
    option::of(prop_oneof![3 => vec(any::<u8>(), 32), 1 => vec(any::<u8>(), 0..80)])
}

/// A body, mostly small, sometimes over what is encoded or read at a time.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => vec(any::<u8>(), 0..300),
        1 => (0usize..150_000).prop_map(noise),
        1 => (0usize..8).prop_map(|n| noise(48 * 1024 - 4 + n)),
    ]
}

/// A request and its body, which is empty for one that has none.
pub fn request() -> impl Strategy<Value = (Request, Vec<u8>)> {
    (any::<i64>(), command(), id(), id(), any::<i64>(), body()).prop_map(
        |(id, command, action, output, size, body)| {
            let body = if command == Command::Put { body } else { Vec::new() };
            // Only a put says how much follows; a negative size is read back as well.
            let body_size = if body.is_empty() { size.min(0) } else { body.len() as i64 };
            (Request { id, command, action, output, body_size }, body)
        },
    )
}

pub fn response() -> impl Strategy<Value = Response> {
    let time = (-60_000_000_000i64..250_000_000_000, 0..1_000_000_000u32).prop_map(|(s, nanos)| {
        let whole = Duration::from_secs(s.unsigned_abs());
        let second = if s < 0 { UNIX_EPOCH - whole } else { UNIX_EPOCH + whole };
        second + Duration::from_nanos(nanos.into())
    });
    let path = any::<String>().prop_map(|path| path.chars().take(100).collect::<String>());
    (
        (any::<i64>(), any::<String>(), vec(command(), 0..5), any::<bool>()),
        (id(), any::<i64>(), option::of(time), path),
    )
        .prop_map(|((id, error, known_commands, miss), (output, size, time, path))| Response {
            id,
            error,
            known_commands,
            miss,
            output,
            size,
            time,
            disk_path: Some(path).filter(|path| !path.is_empty()).map(Into::into),
        })
}
