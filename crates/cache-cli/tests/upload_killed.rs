//! `larder serve` killed at any moment while it uploads: in the end all that was answered is in the
//! store, and right.
//!
//! The variables of `test_attacks` replay a run and say how often it kills.

#![cfg(unix)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cache_core::{ActionId, CacheExt, OutputId};
use cache_disk::DiskCache;
use cache_prog_wire::{Request, RequestWriter, ResponseReader};
use cache_remote::{Access, RemoteCache, Store, StoreOptions};
use support::{Larder, ended, files};
use test_attacks::{Attack, Dice};
use test_stores::{Line, Proxy, S3Server, noise};

/// Turns a hang into a failure.
const DEADLINE: Duration = Duration::from_secs(120);

/// How many results each process is given.
const PUTS: usize = 40;

/// So far away that uploads are on their way at most moments.
const LINE: Line = Line { delay: Duration::from_millis(30), bytes_per_second: Some(50_000_000) };

#[test]
fn what_was_answered_is_in_the_bucket_whenever_the_uploader_is_killed() {
    let server = S3Server::start();
    let proxy = Proxy::start(server.addr(), LINE);
    is_in_the_store_whenever_it_is_killed(
        "uploads to S3",
        &server.uri_by(&proxy, "cache"),
        &server.uri("cache"),
    );
}

#[test]
fn what_was_answered_is_in_the_folder_whenever_the_uploader_is_killed() {
    let folder = support::store::Store::new();
    is_in_the_store_whenever_it_is_killed("uploads to a folder", &folder.uri(), &folder.uri());
}

/// With one address for those that are killed, and one for who looks what is there at the end.
fn is_in_the_store_whenever_it_is_killed(name: &'static str, uri: &str, afterwards: &str) {
    let mut attack = Attack::new(name, 10);
    let larder = Larder::new();
    let left = || files(&larder.dir().join("larder/uploads"));
    let mut puts = Puts::default();

    let begun = Instant::now();
    let mut first = serve(&larder, uri, &[]);
    let asking = puts.ask(&mut attack.dice, &mut first, true);
    end(first);
    puts.were(asking.answered());
    let whole = begun.elapsed();
    assert_eq!(left(), []);
    let mut in_the_middle = 0;
    while attack.goes_on() {
        let (moment, closes) = (attack.dice.part_of(whole), attack.dice.one_in(2));
        let mut serving = serve(&larder, uri, &[]);
        let asking = puts.ask(&mut attack.dice, &mut serving, closes);
        thread::sleep(moment);
        serving.kill().expect("a process to be killed");
        serving.wait().expect("its end");
        puts.were(asking.answered());
        in_the_middle += u64::from(!left().is_empty());
    }

    // Nothing is asked of the last one.
    let mut last = serve(&larder, uri, &["--upload-wait", "60s"]);
    drop(last.stdin.take());
    end(last);
    assert_eq!(left(), []);
    puts.are_in(afterwards);
    larder.run(["verify"]).ok();
    attack.held("uploaders killed", format!("{in_the_middle} with something left to send"));
}

/// `larder serve` with this store.
fn serve(larder: &Larder, uri: &str, flags: &[&str]) -> Child {
    let mut command = larder.command();
    command.args(["serve", "--scope", "off", "--remote", uri]).args(flags);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("larder serve")
}

/// Waits until it has ended by itself.
fn end(mut serving: Child) {
    let status = ended(&mut serving, DEADLINE);
    assert!(status.success(), "{status}");
}

/// All puts so far, in the order in which they were asked for. The ID of a request is its place,
/// from 1 on.
#[derive(Default)]
struct Puts {
    asked: Vec<Put>,
    answered: BTreeSet<usize>,
}

/// A result for an action.
#[derive(Clone, Copy)]
struct Put {
    action: u64,
    result: u64,
}

impl Puts {
    /// Asks a process for a few more, and then, where it is to be, to close.
    fn ask(&mut self, dice: &mut Dice, serving: &mut Child, closes: bool) -> Asking {
        let before = self.asked.len();
        for id in before..before + PUTS {
            let mut action = id as u64;
            // One in five has another result for an action of an earlier process.
            if before > 0 && dice.up_to(5) == 0 {
                let earlier = self.asked[dice.up_to(before as u64) as usize].action;
                let is_new = self.asked[before..].iter().all(|put| put.action != earlier);
                action = if is_new { earlier } else { action };
            }
            self.asked.push(Put { action, result: id as u64 });
        }
        let (stdin, stdout) = (serving.stdin.take(), serving.stdout.take());
        let requests: Vec<(usize, Put)> =
            (before + 1..).zip(self.asked[before..].to_vec()).collect();
        let stdin = stdin.expect("a pipe");
        let writing = thread::spawn(move || write(stdin, &requests, closes).ok());
        let reading = thread::spawn(move || read(stdout.expect("a pipe")));
        Asking { writing, reading }
    }

