//! Everything that writes a cache directory, killed at any moment, on one directory: writers,
//! trimmers, repairers, `larder run`, `larder serve` and its client. Whatever was killed, each get is
//! right or a miss and what was answered is not lost, the check-up finds nothing bad, no lock stays
//! held, and the next trim removes every leftover.
//!
//! The variables of `test_attacks` replay what is dealt and say how many are killed.

#![cfg(unix)]

#[path = "../support/helper.rs"]
mod helper;
#[path = "../project/mod.rs"]
mod project;
#[path = "../support/mod.rs"]
mod support;

mod directory;
mod kind;
mod place;
mod process;
mod promised;
mod runs;
mod victim;
mod work;

use kind::Kind;
use place::Place;
use test_attacks::{Attack, Dice};

const NAME: &str = "whatever_is_killed_nothing_is_wrong_lost_bad_locked_or_left";

/// At most so many are under way at once.
const AT_ONCE: usize = 3;

#[test]
fn whatever_is_killed_nothing_is_wrong_lost_bad_locked_or_left() {
    if let Some(process) = process::from_environment() {
        return process.run();
    }
    let mut attack = Attack::new("kill", 60);
    let mut place = Place::new(&mut attack.dice);
    while attack.goes_on() {
        let mut kinds = vec![deal(&mut attack.dice, &[])];
        while kinds.len() < AT_ONCE && attack.dice.one_in(2) && attack.goes_on() {
            kinds.push(deal(&mut attack.dice, &kinds));
        }
        place.kill_some(&kinds, &mut attack.dice);
        place.check(&mut attack.dice);
    }
    let counts = place.finish(&mut attack.dice);
    attack.held("processes killed at a moment that was dealt", counts);
}

/// A kind beside others. Two runs would have one output.
fn deal(dice: &mut Dice, others: &[Kind]) -> Kind {
    loop {
        let kind = *dice.pick(&Kind::ALL);
        if kind != Kind::Run || !others.contains(&kind) {
            return kind;
        }
    }
}
