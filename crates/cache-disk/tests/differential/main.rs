//! Go's cache and ours on one directory: each change dealt at random to one of them, each read
//! asked of both and of a model.
//!
//! `cargo xtask e2e differential` runs it. `LARDER_SEED` replays a run, `LARDER_OPS` sets the
//! number of operations.

mod damage;
mod dice;
mod malformed;
mod model;
mod oracle;
mod ours;
mod twins;
mod world;

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use world::World;

type Result<T = (), E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

const OPERATIONS: u64 = 50_000;

#[test]
fn go_and_larder_give_the_same_answers_on_one_directory() {
    let Some(oracle) = env::var_os("GO_ORACLE") else {
        panic!("GO_ORACLE does not name the oracle: run cargo xtask e2e");
    };
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = number("LARDER_SEED").unwrap_or(clock.as_nanos() as u64 % 1_000_000_007);
    let operations = number("LARDER_OPS").unwrap_or(OPERATIONS);
    println!("LARDER_SEED={seed} LARDER_OPS={operations}");

    let mut world = World::new(oracle, seed).expect("the two caches open a new directory");
    for operation in 1..=operations {
        if let Err(error) = world.step() {
            let lead = world.history.len().saturating_sub(25);
            let history = world.history[lead..].join("\n  ");
            panic!(
                "operation {operation}: {error}\n  {history}\n\
                 replay it: LARDER_SEED={seed} LARDER_OPS={operation} \
                 cargo xtask e2e differential"
            );
        }
    }
    world.finish().expect("no leftovers");
    println!("{}", world.tally);
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| {
        text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a whole number"))
    })
}
