//! The workspace's checks and chores: `cargo xtask COMMAND`.

mod bench;
mod browser;
mod calls;
mod ci;
mod debian;
mod deny;
mod dist;
mod e2e;
mod fuzz;
mod generate;
mod go;
mod machine;
mod oracle;
mod place;
mod proc;
mod scripts;
mod sha_instructions;
mod tool;
mod torture;

use std::process::ExitCode;

use anyhow::Result;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci [STEP]      every check: formatting, lints, tests, system calls, SHA instructions, docs,
                 licences, packaging, browser, e2e, and the attacks in short
  e2e [--all-go | --cluster] [SUITE]
                 the tests against the real Go, with the newest and in part with the oldest; all of
                 them and Go's own script tests with every Go from 1.24 on: an hour; --cluster: with
                 a Garage of three nodes, which is built the first time: a quarter of an hour
  torture [--minutes N] [--seed N] [--write] [ATTACK]
                 the attacks on what Larder promises, long: hours, or the minutes that it is given;
                 --seed replays them; --write writes what held into docs/RELIABILITY.md
  fuzz [SECONDS [TARGET…]]
                 run each fuzz target for that long (30 s), with a nightly compiler
  bench [--dir DIR] [--rounds N] [--entries N] [--many N] [--only TABLE,…] [--json FILE] [--write]
                 tables of what things cost: go (beside Go's cache), helper, run, hash, process,
                 scale, which has a million entries, and remote, which takes a quarter of an hour; --write
                 writes docs/BENCHMARKS.md and its plots
  generate DIR ENTRIES
                 make a cache directory with so many entries
  dist           build larder as it is shipped, on Linux one static file, print its path
  oracle [VERSION]
                 build the oracle (Go's own cache behind a small command), print its path
  go [VERSION]   find or get a Go toolchain, print its path
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match dispatch(&args) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
        None => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Runs a command; `None` when it is not one that the usage lists.
fn dispatch(args: &[&str]) -> Option<Result<()>> {
    Some(match args {
        ["ci"] => ci::run(None),
        ["ci", step] => ci::run(Some(step)),
        ["e2e", options @ ..] => e2e::run(options),
        ["torture", options @ ..] => torture::run(options),
        ["fuzz", options @ ..] => fuzz::run(options),
        ["bench", options @ ..] => bench::run(options),
        ["generate", dir, entries] => generate::run(dir, entries),
        ["dist"] => dist::print_path(),
        ["oracle"] => oracle::print_path(None),
        ["oracle", version] => oracle::print_path(Some(version)),
        ["go"] => go::print_path(None),
        ["go", version] => go::print_path(Some(version)),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => return None,
    })
}
