//! Ctrl-C, which reaches the whole group: `go`, the program that it runs, and the helper.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use crate::go::{By, Place, Told, signal};

/// A server that takes its time to finish.
const SERVER: &str = r#"package main

import (
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	fmt.Println("ready")
	<-interrupted
	fmt.Println("draining")
	time.Sleep(2 * time.Second)
	fmt.Println("drained")
}
"#;

#[test]
fn ctrl_c_lets_the_program_of_go_run_finish() {
    let place = Place::filled_by_go();
    place.file("main.go", SERVER);
    let (plain, _) = interrupted(&place, By::Go);
    let (served, told) = interrupted(&place, By::Larder);
    // The go command does not call an interrupted run a success, whoever keeps its cache.
    assert_eq!(served, plain, "{}", told.stderr);
    // The helper was there to the end, and said so.
    told.tally();
    place.is_sound();
}

/// Runs the server, interrupts it, and returns the status of `go run` and what it told after that.
fn interrupted(place: &Place, by: By) -> (Option<i32>, Told) {
    let mut run = place.go(by);
    run.args(["run", "."]).process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = run.spawn().expect("go run");
    let mut stdout = BufReader::new(run.stdout.take().expect("its stdout"));
    let mut first = String::new();
    stdout.read_line(&mut first).expect("its first line");
    assert_eq!(first, "ready\n");
    signal("INT", format_args!("-{}", run.id()));

    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("its other lines");
    let output = run.wait_with_output().expect("go run's end");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(rest, "draining\ndrained\n", "{stderr}");
    (output.status.code(), Told { stdout: rest, stderr })
}

#[test]
fn ctrl_c_during_a_build_leaves_nothing_bad_and_no_helper() {
    let place = Place::empty();
    let mut build = place.go(By::Larder);
    build.args(["build", "std"]).process_group(0).stdout(Stdio::null()).stderr(Stdio::piped());
    let build = build.spawn().expect("go build");
    place.wait_for_packages();
    signal("INT", format_args!("-{}", build.id()));
    // Its stderr is the helper's as well, so this waits for both. Where SIGINT is ignored from the
    // start, as in a shell's background, so it is by go, which then builds to the end.
    let output = build.wait_with_output().expect("go build's end");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("GOCACHEPROG"), "{stderr}");
    place.is_sound();
}
