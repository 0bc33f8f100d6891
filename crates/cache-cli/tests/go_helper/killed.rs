//! A helper, or a build, that is killed in the middle: nothing that was stored is bad, and the next
//! build works.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::go::{By, Place, lives, signal, wait_until};

/// A build from empty, in the middle, and its helper's process.
fn a_build_in_the_middle(place: &Place) -> (Child, u32) {
    // The shell leaves its number, and becomes the helper.
    let (number, helper) = (place.path("number"), place.path("helper"));
    let larder = env!("CARGO_BIN_EXE_larder");
    let script = format!("#!/bin/sh\necho $$ > '{}'\nexec '{larder}' serve -v\n", number.display());
    fs::write(&helper, script).expect("a script");
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).expect("a script that runs");
    let mut build = place.go(By::Go);
    build.args(["build", "std"]).env("GOCACHEPROG", &helper);
    let build = build.stderr(Stdio::piped()).spawn().expect("go build");
    place.wait_for_packages();
    (build, read_number(&number))
}

fn read_number(path: &Path) -> u32 {
    fs::read_to_string(path).expect("a number").trim().parse().expect("a number")
}

fn the_next_build_works(place: &Place) {
    place.is_sound();
    place.run(By::Larder, "build encoding/json");
    place.run(By::Larder, "build -x encoding/json").is_all_cached();
    place.is_sound();
}

#[test]
fn a_helper_that_is_killed_leaves_nothing_bad() {
    let place = Place::empty();
    let (build, helper) = a_build_in_the_middle(&place);
    signal("KILL", helper);
    let output = build.wait_with_output().expect("the build's end");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("GOCACHEPROG"), "{stderr}");
    the_next_build_works(&place);
}

#[test]
fn a_build_that_is_killed_takes_its_helper_along_and_leaves_nothing_bad() {
    let place = Place::empty();
    let (mut build, helper) = a_build_in_the_middle(&place);
    build.kill().expect("a build to be killed");
    build.wait().expect("the build's end");
    wait_until("the helper ends", || !lives(helper));
    the_next_build_works(&place);
}
