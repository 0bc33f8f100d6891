//! Builds with a store that many machines share, near, far away and hostile, beside builds without
//! one.

mod hostile;
mod machine;

use anyhow::{Result, ensure};
use test_stores::{Line, Proxy, S3Server};

use super::Bench;
use super::rounds::{Measured, Rounds};
use super::table::Table;
use machine::{Machine, Setting};

/// What is built.
const PACKAGE: &str = "std";

/// A round takes six builds of the standard library and six of a part of it.
const MOST_ROUNDS: usize = 3;

/// Where in its bucket a store is.
const PREFIX: &str = "go";

pub(super) fn table(bench: &Bench) -> Result<Table> {
    let rounds = bench.options.rounds.min(MOST_ROUNDS);
    // Where the stores keep their objects: they are not to wait for a disk.
    tempfile::env::override_temp_dir(&bench.dir).ok();
    let machine = Machine::new(bench)?;
    let (mut other, mut ours) = (Rounds::default(), Rounds::default());
    let full = filled(&machine, PACKAGE)?;
    let hostile = hostile::Stores::new(&machine)?;
    for round in 1..=rounds {
        eprintln!("xtask: remote, round {round} of {rounds}");
        let mut insert = |row: &str, beside: Measured, measured: Measured| {
            other.insert(row, beside);
            ours.insert(row, measured);
        };
        let no_cache = machine.build("no cache", PACKAGE, None)?.end()?;
        let listed = far(&machine, "far-with-list", &full, &[])?;
        insert("far-with-list", no_cache, listed);
        let unlisted = far(&machine, "far-without-list", &full, &[("LARDER_SCOPE", "off")])?;
        insert("far-without-list", no_cache, unlisted);
        let distant = far(&machine, "far-empty", &S3Server::start(), &[])?;
        insert("far-empty", no_cache, distant);
        let directory = machine.build("the directory", PACKAGE, Some(&[]))?.end()?;
        insert("cold-uploads", directory, near(&machine, "cold-uploads", &S3Server::start())?);
        insert("cold-uploads-far", directory, distant);
        hostile.round(&machine, insert)?;
    }
    let columns = [("without a store", &other), ("Larder", &ours)];
    Ok(Table::of("remote", "a store that many machines share", ABOUT, &columns))
}

const ABOUT: &str = "\
Each build is a `go build` of a machine that has nothing: its cache directory is new and empty. The
store is a real S3 server on this machine, which takes a part of its processors; *far* is behind a line
with round trips of 50 ms and 200 Mbit/s. `far-…` is `go build std` with `larder serve --remote`
beside the same with no cache, that is, with an empty one of Go's own: `with-list` from a store that
has all, and the list of what the last build used; `without-list` from the same one with `--scope off`;
`empty` from a store that has nothing. `cold-uploads` has a store that has nothing and is near, and
`cold-uploads-far` is `far-empty` once more; they are beside `larder serve` with the directory alone.
`hostile-…` is `go build net/http` from a far store that has all and refuses connections, hangs, lets
1 kB pass in a second, cuts each connection after 10 kB, or has one bit of each result flipped; beside
`larder serve` without a store. What is timed is the go command: uploads may go on behind it. There
are three rounds at most.";

/// A store that has what a build of the package uses, and the list of it.
fn filled(machine: &Machine, package: &str) -> Result<S3Server> {
    let server = S3Server::start();
    let settings = [("LARDER_REMOTE", &*server.uri(PREFIX)), ("LARDER_UPLOAD_WAIT", "10m")];
    machine.build("filling a store", package, Some(&settings))?.end()?;
    let lists = server.liar().keys(&format!("{PREFIX}/larder-v1/l/"));
    ensure!(lists.len() == 1, "bench: the store has {} lists, not one", lists.len());
    Ok(server)
}

/// Builds with a store that is far away.
fn far(machine: &Machine, row: &str, server: &S3Server, more: &[Setting]) -> Result<Measured> {
    let proxy = Proxy::start(server.addr(), Line::FAR);
    with_store(machine, row, server, &server.uri_by(&proxy, PREFIX), more)
}

/// Builds with a store that is here.
fn near(machine: &Machine, row: &str, server: &S3Server) -> Result<Measured> {
    with_store(machine, row, server, &server.uri(PREFIX), &[])
}

fn with_store(
    machine: &Machine,
    row: &str,
    server: &S3Server,
    uri: &str,
    more: &[Setting],
) -> Result<Measured> {
    server.forget_requests();
    let settings = [&[("LARDER_REMOTE", uri)], more].concat();
    let took = machine.build(row, PACKAGE, Some(&settings))?.end()?;
    let (all, gets) = (server.count(""), server.count("GET "));
    eprintln!("xtask: remote, {row}: {all} requests, {gets} of them GET");
    Ok(took)
}
