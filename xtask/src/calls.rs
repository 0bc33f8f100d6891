//! How many system calls an operation of the cache makes. Times shake on a busy machine, counts do
//! not.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::{debian, place};

/// The most calls that one operation may make, and the most where a file is not to be had without a
/// name, or not to be named by its descriptor.
const LIMITS: &[(&str, usize, usize)] = &[
    ("get-miss", 1, 1),
    ("get-hit", 4, 4),
    ("get-file", 5, 5),
    ("put-new", 9, 12),
    ("put-same", 11, 11),
    ("put-other", 13, 15),
];

/// How often each is done. A call that is made now and then, for memory or for one of the 256
/// folders, is no call of an operation.
const TIMES: usize = 1000;

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
    let has_unnamed = counted.get("put-new").is_some_and(|calls| calls.contains_key("linkat"));
    let mut over = Vec::new();
    for (operation, limit, limit_with_names) in LIMITS {
        let calls = counted.get(*operation).with_context(|| format!("{operation} is missing"))?;
        let limit = *if has_unnamed { limit } else { limit_with_names };
        let (each, named) = (calls.values().sum::<usize>(), describe(calls));
        println!("{operation:<10} {each:>2} of at most {limit:>2}: {named}");
        if each > limit {
            over.push(format!("{operation} makes {each} system calls, not {limit}: {named}"));
        }
    }
    ensure!(over.is_empty(), "{}", over.join("\n"));
    Ok(())
}

/// The calls of one of each operation, by their names. The program looks for a file `begin-OPERATION`
/// before each operation, and for `end` after the last.
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
        calls.values_mut().for_each(|times| *times = (*times + TIMES / 2) / TIMES);
        calls.retain(|_, each| *each > 0);
    }
    counted
}

fn describe(calls: &BTreeMap<String, usize>) -> String {
    calls.iter().map(|(call, each)| format!("{each} {call}")).collect::<Vec<_>>().join(", ")
}
