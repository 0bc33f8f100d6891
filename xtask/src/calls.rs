//! How many system calls an operation of the cache makes. Times shake on a busy machine, counts do
//! not.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::{debian, place};

/// The most calls that one operation may make.
const LIMITS: &[(&str, f64)] = &[
    ("get-miss", 1.0),
    ("get-hit", 4.0),
    ("get-file", 5.0),
    ("put-new", 12.0),
    ("put-same", 11.0),
];

/// How often each is done. A call that is made now and then, for memory or for one of the 256
/// folders, is no call of an operation.
const TIMES: usize = 1000;
const NOW_AND_THEN: usize = TIMES / 2;

/// Counts them with strace, and fails where one makes more than it may.
pub(crate) fn run(sh: &Shell) -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("system calls are counted on Linux alone");
        return Ok(());
    }
    debian::need(sh, "strace", "--version", "strace")?;
    cmd!(sh, "cargo build --release --package cache-disk --example operations").run()?;
    let operations = place::target()?.join("release/examples/operations");
    let scratch = tempfile::tempdir()?;
    let (cache, trace) = (scratch.path().join("cache"), scratch.path().join("trace"));
    let times = TIMES.to_string();
    cmd!(sh, "strace --follow-forks --output={trace} {operations} {cache} {times}")
        .quiet()
        .run()?;
    let counted = count(&fs::read_to_string(&trace)?);
    let mut over = Vec::new();
    for (operation, limit) in LIMITS {
        let calls = counted.get(*operation).with_context(|| format!("{operation} is missing"))?;
        let each = calls.values().sum::<usize>() as f64 / TIMES as f64;
        let named = describe(calls);
        println!("{operation:<10} {each:>5.1} of at most {limit:>2}: {named}");
        if each > *limit {
            over.push(format!("{operation} makes {each:.1} system calls, not {limit}: {named}"));
        }
    }
    ensure!(over.is_empty(), "{}", over.join("\n"));
    Ok(())
}

/// The calls of each operation, by their names. The program looks for a file `begin-OPERATION` before
/// each, and for `end` after the last.
fn count(trace: &str) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut counted: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let mut operation = None;
    for line in trace.lines() {
        if let Some((_, rest)) = line.split_once("\"/begin-") {
            operation = rest.split_once('"').map(|(name, _)| name.to_owned());
        } else if line.contains("\"/end\"") {
            operation = None;
        } else if let Some(operation) = &operation
            && let Some((call, _)) = line.split_once('(')
            && let Some(call) = call.split_whitespace().last()
        {
            *counted.entry(operation.clone()).or_default().entry(call.to_owned()).or_default() += 1;
        }
    }
    for calls in counted.values_mut() {
        calls.retain(|_, times| *times >= NOW_AND_THEN);
    }
    counted
}

fn describe(calls: &BTreeMap<String, usize>) -> String {
    let each =
        |(call, times): (&String, &usize)| format!("{:.1} {call}", *times as f64 / TIMES as f64);
    calls.iter().map(each).collect::<Vec<_>>().join(", ")
}
