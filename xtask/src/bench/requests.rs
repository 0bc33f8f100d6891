//! A helper that answers a million requests: what it takes of the system then, beside what it took
//! after the first of them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::ops::{Range, RangeInclusive};
use std::process::{ChildStdin, ChildStdout, Stdio};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::process::{Process, memory};
use super::rounds::{Measured, Rounds};

/// After so many, each of its threads has from the allocator what it needs at the most: until then
/// the memory grows, by some 200 KiB for a thread, and not after that.
const FEW: u64 = 100_000;
const MANY: u64 = 1_000_000;

/// How many are asked before the first answer is read. Both pipes have room for them.
const AT_ONCE: u64 = 50;

/// Of so many requests one is a put, three are misses, and the others hits.
const KINDS: u64 = 10;
const MISSES: RangeInclusive<u64> = 1..=3;

/// How many different actions and outputs are put. They take turns with each other.
const ACTIONS: u64 = 10_000;
const OUTPUTS: u64 = 9_973;

/// Measures the memory of `serve`. Fails when it has more threads or open files after [`MANY`]
/// requests than after [`FEW`], or answers wrongly.
pub(super) fn memory_after_many(
    serve: &Process,
    few: &mut Rounds,
    many: &mut Rounds,
) -> Result<()> {
    let mut command = serve.command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("bench: cannot run {serve}"))?;
    let mut requests = child.stdin.take().context("a pipe was asked for")?;
    let mut replies = BufReader::new(child.stdout.take().context("a pipe was asked for")?);
    replies.read_line(&mut String::new())?;
    let mut held = Vec::new();
    for (range, column) in [(0..FEW, few), (FEW..MANY, many)] {
        ask(range, &mut requests, &mut replies)?;
        let Some(resident) = memory(child.id(), "VmRSS") else { continue };
        column.insert("serve-memory-after-many-requests", Measured::bytes(resident));
        let count =
            |what| fs::read_dir(format!("/proc/{}/{what}", child.id())).map(Iterator::count);
        held.push((count("task")?, count("fd")?));
    }
    // The end of its input ends it.
    drop(requests);
    let status = child.wait()?;
    ensure!(status.success(), "bench: {serve}: {status}");
    ensure!(
        held.windows(2).all(|pair| pair[0] == pair[1]),
        "bench: {serve} had these threads and open files after {FEW} and {MANY} requests: {held:?}"
    );
    Ok(())
}

/// Asks, and reads the answers, which come in any order.
fn ask(
    numbers: Range<u64>,
    requests: &mut ChildStdin,
    replies: &mut BufReader<ChildStdout>,
) -> Result<()> {
    let (mut text, mut reply) = (String::new(), String::new());
    for first in numbers.clone().step_by(AT_ONCE as usize) {
        let batch = first..numbers.end.min(first + AT_ONCE);
        text.clear();
        batch.clone().for_each(|number| text += &request(number));
        requests.write_all(text.as_bytes())?;
        let expected = batch.clone().filter(|number| is_miss(*number)).count();
        let mut missed = 0;
        for _ in batch {
            reply.clear();
            replies.read_line(&mut reply)?;
            ensure!(reply.ends_with('\n') && !reply.contains(r#""Err""#), "bench: {reply:?}");
            missed += usize::from(reply.contains(r#""Miss":true"#));
        }
        ensure!(
            missed == expected,
            "bench: {missed} misses from request {first} on, not {expected}"
        );
    }
    Ok(())
}

/// A put of a small output, or a get of what was put a batch ago, or of what was never put.
fn request(number: u64) -> String {
    let (round, base64) = (number / KINDS, |bytes: &[u8]| STANDARD.encode(bytes));
    let action = |n: u64| base64(&Sha256::digest(n.to_le_bytes()));
    if number.is_multiple_of(KINDS) {
        let body = (round % OUTPUTS).to_le_bytes().repeat(1 + round as usize % 100);
        let request = json!({
            "ID": number,
            "Command": "put",
            "ActionID": action(round % ACTIONS),
            "OutputID": base64(&Sha256::digest(&body)),
            "BodySize": body.len(),
        });
        return format!("{request}\n\"{}\"\n", base64(&body));
    }
    let asked = if is_miss(number) { ACTIONS } else { (round - AT_ONCE / KINDS) % ACTIONS };
    let request = json!({ "ID": number, "Command": "get", "ActionID": action(asked) });
    format!("{request}\n")
}

/// Nothing was put before the first batch.
fn is_miss(number: u64) -> bool {
    let kind = number % KINDS;
    MISSES.contains(&kind) || kind > 0 && number < AT_ONCE
}
