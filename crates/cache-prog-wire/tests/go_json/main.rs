//! The wire and Go's `encoding/json`: each reads what the other wrote.

#[path = "../common/mod.rs"]
mod common;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use cache_prog_wire::{Request, Response, write_response};
use common::random::{request, response};
use common::{requests, responses, written};
use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// `main.go`, built, with a folder of its own.
struct Convert {
    folder: tempfile::TempDir,
}

/// What it read, described, and what it wrote.
struct Converted {
    described: String,
    stream: Vec<u8>,
}

impl Convert {
    fn build() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let Some(go) = std::env::var_os("GO") else {
            panic!("GO does not name a go binary: run `cargo xtask e2e`, which does");
        };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/go_json/main.go");
        let mut build = Command::new(go);
        build.args(["build", "-o"]).arg(Self::program(&folder)).arg(source);
        build.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-json"));
        build.env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GOPROXY", "off");
        build.env("GOENV", "off").env("GOWORK", "off").env_remove("GOCACHEPROG");
        assert!(build.status().expect("go").success(), "go build failed");
        Self { folder }
    }

    fn program(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join(format!("convert{}", std::env::consts::EXE_SUFFIX))
    }

    fn run(&self, what: &str, how: &str, stream: &[u8]) -> Converted {
        // Files, for a pipe would have to be read while the other one is written.
        let file = self.folder.path().join("in");
        File::create(&file).and_then(|mut file| file.write_all(stream)).expect("a scratch file");
        let mut convert = Command::new(Self::program(&self.folder));
        convert.args([what, how]).stdin(File::open(&file).expect("the scratch file"));
        let output = convert.stderr(Stdio::piped()).output().expect("the program");
        let described = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(output.status.success(), "{:.2000}", described);
        Converted { described, stream: output.stdout }
    }
}

/// The same random messages in every run.
fn random<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    vec(strategy, count).new_tree(&mut runner).expect("random values").current()
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As `main.go` describes a request.
fn describe_request((request, body): &(Request, Vec<u8>)) -> String {
    let Request { id, command, action, output, body_size } = request;
    let (action, output) = (action.as_deref(), output.as_deref());
    let output = hex(output.unwrap_or_default());
    format!(
        "{id} {} {} {output} {output} {body_size} {}\n",
        hex(command.as_str()),
        hex(action.unwrap_or_default()),
        hex(body)
    )
}

/// As `main.go` describes a response.
fn describe_response(response: &Response) -> String {
    let commands: Vec<String> =
        response.known_commands.iter().map(|command| hex(command.as_str())).collect();
    let path = response.disk_path.as_deref().and_then(Path::to_str).unwrap_or_default();
    format!(
        "{} {} [{}] {} {} {} {} {}\n",
        response.id,
        hex(&response.error),
        commands.join(" "),
        response.miss,
        hex(response.output.as_deref().unwrap_or_default()),
        response.size,
        response.time.map_or_else(|| "none".into(), unix),
        hex(path)
    )
}

/// Unix seconds, rounded down, and the nanoseconds after them.
fn unix(time: SystemTime) -> String {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => format!("{}.{:09}", after.as_secs(), after.subsec_nanos()),
        Err(error) => {
            let before = error.duration();
            let part = (1_000_000_000 - before.subsec_nanos()) % 1_000_000_000;
            let whole = before.as_secs() + u64::from(part > 0);
            format!("-{whole}.{part:09}")
        }
    }
}

/// Go leaves out an ID without bytes.
fn as_go_sends(id: Option<Vec<u8>>) -> Option<Vec<u8>> {
    id.filter(|id| !id.is_empty())
}

#[test]
fn go_reads_the_requests_that_we_write_and_we_read_gos() {
    let convert = Convert::build();
    let mut all = random(request(), 300);
    let ours = written(&all, 1000);
    let described: String = all.iter().map(describe_request).collect();
    for (request, _) in &mut all {
        request.action = as_go_sends(request.action.take());
        request.output = as_go_sends(request.output.take());
    }
    for how in ["compact", "indent"] {
        let gos = convert.run("requests", how, &ours);
        assert!(gos.described == described, "Go read {:.1000}", gos.described);
        let read = requests(gos.stream.as_slice()).expect("what Go wrote");
        assert!(read == all, "{how}: {read:.1000?}");
    }
}

#[test]
fn go_reads_the_responses_that_we_write_and_we_read_gos() {
    let convert = Convert::build();
    let mut all = random(response(), 1000);
    let mut ours = Vec::new();
    for response in &all {
        write_response(&mut ours, response).expect("a response");
    }
    let described: String = all.iter().map(describe_response).collect();
    for response in &mut all {
        response.output = as_go_sends(response.output.take());
    }
    for how in ["compact", "indent"] {
        let gos = convert.run("responses", how, &ours);
        for (theirs, ours) in gos.described.lines().zip(described.lines()) {
            assert_eq!(theirs, ours);
        }
        assert_eq!(gos.described.lines().count(), all.len());
        let read = responses(gos.stream.as_slice()).expect("what Go wrote");
        for (read, written) in read.iter().zip(&all) {
            assert_eq!(read, written, "{how}");
        }
        assert_eq!(read.len(), all.len());
    }
}
