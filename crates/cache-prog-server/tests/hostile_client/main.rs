//! Whatever a client sends, and wherever it stops: nothing panics or hangs, memory is bounded, every
//! request that was read gets exactly one answer, and only what a put told the truth about is
//! stored.
//!
//! The variables of `test_attacks` say how long, and which seed.

#[path = "../common/mod.rs"]
mod common;
mod ends;
mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::PipeReader;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use cache_core::{ActionId, Cache, CacheExt, OutputId};
use cache_disk::DiskCache;
use cache_prog_server::{Options, ServeError, Tally};
use cache_prog_wire::Response;
use common::{DEADLINE, Served, disk, peak_memory};
use script::{Item, Owed, Script};
use test_attacks::{Attack, Dice};

/// By how much the memory of all rounds may grow, in bytes: what the bodies in hand may take
/// together, the requests that this test holds itself, and room for an allocator.
const GROWTH: u64 = 48 << 20;

/// A body that does not fit into that, in pieces of 48 KiB.
const GIANT: usize = 1200;

#[test]
fn whatever_a_client_sends_is_answered_once_or_ends_it() {
    let mut attack = Attack::new("hostile client", 24);
    let mut counts = BTreeMap::new();
    let before = peak_memory();
    while attack.goes_on() {
        let round = attack.round();
        let dice = &mut attack.dice;
        let (name, sent) = match round % 6 {
            0 => ("ended by close", closes(dice)),
            1 => ("ended by what is no request", is_garbage(dice)),
            2 if round % 30 == 2 => ("crowds", crowds(dice)),
            3 if round % 60 == 3 => ("giant bodies", overflows(dice)),
            4 => ("not listening", does_not_listen(dice)),
            _ => ("cut off", is_cut_off(dice)),
        };
        *counts.entry(name).or_insert(0) += 1;
        *counts.entry("requests").or_insert(0) += sent;
        let grown = peak_memory().saturating_sub(before);
        assert!(grown < GROWTH, "the memory has grown by {grown} bytes: {name}");
    }
    let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    attack.held("clients", counts.join(", "));
}

/// Says goodbye, maybe twice, and goes on after that.
fn closes(dice: &mut Dice) -> usize {
    let mut script = deal(dice);
    script.items.push(ends::goodbye(dice));
    let after = Script::deal(dice, 5);
    script.items.push(ends::goodbye(dice));
    script.items.extend(after.items);
    play(script, usize::MAX, dice)
}

/// Sends something that is no request, and requests after that.
fn is_garbage(dice: &mut Dice) -> usize {
    let mut script = deal(dice);
    script.items.push(ends::garbage(dice));
    let after = Script::deal(dice, 3);
    script.items.extend(after.items);
    play(script, usize::MAX, dice)
}

/// Ends at any byte, mostly in the middle of something.
fn is_cut_off(dice: &mut Dice) -> usize {
    let mut script = deal(dice);
    if dice.one_in(4) {
        script.items.push(ends::garbage(dice));
    }
    let length = script.items.iter().map(Item::length).sum::<usize>();
    let at = dice.below(length + 1);
    play(script, at, dice)
}

/// Sends thousands of requests before it reads a reply.
fn crowds(dice: &mut Dice) -> usize {
    let script = Script::crowd(dice, 3000);
    play(script, usize::MAX, dice)
}

/// Sends far more than it announced.
fn overflows(dice: &mut Dice) -> usize {
    let script = Script::giant(dice, GIANT);
    play(script, usize::MAX, dice)
}

fn deal(dice: &mut Dice) -> Script {
    let count = dice.below(40);
    Script::deal(dice, count)
}

/// Sends the first bytes of a script, and looks at everything that comes of it. Returns how many
/// requests were sent.
fn play(script: Script, limit: usize, dice: &mut Dice) -> usize {
    let (dir, cache) = disk();
    let options = Options { local_lookups: dice.one_in(2), ..Options::default() };
    let served = Served::with(cache.clone(), &options);
    let seen = Seen::of(&script, limit);
    let sending = send(&served, script, limit, dice.seed());
    sending.recv_timeout(DEADLINE).expect("all sent, or nobody reads it");
    let (replies, ended) = served.finish();
    seen.was_answered(&replies, &ended);
    seen.is_stored(dir.path(), &cache, ended.is_ok());
    seen.whole
}

/// Sends in a thread of its own, and tells when it is done.
fn send(served: &Served, script: Script, limit: usize, seed: u64) -> Receiver<()> {
    let mut requests = served.requests.try_clone().expect("a pipe");
    let (done, sent) = channel();
    thread::spawn(move || {
        let (mut left, mut dice) = (limit, Dice::new(seed));
        for item in &script.items {
            // It may have had enough.
            if item.send(&mut requests, left, &mut dice).is_err() {
                break;
            }
            left -= left.min(item.length());
        }
        drop(requests);
        done.send(()).ok();
    });
    sent
}

/// A client that asks, does not read what it is answered, and goes at last.
fn does_not_listen(dice: &mut Dice) -> usize {
    let (dir, cache) = disk();
    let local_lookups = dice.one_in(2);
    let options = Options { local_lookups, patience: DEADLINE, ..Options::default() };
    let (served, replies): (_, PipeReader) = Served::without_reader(cache.clone(), &options);
    let script = Script::crowd(dice, 2000);
    let seen = Seen::of(&script, usize::MAX);
    let sending = send(&served, script, usize::MAX, dice.seed());
    // Mostly until no side gets on any more.
    thread::sleep(dice.part_of(Duration::from_millis(200)));
    drop(replies);
    let ended = served.end();
    assert!(matches!(ended, Err(ServeError::Output(_))), "{ended:?}");
    sending.recv_timeout(DEADLINE).expect("a pipe that nobody reads any more");
    seen.is_stored(dir.path(), &cache, false);
    seen.whole
}

