//! A program that is built: by a first machine without a store, and by others with one.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use test_stores::S3Server;

use crate::go::{By, Place, lives, wait_until};
use crate::support::{Ran, bare, ended};

/// How much longer than without a store a build may take. It only turns a hang into a failure.
const LATEST: Duration = Duration::from_secs(120);

/// The scope of all machines.
const SCOPE: &str = "hostile";

/// In the middle of a build from a store there are so many results.
const SOME: usize = 10;

/// Where the objects are in a bucket.
pub const PREFIX: &str = "cache";

const PROGRAM: &str = r#"package main

import (
	"encoding/json"
	"fmt"
)

func main() {
	answer, err := json.Marshal(map[string]int{"answer": 42})
	fmt.Println(string(answer), err)
}
"#;

/// What a machine without a store has built.
pub struct First {
    /// Its cache directory. It stays until the next run of these tests.
    pub cache: PathBuf,
    program: Vec<u8>,
    took: Duration,
}

impl First {
    /// The one that all tests share.
    pub fn machine() -> &'static Self {
        static FIRST: OnceLock<First> = OnceLock::new();
        FIRST.get_or_init(|| {
            let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-store");
            fs::remove_dir_all(&cache).ok();
            fs::create_dir_all(&cache).expect("a cache directory");
            let machine = Machine(Place::empty().spelled(&cache));
            let building = machine.begin("");
            let (ran, took) = building.end(LATEST);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
            let program = machine.program();
            First { cache, program, took }
        })
    }

    /// Puts all that it has into a store, with a list and packs.
    pub fn push(&self, server: &S3Server, set: impl FnOnce(&mut Command)) {
        let mut push = self.larder();
        push.args(["push", "--json", "--scope", SCOPE, "--remote", &server.uri(PREFIX)]);
        set(&mut push);
        let answer = Ran::of(&mut push).json();
        assert_eq!(answer["failed"], 0, "{answer}");
        for prefix in ["a", "l", "o", "p"] {
            let keys = server.liar().keys(&format!("{PREFIX}/larder-v1/{prefix}/"));
            assert!(!keys.is_empty(), "no objects in {prefix}");
        }
    }

    fn larder(&self) -> Command {
        let mut larder = bare(env!("CARGO_BIN_EXE_larder"));
        larder.arg("--dir").arg(&self.cache).current_dir(&self.cache);
        larder
    }
}

/// A store that has all that the first machine built.
pub fn filled() -> S3Server {
    let server = S3Server::start();
    First::machine().push(&server, |_| {});
    server.forget_requests();
    server
}

/// A machine with an empty cache directory.
pub struct Machine(Place);

impl Machine {
    pub fn new() -> Self {
        Self(Place::empty())
    }

    /// Builds the program with this store, and asserts that all is well.
    pub fn builds(&self, what: &str, uri: &str) -> Built {
        self.builds_while(what, uri, &[], || {})
    }

    /// Waits until it has some results.
    pub fn wait_for_some(&self) {
        wait_until("something comes", || self.0.outputs().len() >= SOME);
    }

    /// [`builds`](Self::builds) with these settings, while something happens to the store.
    pub fn builds_while(
        &self,
        what: &str,
        uri: &str,
        settings: &[(&str, &str)],
        happens: impl FnOnce(),
    ) -> Built {
        // One after another, so that the times can be compared.
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let first = First::machine();
        let mut building = self.begin_with(&format!("--scope {SCOPE} --remote '{uri}'"), settings);
        happens();
        assert!(building.go.try_wait().expect("a child").is_none(), "{what}: it came too late");
        let (ran, took) = building.end(first.took + LATEST);
        self.end_the_helper();
        drop(turn);
        assert_eq!(ran.code, Some(0), "{what}: {}", ran.stderr);
        let built = Built::of(ran);
        eprintln!(
            "{what}: {:.1} s, and {:.1} s without a store; {}",
            took.as_secs_f64(),
            first.took.as_secs_f64(),
            built.of_the_store.join(", ")
        );
        assert!(self.program() == first.program, "{what}: it is another program");
        self.0.is_sound();
        built
    }

    fn begin(&self, flags: &str) -> Building {
        self.begin_with(flags, &[])
    }

