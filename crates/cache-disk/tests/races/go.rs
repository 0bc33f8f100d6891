//! Go's real cache in a process of its own, and what it is asked to do.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Instant, SystemTime};

use cache_core::{Entry, OutputId};
use serde_json::{Value, json};
use test_attacks::Dice;

use crate::clean::{Generation, is_quiet};
use crate::world::{Body, Kind, TOOL, World};
use crate::{Counts, count, is_gone, name_of};

/// What Go's put may fail with: its folder was removed; the output stands in the other form; two make
/// the folder of one executable; the file was one twin and then the other.
const ALLOWED: &[&str] = &[
    "no such file or directory",
    "not a directory",
    "is a directory",
    "file exists",
    "changed underfoot",
];

/// An oracle, which ends with its input.
struct Oracle {
    child: Child,
    requests: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Oracle {
    fn start(program: &OsStr, dir: &Path) -> Self {
        let mut command = Command::new(program);
        command.arg("ops").arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{program:?}: {e}"));
        let requests = child.stdin.take();
        let replies = BufReader::new(child.stdout.take().unwrap());
        Self { child, requests, replies }
    }

    /// The reply, or Go's error.
    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let requests = self.requests.as_mut().unwrap();
        requests.write_all(format!("{request}\n").as_bytes()).unwrap();
        let mut reply = String::new();
        self.replies.read_line(&mut reply).unwrap();
        let reply: Value = serde_json::from_str(&reply)
            .unwrap_or_else(|e| panic!("the oracle says {reply:?} to {request}: {e}"));
        match reply["err"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(reply),
        }
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.requests = None;
        self.child.wait().ok();
    }
}

struct Held<'a> {
    path: PathBuf,
    body: &'a Body,
    generation: u64,
}

/// Whoever asks one of Go's processes.
pub(crate) struct Driver<'a> {
    program: &'a OsStr,
    dir: &'a Path,
    scratch: &'a Path,
    world: &'a World,
    number: u64,
    dice: Dice,
    oracle: Oracle,
    generation: Generation,
    /// In which generation it was opened, which is when Go makes the folders.
    opened: u64,
    held: Vec<Held<'a>>,
    counts: Counts,
}

impl<'a> Driver<'a> {
    pub(crate) fn new(
        program: &'a OsStr,
        dir: &'a Path,
        scratch: &'a Path,
        world: &'a World,
        seed: u64,
        number: u64,
    ) -> Self {
        let generation = Generation::open(scratch);
        let opened = generation.now();
        let (dice, oracle) = (Dice::new(seed), Oracle::start(program, dir));
        let (held, counts) = (Vec::new(), Counts::new());
        Self {
            program,
            dir,
            scratch,
            world,
            number,
            dice,
            oracle,
            generation,
            opened,
            held,
            counts,
        }
    }

    pub(crate) fn run(mut self, end: Instant) -> Counts {
        while Instant::now() < end {
            let generation = self.generation.now();
            if generation != self.opened && is_quiet(generation) {
                self.oracle = Oracle::start(self.program, self.dir);
                self.opened = generation;
            }
            let action = self.dice.below(self.world.actions.len());
            match self.dice.below(64) {
                0 => self.trim(),
                1..28 => self.put(action),
                28..36 => self.look_at_a_held_path(),
                _ => self.read(action),
            }
        }
        self.counts
    }

    fn put(&mut self, action: usize) {
        let body = self.dice.pick(self.world.bodies(action));
        let flips = body.kind == Kind::Twin && self.dice.one_in(2);
        let file = if flips { World::flipping_file(action) } else { body.file.clone() };
        let executable = body.kind == Kind::Executable && !self.dice.one_in(4);
        if flips && self.dice.one_in(2) {
            self.truncate(action);
        }
        let request = json!({
            "op": if executable { "put-exe" } else { "put" },
            "name": if executable { TOOL } else { "" },
            "id": self.world.actions[action].to_string(),
            "path": self.scratch.join(file),
        });
        match self.oracle.ask(&request) {
            Ok(reply) => {
                let entry = entry(&reply);
                let put = self.world.put(action, &entry);
                if put.is_none_or(|put| put.output != body.output && !flips) {
                    self.fail(&request, format_args!("it put {entry:?}"));
                }
                self.count("puts by Go");
            }
            Err(e) if ALLOWED.iter().any(|allowed| e.contains(allowed)) => {
                if e.contains("changed underfoot") {
                    self.count("puts by Go that failed and truncated");
                } else {
                    self.count("puts by Go that failed");
                }
            }
            Err(e) => self.fail(&request, e),
        }
    }

