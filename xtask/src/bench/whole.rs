//! The command as a whole process: one lookup, the start of a helper, and what it takes of memory and
//! of the disk.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use xshell::cmd;

use super::process::{Pair, Process, Stopwatch, in_turn, memory};
use super::requests::memory_after_many;
use super::rounds::{Measured, Rounds};
use super::table::Table;
use super::{Bench, empty};
use crate::dist;

/// How often each of a pair is run in one round.
const TIMES: usize = 100;

pub(super) fn table(bench: &Bench) -> Result<Table> {
    let (sh, rounds) = (&bench.sh, bench.options.rounds);
    let larder = dist::build(sh)?;
    let dir = bench.dir.join("process");
    fs::create_dir_all(&dir)?;
    let sizes = [("get-1k", 1 << 10), ("get-64k", 64 << 10), ("get-256k", 256 << 10)];
    let mut pairs = Vec::new();
    for (row, size) in sizes {
        fs::write(dir.join(row), body(size))?;
        let id = "0".repeat(64 - row.len()) + &row.replace(|c: char| !c.is_ascii_hexdigit(), "0");
        let ours = |args: [&str; 2]| {
            let cache = ["--quiet", "--dir", "cache"];
            Process::new(&larder, &dir, &dir).args(cache).args(args)
        };
        ours(["put", &id]).args([row]).time()?;
        let other = Process::new("cat", &dir, &dir).args([row]);
        pairs.push(Pair { row, other, larder: ours(["get", &id]) });
    }
    let (mut other, mut ours) = in_turn("process", &pairs, rounds, TIMES)?;
    let nothing = Process::new("cat", &dir, &dir).args(["/dev/null"]);
    let serve = Process::new(&larder, &dir, &dir).args(["--dir", "cache", "serve"]);
    for _ in 0..rounds * TIMES {
        other.insert("serve-start", nothing.time()?);
        start(&serve, &mut ours)?;
    }
    memory_after_many(&serve, &mut other, &mut ours)?;
    let stripped = dir.join("stripped");
    cmd!(sh, "strip -o {stripped} {larder}").quiet().run().context("bench: binutils is needed")?;
    ours.insert("stripped-binary", Measured::bytes(fs::metadata(stripped)?.len()));
    empty(&dir)?;
    let columns = [("the other", &other), ("Larder", &ours)];
    Ok(Table::of("process", "the command as a whole process", ABOUT, &columns))
}

const ABOUT: &str = "\
`get-…` is `larder get`, which verifies what it gives, beside `cat` of a file with the same bytes.
`serve-start` is the time from the start of `larder serve` to the line with its capabilities, beside
`cat /dev/null` from its start to its end. The memory of `larder serve`, at the start and after a
million requests (hits, misses and small puts), is what it has resident; the latter is beside the same
process after the first 100,000.";

/// Starts a helper, waits for its first line, looks at its memory, and lets it end.
fn start(serve: &Process, measured: &mut Rounds) -> Result<()> {
    let mut command = serve.command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let watch = Stopwatch::start();
    let mut child = command.spawn().with_context(|| format!("bench: cannot run {serve}"))?;
    let mut stdout = BufReader::new(child.stdout.take().context("a pipe was asked for")?);
    let mut line = String::new();
    stdout.read_line(&mut line)?;
    let took = watch.stop();
    let resident = memory(child.id(), "VmRSS");
    // The end of its input ends it.
    drop(child.stdin.take());
    let status = child.wait()?;
    ensure!(status.success() && line.contains("KnownCommands"), "bench: {serve}: {status}, {line}");
    measured.insert("serve-start", took);
    if let Some(resident) = resident {
        measured.insert("serve-idle-memory", Measured::bytes(resident));
    }
    Ok(())
}

fn body(size: u32) -> Vec<u8> {
    (0..size / 4).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect()
}