    fn begin_with(&self, flags: &str, settings: &[(&str, &str)]) -> Building {
        self.0.file("main.go", PROGRAM);
        // The shell leaves its number, and becomes the helper.
        let script = format!(
            "#!/bin/sh\necho $$ > '{}'\nexec '{}' serve -v \"$@\"\n",
            self.number().display(),
            env!("CARGO_BIN_EXE_larder")
        );
        let helper = self.0.path("helper");
        fs::write(&helper, script).expect("a script");
        let mut go = self.0.go(By::Go);
        go.args(["build", "-trimpath", "-o", "../program", "."]);
        // A script that was just written cannot always be run, and the shell can always read it.
        go.env("GOCACHEPROG", format!("sh '{}' {flags}", helper.display()));
        go.envs(settings.iter().copied());
        Building::begin(go)
    }

    fn number(&self) -> PathBuf {
        self.0.path("number")
    }

    /// It may go on with its uploads, and can be ended all the same.
    fn end_the_helper(&self) {
        let number = fs::read_to_string(self.number()).expect("the helper's number");
        let number: u32 = number.trim().parse().expect("a number");
        wait_until("the helper ends", || {
            // It may be gone.
            let mut kill = Command::new("sh");
            kill.args(["-c", &format!("kill -s TERM {number}")]).stderr(Stdio::null());
            kill.status().expect("sh");
            !lives(number)
        });
    }

    /// The program's bytes, once it has said the right thing.
    fn program(&self) -> Vec<u8> {
        let path = self.0.path("program");
        let ran = Ran::of(&mut bare(&path)).ok();
        assert_eq!(ran, "{\"answer\":42} <nil>\n");
        fs::read(path).expect("the program")
    }

    /// What `larder pull` answers of all that the store has. Nothing wrong is in the directory then.
    pub fn pulls(&self, uri: &str, settings: &[(&str, &str)]) -> Value {
        let mut pull = bare(env!("CARGO_BIN_EXE_larder"));
        pull.arg("--dir").arg(self.0.cache()).args(["pull", "--json", "--remote", uri]);
        pull.current_dir(self.0.path("")).envs(settings.iter().copied());
        let ran = Ran::of(&mut pull);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let answer: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
        assert_eq!(answer["failed"], 0, "{answer}: {}", ran.stderr);
        self.0.is_sound();
        answer
    }
}

/// A `go build` that runs.
struct Building {
    go: Child,
    begun: Instant,
}

impl Building {
    fn begin(mut go: Command) -> Self {
        let go = go.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("go build");
        Self { go, begun: Instant::now() }
    }

    /// What it told, and how long it took.
    fn end(mut self, limit: Duration) -> (Ran, Duration) {
        let mut pipe = self.go.stderr.take().expect("a pipe");
        let reading = thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).expect("what go says");
            text
        });
        let status = ended(&mut self.go, limit);
        let took = self.begun.elapsed();
        let stderr = reading.join().expect("what go says");
        (Ran { code: status.code(), stdout: Vec::new(), stderr }, took)
    }
}

/// What a build told that succeeded: nothing but the notice that the store is left alone, where it
/// is, and the closing line that was asked for.
pub struct Built {
    pub notice: Option<String>,
    of_the_store: Vec<String>,
}

impl Built {
    fn of(ran: Ran) -> Self {
        let mut lines: Vec<&str> = ran.stderr.lines().collect();
        let closing = lines.pop().unwrap_or_default();
        let Some((of_the_build, of_the_store)) = closing.split_once(" s; store: ") else {
            panic!("no closing line: {}", ran.stderr);
        };
        assert!(of_the_build.contains(", 0 errors, "), "{}", ran.stderr);
        let of_the_store = of_the_store.split(", ").map(str::to_owned).collect();
        let notice = lines.pop().map(str::to_owned);
        let says_so = |line: &String| line.starts_with("larder: the build goes on without s3://");
        assert!(lines.is_empty() && notice.iter().all(says_so), "{}", ran.stderr);
        Self { notice, of_the_store }
    }

    /// How many results were `fetched`, `refused` and so on.
    pub fn number(&self, what: &str) -> u64 {
        let told = |part: &String| part.strip_suffix(what)?.trim_end().parse().ok();
        self.of_the_store.iter().find_map(told).unwrap_or_default()
    }
}
