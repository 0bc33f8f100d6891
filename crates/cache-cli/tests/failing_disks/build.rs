//! Builds with the real `go` whose cache is on a disk that gets full, or read-only, while they go on.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use test_attacks::{Attack, Dice};

use crate::disk::{Disk, Fault};
use crate::go::{By, Place};
use crate::support::{Ran, bare};

/// How long a build goes on, at least, once it has compiled something.
const BEGUN: Duration = Duration::from_secs(3);

#[test]
fn a_build_ends_well_on_a_disk_that_fails() {
    let mut attack = Attack::new("builds on failing disks", 1);
    let mut failed = 0;
    while attack.goes_on() {
        let dice = &mut attack.dice;
        let place = Place::empty();
        let disk = disk(&place, dice);
        place.file("main.go", "package main\n\nfunc main() { println(\"made\") }\n");

        let fault = *dice.pick(&[Fault::Full, Fault::Full, Fault::NoMoreFiles, Fault::ReadOnly]);
        let mut build = place.go(By::Larder);
        build.args(["build", "-o", "program", "."]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let build = build.spawn().expect("go");
        // Before it compiles anything, go makes the 256 folders itself and puts what it has read of
        // the packages, and it gives up where it cannot.
        place.wait_for_packages();
        thread::sleep(dice.part_of(BEGUN));
        disk.fails(fault, dice);
        let ran = Ran::from(build.wait_with_output().expect("an end"));
        is_made(&place, &ran);
        failed += errors(&ran);
        place.is_sound();

        disk.works_again(fault);
        // All of it is more than fits, so the disk may be full again before the end.
        let ran = Ran::of(place.go(By::Larder).args(["build", "-o", "program", "."]));
        is_made(&place, &ran);
        place.is_sound();
    }
    attack.held("disks broken under a build", format!("{failed} requests that failed"));
}

fn disk(place: &Place, dice: &mut Dice) -> Disk {
    match dice.one_in(2) {
        true => Disk::in_memory(place.cache()),
        false => Disk::ext4(place.cache()),
    }
}

/// The build went well, and what it made does.
fn is_made(place: &Place, ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let program = place.path("module/program");
    assert_eq!(Ran::of(&mut bare(&program)).stderr, "made\n");
    fs::remove_file(program).expect("the program");
}

/// How many requests the helper says it could not do.
fn errors(ran: &Ran) -> u64 {
    let words: Vec<_> = ran.stderr.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let at = words.iter().position(|word| matches!(*word, "error" | "errors"));
    at.map_or(0, |at| words[at - 1].parse().expect("a number of errors"))
}