    fn were(&mut self, answered: Vec<usize>) {
        self.answered.extend(answered);
    }

    /// Asserts that a machine that has nothing gets all that was answered from the store.
    fn are_in(&self, uri: &str) {
        let machine = Larder::new();
        fs::create_dir(machine.dir()).expect("a cache directory");
        let directory = Arc::new(DiskCache::open(machine.dir()).expect("a cache directory"));
        let store = Store::open(uri, &StoreOptions::default()).expect("a store");
        let now = Instant::now();
        // It loses no patience by time, and of what was answered there is no miss.
        let builder = RemoteCache::builder(directory, store).access(Access::ReadOnly);
        let cache = builder.clock(move || now).start().expect("a tier");
        let mut in_store = 0;
        let actions: BTreeSet<_> = self.asked.iter().map(|put| put.action).collect();
        let (answered, others): (Vec<_>, Vec<_>) = actions
            .into_iter()
            .map(|action| (action, self.of(action)))
            .partition(|(_, (_, is_answered))| *is_answered);
        // Misses in a row would make the store be asked less often, so they come last.
        for (action, (results, is_answered)) in answered.into_iter().chain(others) {
            let found = cache.get_bytes(&action_id(action), 16 << 20).expect("an answer").hit();
            let bytes = found.map(|(_, bytes)| bytes);
            let is_right = match &bytes {
                Some(bytes) => results.iter().any(|result| *bytes == bytes_of(*result)),
                None => !is_answered,
            };
            assert!(is_right, "action {action} of {results:?} has {:?}", bytes.map(|it| it.len()));
            in_store += u64::from(is_answered);
        }
        println!("{in_store} actions are in the store, after {} puts", self.answered.len());
        machine.run(["verify"]).ok();
    }

    /// The results that an action may have at the end: the last one that was answered, or one that
    /// was asked for after it. Returns also whether any was answered.
    fn of(&self, action: u64) -> (Vec<u64>, bool) {
        let puts = (1..).zip(&self.asked).filter(|(_, put)| put.action == action);
        let mut may_be = (Vec::new(), false);
        for (id, put) in puts {
            if self.answered.contains(&id) {
                may_be = (Vec::new(), true);
            }
            may_be.0.push(put.result);
        }
        may_be
    }
}

/// A process that is asked. It can be killed meanwhile.
struct Asking {
    writing: JoinHandle<Option<ChildStdin>>,
    reading: JoinHandle<Vec<usize>>,
}

impl Asking {
    /// Which requests were answered.
    fn answered(self) -> Vec<usize> {
        // Its input stays open until now.
        drop(self.writing.join().expect("a writer"));
        self.reading.join().expect("a reader")
    }
}

/// Fails when the process is killed.
fn write(mut stdin: ChildStdin, requests: &[(usize, Put)], closes: bool) -> io::Result<ChildStdin> {
    let mut writer = RequestWriter::new(&mut stdin);
    for (id, put) in requests {
        let bytes = bytes_of(put.result);
        let (output, size) = (OutputId::of(&bytes), bytes.len() as i64);
        let mut body =
            writer.put(&Request::put(*id as i64, &action_id(put.action), &output, size))?;
        body.write(&bytes)?;
        body.finish()?;
    }
    if closes {
        writer.request(&Request::close(0))?;
    }
    Ok(stdin)
}

/// The requests that are answered until the process closes its output or is killed.
fn read(stdout: ChildStdout) -> Vec<usize> {
    let mut replies = ResponseReader::new(stdout);
    let mut answered = Vec::new();
    // The last one may be cut.
    while let Ok(Some(reply)) = replies.next() {
        assert_eq!(reply.error, "");
        answered.extend(usize::try_from(reply.id).ok().filter(|id| *id > 0));
    }
    answered
}

fn action_id(action: u64) -> ActionId {
    ActionId::from_bytes(noise(action, 32).try_into().expect("32 bytes"))
}

/// Most are small; a few are large, and have an object of their own, which some have in common.
fn bytes_of(result: u64) -> Vec<u8> {
    let large = |seed| [noise(seed, 300 << 10), vec![0; 300 << 10]].concat();
    match result % 80 {
        // In two parts.
        0 => noise(result, 9 << 20),
        1 | 21 | 41 => large(result),
        2 | 22 | 42 => large(2),
        3 => Vec::new(),
        _ => noise(result, (result * 977 % 20_000) as usize),
    }
}
