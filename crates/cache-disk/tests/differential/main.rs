//! Go's cache and ours on one directory: each change dealt at random to one of them, each read
//! asked of both and of a model.
//!
//! `cargo xtask e2e differential` runs it. The variables of `test_attacks` replay a run and
//! say how many operations there are.

mod damage;
mod malformed;
mod model;
mod oracle;
mod ours;
mod twins;
mod world;

use std::env;

use test_attacks::Attack;
use world::World;

type Result<T = (), E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

const OPERATIONS: u64 = 50_000;

#[test]
fn go_and_larder_give_the_same_answers_on_one_directory() {
    let Some(oracle) = env::var_os("GO_ORACLE") else {
        panic!("GO_ORACLE does not name the oracle: run cargo xtask e2e");
    };
    let mut attack = Attack::new("differential", OPERATIONS);
    let mut world = World::new(oracle, attack.seed()).expect("the two caches open a new directory");
    while attack.goes_on() {
        if let Err(error) = world.step() {
            let lead = world.history.len().saturating_sub(25);
            panic!("{error}\n  {}", world.history[lead..].join("\n  "));
        }
    }
    world.finish().expect("no leftovers");
    attack.held("operations of Go's cache and ours on one directory", &world.tally);
}
