//! This very test as a process that is killed: a writer, a trimmer, or the client of a helper.

use std::env;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use cache_core::{
    ActionId, Cache, CacheExt, FileName, Lookup, OutputId, PutOptions, Result, Source,
};
use cache_disk::{DiskCache, TrimOptions};
use cache_prog_client::ProgCache;
use test_attacks::Dice;

use crate::helper;
use crate::support::bare;
use crate::work::{self, Put};

const VARIABLE: &str = "LARDER_KILLED_PROCESS";

/// How many puts each process asks for.
const PUTS: usize = 15;

/// How many threads use a helper at once.
const THREADS: usize = 3;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    /// Puts into the directory.
    Write,
    /// Trims the directory, again and again, mostly not to the end.
    Trim,
    /// Puts through a helper.
    Ask,
    /// Does that until the helper fails.
    AskOn,
}

impl Job {
    const ALL: [Job; 4] = [Job::Write, Job::Trim, Job::Ask, Job::AskOn];
}

/// The command that runs `test`, this very one, for a job. A helper writes its number to `number`.
pub(crate) fn command(test: &str, job: Job, seed: u64, dir: &Path, number: &Path) -> Command {
    let mut command = bare(env::current_exe().expect("this program"));
    let (job, dir, number) = (job as usize, dir.display(), number.display());
    command
        .args([test, "--exact", "--nocapture"])
        .env(VARIABLE, format!("{job}\n{seed}\n{dir}\n{number}"));
    command
}

/// What a process with this seed asks for.
pub(crate) fn puts(seed: u64) -> Vec<Put> {
    work::deal(&mut Dice::new(seed), PUTS)
}

/// What a process has said, in whole lines: which of its puts were answered, and what gets gave.
pub(crate) fn parse(said: &str) -> (Vec<usize>, Vec<(ActionId, OutputId)>) {
    let lines = said.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let (mut stored, mut got) = (Vec::new(), Vec::new());
    for line in lines {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["stored", number] => stored.push(number.parse().expect("a number")),
            ["got", action, output] => {
                got.push((action.parse().expect("an ID"), output.parse().expect("an ID")));
            }
            _ => {}
        }
    }
    (stored, got)
}

/// This process, when it is one of those.
pub(crate) fn from_environment() -> Option<Process> {
    let task = env::var(VARIABLE).ok()?;
    let [job, seed, dir, number] = task.split('\n').collect::<Vec<_>>()[..] else {
        panic!("{task:?} is no task");
    };
    let seed = seed.parse().expect("a seed");
    // What this test prints goes on in the line that the test's name began.
    println!();
    Some(Process {
        job: Job::ALL[job.parse::<usize>().expect("a job")],
        puts: puts(seed),
        dice: Dice::new(!seed),
        dir: dir.into(),
        number: number.into(),
    })
}

pub(crate) struct Process {
    job: Job,
    puts: Vec<Put>,
    dice: Dice,
    dir: PathBuf,
    number: PathBuf,
}

impl Process {
    pub(crate) fn run(self) {
        match self.job {
            Job::Write => self.write(),
            Job::Trim => self.trim(),
            Job::Ask => self.ask().expect("nothing fails when nobody kills the helper"),
            // Whatever it fails with, it has ended.
            Job::AskOn => _ = self.ask(),
        }
    }

    fn write(mut self) {
        let cache = DiskCache::open(&self.dir).expect("a cache");
        for (index, put) in self.puts.iter().enumerate() {
            let body = work::body(put.body);
            let options = PutOptions {
                durable: self.dice.one_in(4),
                executable: self.dice.one_in(4).then(|| FileName::new("tool").expect("a name")),
                ..PutOptions::default()
            };
            let (mut reader, mut seekable) = (&body[..], Cursor::new(&body[..]));
            let (output, size) = (OutputId::of(&body), body.len() as u64);
            let source = match self.dice.below(4) {
                0 => Source::Bytes(&body),
                1 => Source::Seekable(&mut seekable),
                2 => Source::Reader(&mut reader),
                _ => Source::Promised { output, size, body: &mut reader },
            };
            cache.put(&work::action(put.action), source, &options).expect("a put");
            println!("stored {index}");
            if self.dice.one_in(3) {
                get(&cache, &work::action(self.dice.up_to(work::ACTIONS))).expect("an answer");
            }
        }
    }

    fn trim(mut self) {
        let cache = DiskCache::open(&self.dir).expect("a cache");
        for _ in 0..8 {
            let budget = Duration::from_micros(self.dice.up_to(4000));
            let options = TrimOptions {
                max_size: Some(1 << 20),
                force: self.dice.one_in(2),
                budget: (!self.dice.one_in(4)).then_some(budget),
                ..TrimOptions::default()
            };
            let report = cache.trim(&options).expect("a trim");
            assert!(report.failures.is_empty(), "{report:?}");
        }
    }

    fn ask(&self) -> Result<()> {
        let command = helper::command(&self.dir, &self.number);
        let cache = match ProgCache::builder(command, self.dir.join("fuzz")).start() {
            Ok(cache) => cache,
            Err(_) if self.job == Job::AskOn => return Ok(()),
            Err(e) => panic!("{e}"),
        };
        let part = |part| -> Result<()> {
            loop {
                for (index, put) in
                    self.puts.iter().enumerate().filter(|(n, _)| n % THREADS == part)
                {
                    get(&cache, &work::action(work::ACTIONS - 1 - put.action))?;
                    let body = work::body(put.body);
                    if put.body % 2 == 0 {
                        cache.put_bytes(&work::action(put.action), &body)?;
                    } else {
                        let source = Source::Reader(&mut &body[..]);
                        cache.put(&work::action(put.action), source, &PutOptions::default())?;
                    }
                    println!("stored {index}");
                }
                if self.job == Job::Ask {
                    return Ok(());
                }
            }
        };
        thread::scope(|scope| {
            let parts: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || part(n))).collect();
            parts.into_iter().try_for_each(|part| part.join().expect("no panic"))
        })?;
        cache.close()
    }
}

/// Gets something and says what.
fn get(cache: &dyn Cache, action: &ActionId) -> Result<()> {
    if let Lookup::Hit((entry, _)) = cache.get_bytes(action, u64::MAX)? {
        println!("got {action} {}", entry.output);
    }
    Ok(())
}
