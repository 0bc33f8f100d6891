//! What a helper process costs: the directory alone and the same directory through `larder serve`,
//! in turn.

use anyhow::Result;
use xshell::cmd;

use super::process::Stopwatch;
use super::rounds::Rounds;
use super::table::Table;
use super::{Bench, build, empty};
use crate::dist;
use crate::go::Go;

pub(super) fn table(bench: &Bench) -> Result<Table> {
    let (sh, rounds) = (&bench.sh, bench.options.rounds);
    let go = Go::find(sh)?;
    let both = build(sh, "cache-cli", "helper")?;
    let larder = dist::build(sh)?;
    let cache = bench.dir.join("helper");
    let (mut directory, mut helper) = (Rounds::default(), Rounds::default());
    for round in 1..=rounds {
        eprintln!("xtask: helper, round {round} of {rounds}");
        let output = cmd!(sh, "{both} --dir {cache}").quiet().read()?;
        for (way, column) in [("-directory ", &mut directory), ("-helper ", &mut helper)] {
            let mine = output.lines().filter_map(|line| line.split_once(way));
            let lines: Vec<String> = mine.map(|(row, rest)| format!("{row} {rest}")).collect();
            column.add(&lines.join("\n"))?;
        }
        empty(&cache)?;
    }
    let gocache = bench.dir.join("go-build");
    // The same for both, and cold only once.
    go.cmd(sh).args(["build", "std"]).env("GOCACHE", &gocache).quiet().run()?;
    for _ in 0..rounds {
        for (is_served, column) in [(false, &mut directory), (true, &mut helper)] {
            let mut build = go.cmd(sh).args(["build", "std"]).env("GOCACHE", &gocache).quiet();
            if is_served {
                build = build.env("GOCACHEPROG", format!("'{}' serve", larder.display()));
            }
            let watch = Stopwatch::start();
            build.run()?;
            column.insert("go-build-std", watch.stop());
        }
    }
    empty(&gocache)?;
    let columns = [("the directory", &directory), ("Larder", &helper)];
    Ok(Table::of("helper", "the directory through a helper", ABOUT, &columns))
}

const ABOUT: &str = "\
The directory opened by the program itself, and through a child process, `larder serve`, by the go
command's protocol. `go-build-std` is a warm `go build std`: with Go's own cache, and with `larder
serve` as its GOCACHEPROG, on one directory.";
