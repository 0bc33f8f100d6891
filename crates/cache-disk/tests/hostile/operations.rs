//! Everything that can be asked of a cache, and what is asserted of the answers.

use std::fs::{self, File};
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cache_core::{
    ActionId, Cache, CacheExt, Check, FileName, Lookup, OutputId, PutOptions, Source,
};
use cache_disk::{CheckUpOptions, Content, DiskCache, TrimOptions};
use test_attacks::Dice;
use test_attacks::hostile::SECRET;

use crate::common::entry_path;
use crate::world::{TOOL, World, action, folder_of};

/// What is read into memory at most.
const LIMIT: u64 = 1 << 20;

/// How much of what is opened is searched for what is outside, which is small.
const SEARCHED: usize = 4 << 10;

/// What is hashed at most: a tebibyte takes an hour.
const HASHED: u64 = 1 << 30;

type Operation = fn(&mut World, &DiskCache, &mut Dice);

const OPERATIONS: [(&str, Operation); 8] = [
    ("looking up", look_up),
    ("looking up again", look_up),
    ("putting", put),
    ("putting again", put),
    ("trimming", trim),
    ("listing", list),
    ("the paths of folders", folders),
    ("closing", close),
];

/// Does all of it in any order, and empties the directory at the end.
pub fn all_in_any_order(world: &mut World, dice: &mut Dice) {
    let cache = DiskCache::open(&world.dir).unwrap();
    let mut operations = OPERATIONS.to_vec();
    while !operations.is_empty() {
        let (name, operation) = operations.swap_remove(dice.below(operations.len()));
        println!("{name}");
        let good = world.intact();
        operation(world, &cache, dice);
        world.outside.assert_untouched(name);
        for action in &good {
            assert!(world.is_intact(action), "{action} was good before {name}");
            assert_eq!(bytes_of(world, &cache, action).as_ref(), Some(&world.known[action]));
        }
    }
    println!("cleaning");
    clean(world, &cache);
    world.outside.assert_untouched("cleaning");
}

/// The bytes of an action, which are what the entry says, if there are any.
fn bytes_of(world: &World, cache: &DiskCache, action: &ActionId) -> Option<Vec<u8>> {
    let answer = told(cache.get_bytes(action, LIMIT))?;
    let (entry, bytes) = answer.hit()?;
    assert_eq!((OutputId::of(&bytes), bytes.len() as u64), (entry.output, entry.size));
    assert!(bytes.len() as u64 <= LIMIT);
    assert!(world.stored.contains(&entry.output), "{action} leads to what nobody stored");
    Some(bytes)
}

fn look_up(world: &mut World, cache: &DiskCache, _: &mut Dice) {
    let actions: Vec<_> = world.known.keys().chain(&world.lures).copied().collect();
    for action in actions {
        let entry = told(cache.get(&action)).and_then(Lookup::hit);
        bytes_of(world, cache, &action);
        if let Some((_, path)) = told(cache.get_file(&action, Check::Size)).and_then(Lookup::hit) {
            assert_inside(world, &path);
        }
        if entry.is_none_or(|entry| entry.size < HASHED) {
            let file = told(cache.get_file(&action, Check::Checksum)).and_then(Lookup::hit);
            if let Some((entry, path)) = file {
                assert_inside(world, &path);
                assert_eq!(OutputId::of(&fs::read(path).unwrap()), entry.output);
            }
            if let Some((_, file)) = told(cache.open(&action, Check::Size)).and_then(Lookup::hit) {
                assert_no_secret(&beginning(&file));
            }
        }
        // SAFETY: nobody else is in this directory.
        if let Some(map) = told(unsafe { cache.map(&action) }).and_then(Lookup::hit) {
            assert_no_secret(&map[..map.len().min(SEARCHED)]);
        }
    }
    let outputs = world.known.values().chain(&world.secrets).map(|bytes| OutputId::of(bytes));
    for output in outputs {
        if let Some(file) = told(cache.output_file(&output)).flatten() {
            assert_eq!(assert_inside(world, &file.path), file.size);
        }
        if let Some((file, opened)) = told(cache.open_output(&output)).flatten() {
            assert_inside(world, &file.path);
            assert_no_secret(&beginning(&opened));
        }
        if let Some(path) = cache.peek_path(&output) {
            assert_inside(world, &path);
        }
    }
}