    /// What a writer of Go's does to an output when its disk is full. After it, the next ones write
    /// that output in place again.
    fn truncate(&mut self, action: usize) {
        let twins = self.world.bodies(action).iter().filter(|body| body.kind == Kind::Twin);
        for twin in twins {
            let path = self.dir.join(name_of(&twin.output, "d"));
            if File::options().write(true).open(path).and_then(|file| file.set_len(0)).is_ok() {
                count(&mut self.counts, "outputs truncated", 1);
            }
        }
    }

    fn read(&mut self, action: usize) {
        let op = *self.dice.pick(&["get", "get-bytes", "get-bytes", "get-file", "get-file"]);
        let request = json!({"op": op, "id": self.world.actions[action].to_string()});
        let generation = self.generation.now();
        // Why Go misses is for Go to say.
        let Ok(reply) = self.oracle.ask(&request) else { return self.count("misses of Go") };
        let entry = entry(&reply);
        let Some(body) = self.world.put(action, &entry) else {
            // Go does not read an entry again that it finds half rewritten. Its bytes are right
            // nevertheless: it goes by the checksum.
            let is_known = self.world.bodies(action).iter().any(|body| body.output == entry.output);
            if op == "get-bytes" && !is_known {
                self.fail(&request, format_args!("bytes that nobody put: {reply}"));
            }
            return self.count("entries that Go read mixed of two");
        };
        match op {
            "get-bytes" if reply["sum"].as_str() != Some(&*body.output.to_string()) => {
                self.fail(&request, format_args!("wrong bytes: {reply}"));
            }
            "get-file" => {
                let path = PathBuf::from(reply["file"].as_str().unwrap());
                let held = Held { path, body, generation };
                if is_quiet(generation) && self.is_there(&held) {
                    if self.held.len() == 100 {
                        self.held.swap_remove(0);
                    }
                    self.held.push(held);
                }
            }
            _ => {}
        }
        self.count("hits of Go");
    }

    fn look_at_a_held_path(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let held = self.held.swap_remove(self.dice.below(self.held.len()));
        if self.is_there(&held) {
            self.held.push(held);
        }
    }

    /// Whether a path that Go gave out is still there: as long as nobody has cleaned it is, and with
    /// the right bytes when no writer of Go's has failed on it.
    fn is_there(&mut self, held: &Held<'_>) -> bool {
        match fs::read(&held.path) {
            Ok(found) => {
                // After a clean, another may be writing it anew.
                if held.body.kind != Kind::Twin
                    && found != held.body.bytes
                    && self.generation.now() == held.generation
                {
                    self.fail(&json!({"path": held.path}), "wrong bytes at its path");
                }
                self.count("looks at a path held by Go");
                true
            }
            Err(e) if is_gone(&e) => {
                if self.generation.now() == held.generation {
                    self.fail(&json!({"path": held.path}), e);
                }
                false
            }
            Err(e) => self.fail(&json!({"path": held.path}), e),
        }
    }

    /// One that is due. Nothing is old enough for it to remove, but it goes through everything.
    fn trim(&mut self) {
        fs::remove_file(self.dir.join("trim.txt")).ok();
        let request = json!({"op": "trim"});
        if let Err(e) = self.oracle.ask(&request) {
            self.fail(&request, e);
        }
        self.count("trims by Go");
    }

    fn count(&mut self, what: &str) {
        count(&mut self.counts, what, 1);
    }

    fn fail(&self, request: &Value, problem: impl std::fmt::Display) -> ! {
        panic!("process {} of Go's, {request}: {problem}", self.number)
    }
}

fn entry(reply: &Value) -> Entry {
    let output: OutputId = reply["output"].as_str().unwrap().parse().unwrap();
    Entry { output, size: reply["size"].as_u64().unwrap(), time: SystemTime::UNIX_EPOCH }
}
