//! Go's cache, ours, the bare work and another store, in turn on one folder.

use anyhow::Result;
use xshell::cmd;

use super::rounds::Rounds;
use super::table::Table;
use super::{Bench, build, empty};
use crate::go::Go;
use crate::oracle;

/// Rows that are over in milliseconds need more rounds.
const TIMES: usize = 3;

pub(super) fn table(bench: &Bench) -> Result<Table> {
    let (sh, options) = (&bench.sh, &bench.options);
    let oracle = oracle::build(sh, &Go::find(sh)?)?;
    let programs = ["rows", "floor", "cacache_rows"].map(|name| build(sh, "cache-disk", name));
    let [ours, floor, cacache] = programs;
    let (ours, floor, cacache) = (ours?, floor?, cacache?);
    let (cache, entries) = (bench.dir.join("cache"), options.entries.to_string());
    let mut columns = [(); 4].map(|()| Rounds::default());
    let rounds = options.rounds * TIMES;
    for round in 1..=rounds {
        eprintln!("xtask: go, round {round} of {rounds}");
        let commands = [
            cmd!(sh, "{oracle} bench {cache} {entries}"),
            cmd!(sh, "{ours} --dir {cache} --entries {entries}"),
            cmd!(sh, "{floor} --dir {cache} --entries {entries}"),
            cmd!(sh, "{cacache} --dir {cache} --entries {entries}"),
        ];
        for (column, command) in columns.iter_mut().zip(commands) {
            column.add(&command.quiet().read()?)?;
            empty(&cache)?;
        }
    }
    let [go, ours, floor, cacache] = &columns;
    let columns = [("Go", go), ("Larder", ours), ("floor", floor), ("cacache", cacache)];
    Ok(Table::of("go", "an operation of the directory, beside Go's cache", ABOUT, &columns))
}

const ABOUT: &str = "\
Go's cache is the one in the `go` command, built from its own source. The floor is the bare work of a
row, the system calls and the SHA-256 that no cache with these promises can do without;
`crates/cache-disk/benches/bare/mod.rs` says for each row what that is. `cacache` is the nearest store
in Rust, its index entry in the place of ours; it has no paths to give, no trim and nothing to open,
so it has no such rows. None of them makes anything durable. Rows of `1k` are single entries of 1 KiB
in a random order; `64k`, `1024k` and `65536k` are outputs of so many KiB. `open` is an open of a
directory that is there, `trim-half` a trim that removes every second file, and both trims are given
for one file. Most rows are over in milliseconds, so this table has three times as many rounds as the
others.";
