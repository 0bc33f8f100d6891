//! A process that may not write large files, may not open many, or may not write to the directory:
//! each command says so in one line, keeps everything that was there, and works again when it may.
#![cfg(target_os = "linux")]

mod project;
mod support;
#[path = "failing_disks/world.rs"]
mod world;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use cache_core::ActionId;
use support::Ran;
use test_attacks::{Attack, Dice};
use world::{Trouble, Work, World};

/// So much is done while something is forbidden.
const WHILE_FORBIDDEN: usize = 6;

#[test]
fn a_limit_is_told_and_costs_nothing_that_was_there() {
    let mut attack = Attack::new("limits", 4);
    let mut world = World::new(None);
    while attack.goes_on() {
        let dice = &mut attack.dice;
        let limit = if dice.one_in(2) { small_files(dice) } else { few_files(dice) };
        suffers(&mut world, limit, dice, |_| {});
    }
    assert!(world.failures > 0, "nothing failed");
    attack.held("limits", format!("{} commands that failed", world.failures));
}

#[test]
fn a_directory_without_permission_is_told_and_keeps_what_it_has() {
    let mut attack = Attack::new("permissions", 3);
    // Nothing is forbidden to root.
    let is_root = fs::metadata("/proc/self").expect("this process").uid() == 0;
    let mut world = World::new(is_root.then_some(65534));
    while attack.goes_on() {
        let dice = &mut attack.dice;
        let (mode, is_readable) = *dice.pick(&[(0o555, true), (0o000, false)]);
        let trouble = Trouble {
            cause: "Permission denied",
            advice: "give this user access to it",
            is_readable,
            limits: String::new(),
        };
        let whole = dice.one_in(2);
        suffers(&mut world, trouble, dice, |world| set_modes(world, whole, mode));
        set_modes(&world, true, 0o755);
    }
    assert!(world.failures > 0, "nothing failed");
    attack.held("directories", format!("{} commands that failed", world.failures));
}

#[test]
fn a_repair_that_may_open_few_files_takes_nothing_for_bad() {
    let mut world = World::new(None);
    for (n, flags) in [(1, &[][..]), (2, &["--executable", "tool"])] {
        let (action, bytes) = (ActionId::from_bytes([n; 32]), vec![n; 1000]);
        assert!(world.does(&Work::Put { action, bytes, flags }));
    }
    for files in 4..12 {
        world.suffer(Some(Trouble {
            limits: format!("-n {files}"),
            ..few_files(&mut Dice::new(0))
        }));
        let ran = Ran::of(world.larder().args(["verify", "--repair"]));
        assert!(matches!(ran.code, Some(0 | 3)), "{files} files: {} {}", ran.text(), ran.stderr);
    }
    world.suffer(None);
    world.is_right();
}

/// Works while nothing is forbidden, then while something is, then again.
fn suffers(world: &mut World, trouble: Trouble, dice: &mut Dice, forbid: impl Fn(&World)) {
    for _ in 0..3 {
        let work = world.deal(dice);
        world.does_well(&work, dice);
    }
    forbid(world);
    world.suffer(Some(trouble));
    let work: Vec<_> = (0..WHILE_FORBIDDEN).map(|_| world.deal(dice)).collect();
    let undone: Vec<_> = work.iter().filter(|work| !world.does(work)).collect();
    world.is_right();
    set_modes(world, true, 0o755);
    world.suffer(None);
    for work in undone {
        world.does_well(work, dice);
    }
    world.is_right();
}

/// Files of a few blocks of 512 bytes.
fn small_files(dice: &mut Dice) -> Trouble {
    Trouble {
        cause: "File too large",
        advice: "ulimit -f",
        is_readable: true,
        limits: format!("-f {}", 1 + dice.below(200)),
    }
}

/// So few files that not much more can be opened than the streams.
fn few_files(dice: &mut Dice) -> Trouble {
    Trouble {
        cause: "Too many open files",
        advice: "ulimit -n",
        is_readable: false,
        limits: format!("-n {}", 10 + dice.below(16)),
    }
}

/// Gives the cache directory's folders this mode; the directory itself only if all is forbidden.
fn set_modes(world: &World, whole: bool, mode: u32) {
    let set = |path| fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
    // From the outside in when it is allowed again, and as root the order does not matter.
    if whole {
        set(world.dir());
    }
    let items = fs::read_dir(world.dir()).into_iter().flatten().flatten();
    items.map(|item| item.path()).filter(|path| path.is_dir()).for_each(set);
}
