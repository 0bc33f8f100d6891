//! Go's cache and Larder's in turn on one folder, and one table of both; then the directory alone and
//! the same through a helper; then whole processes of `larder run` beside other tools.

mod helper;
mod run;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use xshell::{Shell, cmd};

use crate::go::Go;
use crate::{oracle, place};

struct Options {
    /// The folder to work in. Memory by default, so that the caches are measured and not a disk.
    dir: PathBuf,
    rounds: usize,
    entries: usize,
    /// The one table that is wanted.
    only: Option<String>,
}

/// One measured row: nanoseconds an operation, and megabytes a second (0: not a transfer).
#[derive(Clone, Copy)]
struct Measured {
    ns: f64,
    mb: f64,
}

/// The rows of every round, by name, and the names in the order in which they came.
#[derive(Default)]
struct Rounds {
    names: Vec<String>,
    measured: HashMap<String, Vec<Measured>>,
}

/// `cargo xtask bench [--dir DIR] [--rounds N] [--entries N] [--only TABLE]`.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let options = Options::parse(args)?;
    let sh = place::shell()?;
    // Removed when it goes out of scope, after an error too.
    let folder = tempfile::Builder::new()
        .prefix("larder-bench-")
        .tempdir_in(&options.dir)
        .with_context(|| format!("bench: cannot work in {}", options.dir.display()))?;
    for (name, table) in TABLES {
        if options.only.as_deref().is_none_or(|only| only == *name) {
            table(&sh, folder.path(), &options)?;
            println!();
        }
    }
    Ok(())
}

type Table = fn(&Shell, &Path, &Options) -> Result<()>;

const TABLES: &[(&str, Table)] = &[("go", beside_go), ("helper", helper::run), ("run", run::run)];

/// Prints the table of Go's cache and ours.
fn beside_go(sh: &Shell, dir: &Path, options: &Options) -> Result<()> {
    let oracle = oracle::build(sh, &Go::find(sh)?)?;
    let rows = build(sh, "cache-disk", "rows")?;
    let (mut go, mut larder) = (Rounds::default(), Rounds::default());
    let (cache, entries) = (dir.join("cache"), options.entries.to_string());
    for round in 1..=options.rounds {
        eprintln!("xtask: round {round} of {} in {}", options.rounds, options.dir.display());
        go.add(&cmd!(sh, "{oracle} bench {cache} {entries}").quiet().read()?)?;
        empty(&cache)?;
        larder.add(&cmd!(sh, "{rows} --dir {cache} --entries {entries}").quiet().read()?)?;
        empty(&cache)?;
    }
    print_table(&go, &larder)
}

impl Options {
    fn parse(args: &[&str]) -> Result<Options> {
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let mut options = Options { dir, rounds: 3, entries: 20_000, only: None };
        for option in args.chunks(2) {
            match *option {
                ["--dir", dir] => options.dir = std::path::absolute(dir)?,
                ["--rounds", n] => options.rounds = number("--rounds", n)?,
                ["--entries", n] => options.entries = number("--entries", n)?,
                ["--only", table] => {
                    let names: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
                    ensure!(
                        names.contains(&table),
                        "bench: there is no table {table}; there are: {}",
                        names.join(", ")
                    );
                    options.only = Some(table.to_owned());
                }
                [option, ..] => bail!("bench: {option} is not an option, or has no value"),
                [] => {}
            }
        }
        Ok(options)
    }
}

fn number(option: &str, value: &str) -> Result<usize> {
    let n = value.parse().with_context(|| format!("bench: {option} {value:?} is no number"))?;
    ensure!(n > 0, "bench: {option} must be at least 1");
    Ok(n)
}

/// Builds a bench, once, and returns the program: Cargo is not to run between the rounds.
fn build(sh: &Shell, package: &str, bench: &str) -> Result<PathBuf> {
    let messages = cmd!(sh, "cargo bench --no-run --package {package} --bench {bench}")
        .arg("--message-format=json-render-diagnostics")
        .read()?;
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).context("cargo's messages")?;
        if message["target"]["name"] == bench
            && let Some(program) = message["executable"].as_str()
        {
            return Ok(program.into());
        }
    }
    bail!("cargo did not say where it built the bench")
}

fn empty(dir: &Path) -> Result<()> {
    std::fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))
}

impl Rounds {
    /// Adds the rows that one run printed: `NAME NS ns/op MB MB/s`.
    fn add(&mut self, output: &str) -> Result<()> {
        for line in output.lines() {
            let [name, ns, "ns/op", mb, "MB/s"] = *line.split_whitespace().collect::<Vec<_>>()
            else {
                bail!("not a row: {line:?}");
            };
            self.insert(name.to_owned(), Measured { ns: ns.parse()?, mb: mb.parse()? });
        }
        Ok(())
    }

    fn insert(&mut self, name: String, row: Measured) {
        if !self.measured.contains_key(&name) {
            self.names.push(name.clone());
        }
        self.measured.entry(name).or_default().push(row);
    }

    /// The round with the median time.
    fn median(&self, name: &str) -> Result<Measured> {
        let mut rows = self.measured.get(name).cloned().unwrap_or_default();
        rows.sort_by(|a, b| a.ns.total_cmp(&b.ns));
        rows.get(rows.len() / 2).copied().with_context(|| format!("row {name} is missing"))
    }
}

fn print_table(go: &Rounds, larder: &Rounds) -> Result<()> {
    let heads = ["row", "Go ns/op", "Larder ns/op", "ratio", "Go MB/s", "Larder MB/s"];
    let [row, go_ns, our_ns, ratio, go_mb, our_mb] = heads;
    println!("{row:<20} {go_ns:>13} {our_ns:>13} {ratio:>6} {go_mb:>9} {our_mb:>11}");
    for name in &go.names {
        let (theirs, ours) = (go.median(name)?, larder.median(name)?);
        let ratio = ours.ns / theirs.ns;
        print!("{name:<20} {:>13.0} {:>13.0} {ratio:>6.2}", theirs.ns, ours.ns);
        match theirs.mb > 0.0 {
            true => println!(" {:>9.0} {:>11.0}", theirs.mb, ours.mb),
            false => println!(),
        }
    }
    Ok(())
}
