//! What a helper process costs: the directory alone and the same directory through `larder serve`,
//! in turn.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use super::{Measured, Options, Rounds, build, empty};
use crate::dist;
use crate::go::Go;

/// Prints the table of a directory alone and through a helper.
pub(super) fn run(sh: &Shell, dir: &Path, options: &Options) -> Result<()> {
    let (go, rounds) = (Go::find(sh)?, options.rounds);
    let bench = build(sh, "cache-cli", "helper")?;
    let larder = dist::build(sh)?;
    let cache = dir.join("helper");
    let mut measured = Rounds::default();
    for round in 1..=rounds {
        eprintln!("xtask: helper, round {round} of {rounds}");
        measured.add(&cmd!(sh, "{bench} --dir {cache}").quiet().read()?)?;
        empty(&cache)?;
    }
    let gocache = dir.join("go-build");
    // The same for both, and cold only once.
    go.cmd(sh).args(["build", "std"]).env("GOCACHE", &gocache).quiet().run()?;
    for _ in 0..rounds {
        for way in ["directory", "helper"] {
            let mut build = go.cmd(sh).args(["build", "std"]).env("GOCACHE", &gocache).quiet();
            if way == "helper" {
                build = build.env("GOCACHEPROG", format!("'{}' serve", larder.display()));
            }
            let begun = Instant::now();
            build.run()?;
            let ns = begun.elapsed().as_secs_f64() * 1e9;
            measured.insert(format!("go-build-std-{way}"), Measured { ns, mb: 0.0 });
        }
    }
    print_table(&measured)
}

fn print_table(measured: &Rounds) -> Result<()> {
    let heads = ["row", "directory ns/op", "helper ns/op", "ratio"];
    println!("{:<20} {:>16} {:>16} {:>6}", heads[0], heads[1], heads[2], heads[3]);
    for name in measured.names.iter().filter_map(|name| name.strip_suffix("-directory")) {
        let directory = measured.median(&format!("{name}-directory"))?.ns;
        let helper = measured.median(&format!("{name}-helper")).context("both ways")?.ns;
        println!("{name:<20} {directory:>16.0} {helper:>16.0} {:>6.2}", helper / directory);
    }
    Ok(())
}
