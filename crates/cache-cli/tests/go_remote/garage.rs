//! The same with a cluster of Garage, which loses one of its three nodes.

#![cfg(unix)]

#[allow(dead_code, reason = "the tests of one machine use the rest")]
#[path = "../go_helper/go.rs"]
mod go;
mod machine;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use machine::{Machine, told, what_one_machine_built_the_other_gets};
use support::Ran;
use test_stores::Garage;

fn garage() -> Garage {
    match std::env::var_os("GARAGE") {
        Some(program) => Garage::start(Path::new(&program)),
        None => {
            panic!("GARAGE does not name a garage: run `cargo xtask e2e --cluster`, which does")
        }
    }
}

#[test]
fn over_a_cluster() {
    what_one_machine_built_the_other_gets(&garage().uri());
}

#[test]
fn a_node_that_is_killed_in_the_middle_of_a_build_costs_nothing() {
    let mut garage = garage();
    let uri = garage.uri();
    let first = Machine::new();
    let mut command = first.command(&uri, "--upload-wait 120s");
    let building = std::thread::spawn(move || Ran::of(&mut command));
    first.0.wait_for_packages();
    garage.kill_a_node();
    let first = told(building.join().expect("a build"));
    assert!(!first.stderr.contains("to be uploaded"), "{}", first.stderr);
    // What the two that are left have is everything.
    Machine::new().gets_everything(&uri);
}