fn put(world: &mut World, cache: &DiskCache, dice: &mut Dice) {
    for _ in 0..4 {
        let actions: Vec<_> = world.known.keys().copied().collect();
        let whose = if dice.one_in(3) { action(dice) } else { *dice.pick(&actions) };
        let bytes = match dice.below(4) {
            // Even what is outside may be stored.
            0 => dice.bytes(2_000),
            1 => dice.bytes(600_000),
            _ => world.known[dice.pick(&actions)].clone(),
        };
        let output = OutputId::of(&bytes);
        let options = PutOptions {
            durable: dice.one_in(4),
            executable: dice.one_in(4).then(|| FileName::new(TOOL).unwrap()),
            ..PutOptions::default()
        };
        let in_the_way = world.in_the_way(&[folder_of(whose), folder_of(output)]);
        let stored = match dice.below(5) {
            0 => cache.put(&whose, Source::Bytes(&bytes), &options),
            1 => cache.put(&whose, Source::Reader(&mut &*bytes), &options),
            2 => cache.put(&whose, Source::Seekable(&mut io::Cursor::new(&bytes)), &options),
            3 => {
                let file = world.dir.with_file_name("to-put");
                fs::write(&file, &bytes).unwrap();
                cache.put(&whose, Source::File(&File::open(file).unwrap()), &options)
            }
            _ => {
                let body = &mut &*bytes;
                let size = body.len() as u64;
                cache.put(&whose, Source::Promised { output, size, body }, &options)
            }
        };
        match (stored, in_the_way.as_slice()) {
            (Ok(stored), []) => {
                world.stored.insert(output);
                world.known.insert(whose, bytes);
                let file = stored.file.expect("a file");
                assert_eq!(assert_inside(world, &file.path), file.size);
                assert!(world.is_intact(&whose), "{whose}");
                assert_eq!(bytes_of(world, cache, &whose).as_ref(), Some(&world.known[&whose]));
            }
            (Ok(_), paths) => panic!("{whose} was stored through {paths:?}"),
            (Err(e), []) => panic!("{whose} -> {output}: {e}"),
            (Err(e), paths) => assert_names_one(&e, paths),
        }
    }
}

fn trim(_: &mut World, cache: &DiskCache, dice: &mut Dice) {
    for _ in 0..4 {
        let options = TrimOptions {
            max_age: Duration::ZERO,
            max_size: dice.one_in(2).then_some(0),
            force: !dice.one_in(4),
            dry_run: dice.one_in(3),
            budget: dice.one_in(3).then_some(Duration::ZERO),
            ..TrimOptions::default()
        };
        let report = cache.trim(&options).unwrap();
        report.failures.iter().for_each(|e| drop(one_line(e)));
    }
}

fn list(world: &mut World, cache: &DiskCache, _: &mut Dice) {
    let mut listed = Vec::new();
    for entry in cache.entries() {
        listed.extend(told(entry).map(|listed| listed.action));
    }
    for action in world.intact() {
        assert!(listed.contains(&action), "{action}");
    }
    let mut outputs = Vec::new();
    let contents = cache.contents(|content| {
        if let Content::Output { output, .. } = content {
            outputs.push(*output);
        }
    });
    let folders: Vec<_> = (0..=255_u8).map(|byte| format!("{byte:02x}")).collect();
    let in_the_way = world.in_the_way(&folders);
    assert_eq!(contents.is_ok(), in_the_way.is_empty(), "{contents:?}");
    assert_eq!(cache.totals().is_ok(), in_the_way.is_empty());
    for action in world.intact() {
        assert!(outputs.contains(&OutputId::of(&world.known[&action])), "{action}");
    }
}

