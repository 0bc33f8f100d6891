//! Tables of what things cost, each beside what it can be measured by: Go's cache, the bare system
//! calls, other tools.

mod beside_go;
mod hash;
mod helper;
mod json;
mod options;
mod page;
mod plot;
mod process;
mod remote;
mod requests;
mod rounds;
mod run;
mod scale;
mod table;
mod wanted;
mod whole;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use xshell::{Shell, cmd};

use crate::{machine, place};
use options::Options;
use table::Table;

/// What every table is made with.
struct Bench {
    sh: Shell,
    /// A folder of our own.
    dir: PathBuf,
    options: Options,
}

type Make = fn(&Bench) -> Result<Table>;

const TABLES: &[(&str, Make)] = &[
    ("go", beside_go::table),
    ("helper", helper::table),
    ("run", run::table),
    ("hash", hash::table),
    ("process", whole::table),
    ("scale", scale::table),
    ("remote", remote::table),
];

/// Those that are made when none is named: a million entries take minutes and 10 GB, builds from
/// nothing many minutes.
const BY_DEFAULT: &[&str] = &["go", "helper", "run", "hash", "process"];

/// `cargo xtask bench`, with the options that its usage names.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let options = Options::parse(args)?;
    let sh = place::shell()?;
    // Removed when it goes out of scope, after an error too.
    let folder = tempfile::Builder::new()
        .prefix("larder-bench-")
        .tempdir_in(&options.dir)
        .with_context(|| format!("bench: cannot work in {}", options.dir.display()))?;
    let machine = machine::describe(&sh, &options.dir);
    let bench = Bench { sh, dir: folder.path().to_owned(), options };
    let (mut tables, mut failed) = (Vec::new(), Vec::new());
    for (name, make) in TABLES.iter().filter(|(name, _)| bench.options.wants(name)) {
        // One that fails does not take along what was measured in minutes.
        match make(&bench) {
            Ok(table) => {
                println!("{}", table.text());
                tables.push(table);
            }
            Err(error) => {
                eprintln!("xtask: no table {name}: {error:#}");
                failed.push(*name);
            }
        }
    }
    if let Some(path) = &bench.options.json {
        let text = serde_json::to_string_pretty(&json::of(&machine, &bench.options, &tables))?;
        std::fs::write(path, text + "\n")
            .with_context(|| format!("bench: cannot write {}", path.display()))?;
    }
    ensure!(failed.is_empty(), "bench: these tables failed: {}", failed.join(", "));
    if bench.options.write {
        page::write(&place::root()?.join("docs"), &machine, &bench.options, &tables)?;
    }
    Ok(())
}

/// Builds a bench, once, and returns the program: Cargo is not to run between the rounds.
fn build(sh: &Shell, package: &str, bench: &str) -> Result<PathBuf> {
    let messages = cmd!(sh, "cargo bench --no-run --package {package} --bench {bench}")
        .arg("--message-format=json-render-diagnostics")
        .quiet()
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
