//! Builds with a store that many machines share, near, far away and hostile, beside builds without
//! one.

mod hostile;
mod machine;
mod store;

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::rounds::{Measured, Rounds};
use super::table::Table;
use super::{Bench, empty};
use machine::{Machine, Setting};
use store::{Program, Store};

/// What is built.
const PACKAGE: &str = "std";

/// A round takes six builds of the standard library and six of a part of it.
const MOST_ROUNDS: usize = 3;

pub(super) fn table(bench: &Bench) -> Result<Table> {
    let rounds = bench.options.rounds.min(MOST_ROUNDS);
    let machine = Machine::new(bench)?;
    let program = Program::build(&bench.sh)?;
    let [mut other, mut ours, mut stores] = [(); 3].map(|()| Rounds::default());
    let full = folder(bench, "full");
    filled(&machine, &program, &full, PACKAGE)?;
    let hostile = hostile::Stores::new(bench, &machine, &program)?;
    let from_full = |row: &str, more: &[Setting]| {
        with_store(&machine, row, program.start(&full, &["far"])?, more)
    };
    let from_nothing = |row: &str, line: &[&str]| {
        let nothing = folder(bench, row);
        let took = with_store(&machine, row, program.start(&nothing, line)?, &[])?;
        empty(&nothing)?;
        anyhow::Ok(took)
    };
    for round in 1..=rounds {
        eprintln!("xtask: remote, round {round} of {rounds}");
        let mut insert = |row: &str, beside: Measured, with_store: WithStore| {
            other.insert(row, beside);
            ours.insert(row, with_store.took);
            if let Some(store) = with_store.store {
                stores.insert(row, store);
            }
        };
        let no_cache = machine.build("no cache", PACKAGE, None)?.end()?;
        insert("far-with-list", no_cache, from_full("far-with-list", &[])?);
        let unlisted = from_full("far-without-list", &[("LARDER_SCOPE", "off")])?;
        insert("far-without-list", no_cache, unlisted);
        let distant = from_nothing("far-empty", &["far"])?;
        insert("far-empty", no_cache, distant);
        let directory = machine.build("the directory", PACKAGE, Some(&[]))?.end()?;
        insert("cold-uploads", directory, from_nothing("cold-uploads", &[])?);
        insert("cold-uploads-far", directory, distant);
        hostile.round(&machine, &program, insert)?;
    }
    let columns = [("without a store", &other), ("Larder", &ours), ("the store itself", &stores)];
    let table = Table::of("remote", "a store that many machines share", ABOUT, &columns);
    Ok(table.plotting(2))
}

const ABOUT: &str = "\
Each build is a `go build` of a machine that has nothing: its cache directory is new and empty. The
store is a real S3 server. In life it runs on another machine; here *the store itself* is the processor
time that it took of this one from its start to the end of the go command. *far* is behind a line
with round trips of 50 ms and 200 Mbit/s. `far-…` is `go build std` with `larder serve --remote`
beside the same with no cache, that is, with an empty one of Go's own: `with-list` from a store that
has all, and the list of what the last build used; `without-list` from the same one with `--scope off`;
`empty` from a store that has nothing. `cold-uploads` has a store that has nothing and is near, and
`cold-uploads-far` is `far-empty` once more; they are beside `larder serve` with the directory alone.
`hostile-…` is `go build net/http` from a far store that has all and refuses connections, hangs, lets
1 kB pass in a second, cuts each connection after 10 kB, or has one bit of each result flipped; beside
`larder serve` without a store. What is timed is the go command: uploads may go on behind it. There
are three rounds at most.";

/// A folder for the objects of a store: in memory where the rest is, so that it waits for no disk.
fn folder(bench: &Bench, name: &str) -> PathBuf {
    bench.dir.join("stores").join(name)
}

/// Makes a store that has what a build of the package uses, and the list of it.
fn filled(machine: &Machine, program: &Program, folder: &Path, package: &str) -> Result<()> {
    let store = program.start(folder, &[])?;
    let settings = [("LARDER_REMOTE", &*store.uri), ("LARDER_UPLOAD_WAIT", "10m")];
    machine.build("filling a store", package, Some(&settings))?.end()?;
    store.end()?;
    Ok(())
}

/// What a build with a store took, and the processor time that the store took until the build's end.
#[derive(Clone, Copy)]
struct WithStore {
    took: Measured,
    store: Option<Measured>,
}

/// Builds with a store, which ends then.
fn with_store(machine: &Machine, row: &str, store: Store, more: &[Setting]) -> Result<WithStore> {
    let settings = [&[("LARDER_REMOTE", &*store.uri)], more].concat();
    let built = machine.build(row, PACKAGE, Some(&settings))?;
    let store_time = store.processor_time();
    let took = built.end()?;
    eprintln!("xtask: remote, {row}: {}", store.end()?);
    Ok(WithStore { took, store: store_time })
}