fn folders(world: &mut World, cache: &DiskCache, _: &mut Dice) {
    assert_eq!(cache.fuzz_dir(), world.path("fuzz"));
    for name in ["", "locks", "uploads/0123"] {
        let Some(path) = told(cache.own_folder(name)) else { continue };
        let below = path.strip_prefix(&world.dir).unwrap();
        for at in below.ancestors().filter(|at| *at != Path::new("")) {
            let look = fs::symlink_metadata(world.path(at));
            assert!(look.is_ok_and(|found| found.is_dir()) || !world.path(at).exists(), "{name}");
        }
    }
}

fn close(world: &mut World, _: &DiskCache, dice: &mut Dice) {
    let mut builder = DiskCache::builder(&world.dir);
    if dice.one_in(2) {
        builder = builder.max_size(0);
    }
    builder.open().unwrap().close().unwrap();
}

fn clean(world: &World, cache: &DiskCache) {
    let folders: Vec<_> = (0..=255_u8).map(|byte| format!("{byte:02x}")).collect();
    match (cache.clean(true), world.in_the_way(&folders).as_slice()) {
        (Ok(_), []) => {
            assert!(fs::symlink_metadata(world.path("fuzz")).is_err());
            let left: Vec<_> = cache.entries().collect();
            assert!(left.is_empty(), "{left:?}");
            assert_eq!(cache.totals().unwrap().outputs, 0);
        }
        (Err(e), paths @ [_, ..]) => assert_names_one(&e, paths),
        (cleaned, paths) => panic!("{cleaned:?} with {paths:?} in the way"),
    }
}

/// A check-up that repairs, and then everything that is left is good or cannot be.
pub fn check_up_and_repair(world: &mut World) {
    let cache = DiskCache::open(&world.dir).unwrap();
    world.remove_what_takes_too_long_to_hash(HASHED);
    let good = world.intact();
    let threads = NonZeroUsize::new(2);
    println!("checking up");
    let report = cache.check_up(&CheckUpOptions { repair: true, threads, progress: None }).unwrap();
    world.outside.assert_untouched("the check-up");
    for action in &good {
        assert!(world.is_intact(action), "{action} was good before the check-up");
    }
    report.failures.iter().for_each(|e| drop(one_line(e)));
    assert_eq!(report.unsettled, 0);
    for bad in &report.bad {
        assert!(!bad.reason.contains('\n'), "{}", bad.reason);
        assert!(bad.removed, "{bad:?}");
        assert!(fs::symlink_metadata(&bad.path).is_err(), "{bad:?}");
    }
    for (action, bytes) in &world.known {
        let places = [entry_path(&world.dir, action), world.output_path(&OutputId::of(bytes))];
        for path in places {
            let is_folder =
                |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
            let is_link = fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink());
            assert!(!is_link || !is_folder(path.parent().unwrap()), "{} is left", path.display());
        }
    }
    println!("checking up again");
    let report = cache.check_up(&CheckUpOptions::default()).unwrap();
    assert!(report.bad.is_empty(), "{:?}", report.bad);
}

/// What was said, or nothing: a failure is one line.
fn told<T>(answer: cache_core::Result<T>) -> Option<T> {
    answer.map_err(|e| one_line(&e)).ok()
}

fn one_line(e: &cache_core::Error) -> String {
    let text = e.to_string();
    assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
    text
}

/// Asserts that an error says which of these is in the way, or what is below it.
fn assert_names_one(e: &cache_core::Error, paths: &[PathBuf]) {
    let text = one_line(e);
    let names = |path: &PathBuf| text.contains(path.to_str().unwrap());
    assert!(paths.iter().any(names), "{paths:?}: {text}");
}

/// Asserts that a path that was given out leads to a file of the directory, and to no other through a
/// link. Returns its size.
fn assert_inside(world: &World, path: &Path) -> u64 {
    match world.regular(path) {
        Ok(size) => size,
        Err(problem) => panic!("{} was given out: {problem}", path.display()),
    }
}

fn assert_no_secret(bytes: &[u8]) {
    assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET), "it is from outside");
}

/// As much of a file as is read into memory.
fn beginning(file: &File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.take(SEARCHED as u64).read_to_end(&mut bytes).unwrap();
    bytes
}
