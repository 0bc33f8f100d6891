//! The commands in a hostile directory: links, pipes, devices, files of a tebibyte and folders with
//! anything in them in the places of entries, outputs and Larder's own files. No command hangs, fills
//! the memory or panics; what it answers is right, what goes wrong is one line; and nothing outside
//! the directory is read, written or removed.

#![cfg(target_os = "linux")]

#[path = "../project/mod.rs"]
mod project;
#[path = "../support/mod.rs"]
mod support;
mod world;

use std::fs;
use std::path::Path;
use std::time::Duration;

use cache_core::{Cache, CacheExt};
use cache_prog_client::ProgCache;
use test_attacks::hostile::SECRET;
use test_attacks::{Attack, Dice};

use support::Ran;
use world::{CONTENTS, World};

#[test]
fn every_command_in_a_hostile_directory_ends_with_its_code_and_one_line() {
    let mut attack = Attack::new("hostile directory, commands", 6);
    let (mut things, mut commands) = (0, 0);
    while attack.goes_on() {
        let dice = &mut attack.dice;
        let world = World::new(dice);
        things += world.deal(dice, 1, 8);
        for _ in 0..12 {
            any_command(&world, dice);
            commands += 1;
        }
        serve(&world);
        // At the end, for then everything is gone.
        let ran = world.larder(&["clean", "--fuzz"]);
        assert_answers(&world, &ran, &[0, 3], "clean");
        commands += 2;
    }
    attack.held("directories", format!("{things} hostile things in them, {commands} commands"));
}

/// It takes ten seconds when anything is bad.
#[test]
fn a_check_up_of_a_hostile_directory_tells_what_is_bad_and_removes_it() {
    let mut attack = Attack::new("hostile directory, verify", 1);
    let mut things = 0;
    while attack.goes_on() {
        let dice = &mut attack.dice;
        let world = World::new(dice);
        things += world.deal(dice, 10, 20);
        let ran = world.larder(&["verify", "--repair"]);
        let failed = assert_answers(&world, &ran, &[0, 3], "verify --repair");
        assert!(!ran.text().contains("could not be removed"), "{}", ran.text());
        let ran = world.larder(&["verify"]);
        assert_answers(&world, &ran, if failed { &[3] } else { &[0] }, "verify");
        assert!(ran.text().contains(" 0 bad"), "{}", ran.text());
    }
    attack.held("directories", format!("{things} hostile things in them"));
}

fn any_command(world: &World, dice: &mut Dice) {
    let n = dice.below(CONTENTS.len());
    let (action, bytes) = (&*world.actions[n], CONTENTS[n].as_bytes());
    match dice.below(12) {
        0 => {
            let args: &[&str] = if dice.one_in(2) { &["stats"] } else { &["stats", "--json"] };
            assert_answers(world, &world.larder(args), &[0, 3], "stats");
        }
        1 => {
            let args: &[&str] = if dice.one_in(2) { &["ls"] } else { &["ls", "--json"] };
            assert_answers(world, &world.larder(args), &[0, 3], "ls");
        }
        2..5 => {
            let ran = world.larder(&["get", action]);
            assert_answers(world, &ran, &[0, 1, 3], "get");
            if ran.code == Some(0) {
                assert_eq!(ran.stdout, bytes);
            }
        }
        5 => {
            let target = world.project.larder.path("target");
            fs::remove_file(&target).ok();
            let ran = world.larder(&["get", action, "-o", target.to_str().expect("UTF-8")]);
            assert_answers(world, &ran, &[0, 1, 3], "get -o");
            assert_eq!(fs::read(target).ok().as_deref(), (ran.code == Some(0)).then_some(bytes));
        }
        6 | 7 => {
            let file = world.project.larder.file("to-put", bytes);
            let mut args = vec!["put", action, file.to_str().expect("UTF-8")];
            if dice.one_in(3) {
                args.extend(["--executable", "tool"]);
            }
            let failed = assert_answers(world, &world.larder(&args), &[0, 3], "put");
            if !failed {
                assert_eq!(world.larder(&["get", action]).stdout, bytes);
            }
        }
        8 => {
            let mut args = vec!["trim", "--max-age", "0s", "--max-size", "0"];
            if dice.one_in(2) {
                args.push("--dry-run");
            }
            assert_answers(world, &world.larder(&args), &[0, 3], "trim");
        }
        9 => {
            assert_answers(world, &world.larder(&["push"]), &[0, 1, 3], "push");
        }
        // The command is run or replayed, whatever there is in the cache.
        _ => {
            let output = world.project.path("out.txt");
            fs::remove_file(&output).ok();
            let ran = world.run_project();
            assert_answers(world, &ran, &[0], "run");
            assert_eq!(fs::read(output).expect("the output"), b"the input\n");
            assert_eq!(ran.text(), "it ran\n");
        }
    }
}

/// Asks for everything through the protocol, and stores it.
fn serve(world: &World) {
    let command = format!(
        "'{}' --dir '{}' serve --max-size 0",
        env!("CARGO_BIN_EXE_larder"),
        world.dir().display()
    );
    let dir = world.dir();
    let asked = world.actions.iter().map(|action| action.parse().expect("an action ID"));
    let asked: Vec<cache_core::ActionId> = asked.collect();
    world.within_a_minute("serve", move || {
        let helper = ProgCache::builder(command, dir.join("fuzz")).start().expect("it starts");
        for (action, content) in asked.iter().zip(CONTENTS) {
            if let Ok(Some((_, bytes))) = helper.get_bytes(action, 1 << 20).map(|found| found.hit())
            {
                assert_eq!(bytes, content.as_bytes());
            }
            match helper.put_bytes(action, content.as_bytes()) {
                Ok(_) => {
                    let (_, bytes) = helper.get_bytes(action, 1 << 20).unwrap().hit().unwrap();
                    assert_eq!(bytes, content.as_bytes());
                }
                Err(e) => assert!(!e.to_string().contains('\n'), "{e}"),
            }
        }
        helper.close().expect("it ends");
    });
    world.outside.assert_untouched("serve");
}

/// Asserts that a command ended with one of these codes, told what went wrong in lines of its own, and
/// touched nothing outside. Returns whether it failed.
fn assert_answers(world: &World, ran: &Ran, codes: &[i32], what: &str) -> bool {
    let said = format!("{what}: {:?}\n{}{}", ran.code, ran.text(), ran.stderr);
    assert!(codes.iter().any(|code| ran.code == Some(*code)), "{said}");
    assert!(ran.stderr.lines().all(|line| line.starts_with("larder: ")), "{said}");
    let failed = ran.code == Some(3);
    assert!(!failed || ran.stderr.lines().count() >= 1, "{said}");
    let all = [&*ran.stdout, ran.stderr.as_bytes()].concat();
    assert!(!all.windows(SECRET.len()).any(|window| window == SECRET), "{said}");
    world.outside.assert_untouched(what);
    assert_nothing_from_outside(&world.project.larder.path("store"));
    failed
}

/// A store has nothing of what is outside.
fn assert_nothing_from_outside(store: &Path) {
    for (path, _) in support::files(store) {
        let object = fs::read(&path).expect("an object");
        assert!(!object.windows(SECRET.len()).any(|window| window == SECRET), "{}", path.display());
    }
}

/// Only turns a hang into a failure.
const LIMIT: Duration = Duration::from_secs(60);