/// What a script comes to when the first bytes of it were sent.
#[derive(Default)]
struct Seen {
    /// How many requests count, whole.
    whole: usize,
    /// By the number: how many replies, and how many of those are errors.
    owed: BTreeMap<i64, (usize, usize)>,
    /// The message in which the stream ends wrongly, and the number of the request that may be
    /// answered with an error there.
    wrong: Option<(usize, Option<i64>)>,
    tally: Tally,
    truths: BTreeMap<ActionId, BTreeSet<OutputId>>,
    stored: BTreeSet<ActionId>,
}

impl Seen {
    fn of(script: &Script, limit: usize) -> Self {
        let mut seen = Self::default();
        let mut left = limit;
        for (index, item) in script.items.iter().enumerate() {
            if left == 0 {
                break;
            }
            if let Some((action, output)) = item.stores {
                seen.truths.entry(action).or_default().insert(output);
            }
            let is_whole = left >= item.needed();
            if let Owed::End { refused } = item.owed {
                seen.wrong = Some((index + 1, (refused && !is_whole).then_some(item.id)));
                if refused && is_whole {
                    seen.owes(item, true);
                }
                break;
            }
            if !is_whole {
                seen.wrong = Some((index + 1, Some(item.id)));
                break;
            }
            left -= left.min(item.length());
            seen.whole += 1;
            seen.owes(item, item.owed == Owed::Refusal);
            match item.owed {
                Owed::Lookup => seen.tally.gets += 1,
                Owed::Path => seen.tally.puts += 1,
                Owed::Goodbye => break,
                Owed::Refusal | Owed::End { .. } => {}
            }
            seen.stored.extend(item.stores.map(|(action, _)| action));
        }
        seen
    }

    fn owes(&mut self, item: &Item, is_error: bool) {
        let (replies, errors) = self.owed.entry(item.id).or_default();
        *replies += 1;
        *errors += usize::from(is_error);
        self.tally.errors += u64::from(is_error);
    }

    /// Every request that was read got one reply with its number, and how it ended is said.
    fn was_answered(&self, replies: &[Response], ended: &Result<Tally, ServeError>) {
        let mut found: BTreeMap<i64, (usize, usize)> = BTreeMap::new();
        for reply in replies {
            let (replies, errors) = found.entry(reply.id).or_default();
            *replies += 1;
            *errors += usize::from(!reply.error.is_empty());
            self.is_right(reply);
        }
        let told: Vec<_> = replies.iter().map(|reply| &*reply.error).collect();
        let told: BTreeSet<_> = told.into_iter().filter(|error| !error.is_empty()).collect();
        match (ended, self.wrong) {
            (Ok(tally), None) => {
                let Tally { gets, puts, errors, .. } = *tally;
                let owed = &self.tally;
                assert_eq!((gets, puts, errors), (owed.gets, owed.puts, owed.errors), "{told:?}");
            }
            // It was cut off in the space before a message.
            (Ok(_), Some(_)) => {}
            (Err(ServeError::Input(error)), Some((message, id))) => {
                assert_eq!(error.message, message as u64, "{error}");
                assert!(!error.to_string().contains('\n'), "{error}");
                if let Some(id) = id.filter(|id| found.get(id) != self.owed.get(id)) {
                    let (replies, errors) = self.owed.get(&id).copied().unwrap_or_default();
                    assert_eq!(found.remove(&id), Some((replies + 1, errors + 1)), "{id}: {error}");
                    found.extend(self.owed.get(&id).map(|owed| (id, *owed)));
                }
            }
            (ended, wrong) => panic!("{ended:?}, where {wrong:?} is wrong"),
        }
        assert_eq!(found, self.owed, "{ended:?}, {told:?}");
    }

    /// A hit is what some put was about, and there.
    fn is_right(&self, reply: &Response) {
        let Some(path) = &reply.disk_path else { return };
        let bytes = fs::read(path).expect("an output");
        if let Some(output) = reply.output_id() {
            assert_eq!((OutputId::of(&bytes), bytes.len() as i64), (output, reply.size));
            assert!(self.truths.values().any(|outputs| outputs.contains(&output)), "{reply:?}");
        }
    }

    /// What is stored was put by somebody who told the truth, and nothing else is there.
    fn is_stored(&self, dir: &Path, cache: &DiskCache, is_all: bool) {
        for listed in cache.entries() {
            let action = listed.expect("an entry").action;
            let found = cache.get_bytes(&action, u64::MAX).expect("a lookup");
            let (entry, bytes) = found.hit().expect("the output of an entry");
            let output = OutputId::of(&bytes);
            assert_eq!(entry.output, output);
            let told = self.truths.get(&action).is_some_and(|outputs| outputs.contains(&output));
            assert!(told, "{action} leads to {output}, which nobody put");
        }
        for action in self.stored.iter().filter(|_| is_all) {
            assert!(cache.get(action).expect("a lookup").is_hit(), "{action} was put");
        }
        let files = fs::read_dir(dir).expect("a folder").flatten();
        let folders = files.filter(|folder| folder.file_name().len() == 2);
        for file in folders.flat_map(|folder| fs::read_dir(folder.path()).expect("a folder")) {
            let file = file.expect("a file");
            let name = file.file_name().into_string().expect("a name");
            if let Some(output) = name.strip_suffix("-d") {
                let bytes = fs::read(file.path()).expect("an output");
                assert_eq!(OutputId::of(&bytes).to_string(), output);
            } else {
                assert!(name.ends_with("-a") || !is_all, "{name} is left");
            }
        }
    }
}
