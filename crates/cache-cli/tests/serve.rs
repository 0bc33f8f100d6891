//! `larder serve` as a process: its directory, its end, its memory.

#![cfg(unix)]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use cache_core::{ActionId, OutputId};
use cache_prog_wire::{Request, RequestWriter, Response, ResponseReader};
#[cfg(target_os = "linux")]
use support::peak_memory;
use support::{Larder, Ran, bare, ended, files, unused_for_days};

/// Turns a hang into a failure; nothing takes nearly as long.
const DEADLINE: Duration = Duration::from_secs(120);

/// A helper that runs.
struct Helper {
    child: Child,
    requests: ChildStdin,
    replies: Receiver<Response>,
}

impl Helper {
    /// Starts a helper and takes its first message.
    fn start(command: &mut Command) -> Self {
        let mut child = spawn(command);
        let requests = child.stdin.take().expect("a pipe");
        let replies = replies(child.stdout.take().expect("a pipe"));
        let helper = Self { child, requests, replies };
        assert_eq!(helper.reply().known_commands.len(), 3);
        helper
    }

    fn reply(&self) -> Response {
        self.replies.recv_timeout(DEADLINE).expect("a reply in time")
    }

    fn ask(&mut self, request: &Request) -> Response {
        RequestWriter::new(&mut self.requests).request(request).expect("a request sent");
        self.reply()
    }

    /// Puts bytes under an action and returns the path of their file.
    fn put(&mut self, action: &ActionId, bytes: &[u8]) -> PathBuf {
        self.requests.write_all(&put_text(action, bytes)).expect("a put sent");
        let reply = self.reply();
        assert_eq!(reply.error, "");
        reply.disk_path.expect("a path")
    }

    fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Ends the input and waits.
    fn finish(self) -> Ran {
        drop(self.requests);
        wait(self.child)
    }
}

fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("a process")
}

/// Reads the replies beside the test, so that each can be waited for with a deadline.
fn replies(stdout: ChildStdout) -> Receiver<Response> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut replies = ResponseReader::new(stdout);
        while let Some(response) = replies.next().expect("nothing but responses on stdout") {
            if sender.send(response).is_err() {
                break;
            }
        }
    });
    receiver
}

fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
}

/// Waits for the end; what it wrote to stdout was read already.
fn wait(mut child: Child) -> Ran {
    ended(&mut child, DEADLINE);
    child.wait_with_output().expect("an end").into()
}

/// A put on the wire.
fn put_text(action: &ActionId, bytes: &[u8]) -> Vec<u8> {
    let size = i64::try_from(bytes.len()).expect("a size");
    let mut text = Vec::new();
    let mut writer = RequestWriter::new(&mut text);
    let mut body =
        writer.put(&Request::put(1, action, &OutputId::of(bytes), size)).expect("a request");
    body.write(bytes).expect("a body");
    body.finish().expect("a body");
    text
}

fn action(number: u8) -> ActionId {
    ActionId::from_bytes([number; 32])
}

/// `larder serve` as the go command starts it.
fn by_go(gocache: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = bare(env!("CARGO_BIN_EXE_larder"));
    command.arg("serve").env("GOCACHE", gocache).env("GOCACHEPROG", "larder serve");
    command
}

#[test]
fn it_serves_a_directory_and_makes_it_when_it_is_not_there() {
    let larder = Larder::new();
    let mut helper = Helper::start(larder.command().arg("serve"));
    assert!(helper.ask(&Request::get(1, &action(1))).miss);
    let path = helper.put(&action(1), b"output");
    assert_eq!(path, larder.output_file("output"));
    assert_eq!(helper.ask(&Request::get(2, &action(1))).disk_path, Some(path));
    assert_eq!(helper.ask(&Request::close(3)).error, "");
    // Before its input ends.
    wait(helper.child).ok();
    let readme = fs::read_to_string(larder.dir().join("README")).expect("a README");
    assert!(readme.contains("Larder"), "{readme}");
    assert_eq!(larder.run(["get", &action(1).to_string()]).ok(), "output");
}

#[test]
fn with_v_one_line_says_what_was_done() {
    let larder = Larder::new();
    let mut helper = Helper::start(larder.command().args(["serve", "-v"]));
    helper.put(&action(1), &[1; 2048]);
    for id in 1..=3 {
        assert!(!helper.ask(&Request::get(id, &action(1))).miss);
    }
    assert!(helper.ask(&Request::get(4, &action(2))).miss);
    let ran = helper.finish();
    assert_eq!(ran.code, Some(0));
    let says = "larder: 4 gets, 3 hits, 1 miss, 1 put, 2.0 KiB in, 6.0 KiB out, 0 errors, ";
    assert!(ran.stderr.starts_with(says), "{}", ran.stderr);
    assert!(ran.stderr.ends_with(" s\n"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn the_log_is_there_for_two_vs() {
    let larder = Larder::new();
    let mut helper = Helper::start(larder.command().args(["serve", "-vvv"]));
    assert!(helper.ask(&Request::get(1, &action(1))).miss);
    let ran = helper.finish();
    assert!(ran.stderr.contains("miss: no entry"), "{}", ran.stderr);
}

#[test]
fn started_by_go_it_serves_gocache_whatever_else_is_set() {
    let larder = Larder::new();
    let gocache = larder.path("go");
    let mut command = by_go(&gocache);
    command.env("LARDER_DIR", larder.dir()).env("LARDER_PROG", "/no/such/helper");
    let mut helper = Helper::start(&mut command);
    assert!(helper.put(&action(1), b"output").starts_with(&gocache));
    helper.finish().ok();
    let readme = fs::read_to_string(gocache.join("README")).expect("a README");
    assert!(readme.contains("go command"), "{readme}");
    assert!(!larder.dir().exists());
    // A GOCACHE alone is everybody's, and says nothing about who started it.
    let mut helper = Helper::start(larder.command().arg("serve").env("GOCACHE", &gocache));
    assert!(helper.put(&action(1), b"output").starts_with(larder.dir()));
    helper.finish().ok();
    let mut command = larder.command();
    command.arg("serve").env("GOCACHE", "").env("GOCACHEPROG", "larder serve");
    Helper::start(&mut command).finish().ok();
}

/// The go command compares the beginnings of texts, and moves what does not begin with `GOCACHE`.
#[test]
fn no_answered_path_begins_otherwise_than_gocache_is_spelled() {
    let larder = Larder::new();
    fs::create_dir_all(larder.path("there/real")).expect("a folder");
    symlink(larder.path("there"), larder.path("link")).expect("a link");
    let base = larder.path("");
    let base = base.to_str().expect("UTF-8").trim_end_matches('/');
    for spelled in [
        format!("{base}/there/real"),
        format!("{base}/there/real/"),
        format!("{base}/link/real"),
        format!("{base}/there/../there/real"),
        format!("{base}/there//real"),
        format!("{base}/there/./real"),
        format!("{base}/there/real/."),
        format!("{base}/there/real//"),
    ] {
        let mut child = spawn(&mut by_go(&spelled));
        let mut requests = child.stdin.take().expect("a pipe");
        requests.write_all(&put_text(&action(1), b"output")).ok();
        drop(requests);
        let replies: Vec<_> = replies(child.stdout.take().expect("a pipe")).into_iter().collect();
        let ran = wait(child);
        ran.ok();
        let path = replies[1].disk_path.as_ref().expect("a path").to_str().expect("UTF-8");
        assert!(path.starts_with(&spelled), "{spelled}: {path}");
        assert_eq!(fs::read(path).expect("the output"), b"output");
    }
}

#[test]
fn started_by_go_another_directory_is_refused() {
    let larder = Larder::new();
    let gocache = larder.path("go");
    let spelled = gocache.to_str().expect("UTF-8").to_owned();
    for dir in [larder.dir(), format!("{spelled}/").into(), "go".into()] {
        let ran = Ran::of(by_go(&gocache).arg("--dir").arg(&dir).current_dir(larder.path("")));
        ran.says(2, ["--dir is", dir.to_str().expect("UTF-8"), &spelled, "moves files"]);
    }
    assert!(!gocache.exists());
    Helper::start(by_go(&gocache).arg("--dir").arg(&gocache)).finish().ok();
}

#[test]
fn a_gocache_that_go_would_not_take_either_is_refused() {
    for (gocache, why) in [("off", "GOCACHE=off"), ("relative", "not an absolute path")] {
        Ran::of(&mut by_go(gocache)).says(2, [why]);
    }
}

#[test]
fn a_directory_whose_name_is_not_utf_8_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let larder = Larder::new();
    let mut name = larder.path("").into_os_string().into_vec();
    name.extend(b"\xff");
    let dir = PathBuf::from(std::ffi::OsString::from_vec(name));
    Ran::of(&mut by_go(&dir)).says(2, ["not UTF-8"]);
    let mut command = bare(env!("CARGO_BIN_EXE_larder"));
    Ran::of(command.arg("--dir").arg(&dir).arg("serve")).says(2, ["not UTF-8"]);
    assert!(!dir.exists());
}

#[test]
fn the_limits_are_kept_at_the_end() {
    for (flag, limit) in [("--max-age", "1d"), ("--max-size", "1B")] {
        let larder = Larder::new();
        let action = larder.put("a", "bytes");
        // `put` has trimmed, and stamped that.
        for stamp in ["trim.txt", "larder/size-limit"] {
            fs::remove_file(larder.dir().join(stamp)).ok();
        }
        for file in [larder.entry_file(&action), larder.output_file("bytes")] {
            unused_for_days(&file, 3);
        }
        Helper::start(larder.command().args(["serve", flag, limit])).finish().ok();
        assert!(!larder.entry_file(&action).exists(), "{flag}");
        assert!(!larder.output_file("bytes").exists(), "{flag}");
    }
}

#[test]
fn garbage_ends_it_with_one_line_that_names_the_place() {
    let larder = Larder::new();
    let mut helper = Helper::start(larder.command().arg("serve"));
    helper.requests.write_all(br#"{"ID":1,"Command":"close"#).expect("a part of a request");
    let ran = helper.finish();
    assert_eq!(ran.code, Some(3));
    let says = "larder: cannot read the requests: message 1, byte 24: ";
    assert!(ran.stderr.starts_with(says), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn a_client_that_takes_no_answers_any_more_ends_it_without_a_word() {
    let larder = Larder::new();
    let mut child = spawn(larder.command().arg("serve"));
    drop(child.stdout.take());
    let mut requests = child.stdin.take().expect("a pipe");
    // It may be gone already: its first message found nobody.
    RequestWriter::new(&mut requests).request(&Request::get(1, &action(1))).ok();
    // Its input is still open.
    wait(child).ok();
}

#[test]
fn what_is_not_the_protocol_is_told_with_what_this_command_is_for() {
    let larder = Larder::new();
    let garbage = |command: &mut Command| {
        let mut child = spawn(command);
        child.stdin.take().expect("a pipe").write_all(b"hello\n").expect("garbage sent");
        let _stdout = child.stdout.take();
        wait(child)
    };
    let by_hand = garbage(larder.command().arg("serve"));
    by_hand.says(
        3,
        ["message 1, byte 0", "for the go command: GOCACHEPROG=\"larder serve\" go build"],
    );
    let ran = garbage(&mut by_go(larder.dir()));
    assert!(!ran.stderr.contains("for the go command"), "{}", ran.stderr);
}

#[test]
fn sigterm_ends_it_while_nothing_comes() {
    let larder = Larder::new();
    let mut helper = Helper::start(larder.command().args(["serve", "-v"]));
    helper.put(&action(1), b"output");
    helper.signal("TERM");
    // Its input is still open.
    let ran = wait(helper.child);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.starts_with("larder: 0 gets, 0 hits, 0 misses, 1 put,"), "{}", ran.stderr);
    assert!(larder.dir().join("trim.txt").exists(), "the cache was not closed");
}

#[test]
fn sigterm_finishes_the_put_in_hand() {
    let larder = Larder::new();
    let mut helper = Helper::start(larder.command().arg("serve"));
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n / 7) as u8).collect();
    let text = put_text(&action(1), &bytes);
    // More than a pipe and the reader's buffer hold, so that the request was read.
    let (first, second) = text.split_at(text.len() / 2);
    helper.requests.write_all(first).expect("half of a put");
    helper.signal("TERM");
    helper.requests.write_all(second).expect("the rest of it");
    assert_eq!(helper.reply().error, "");
    wait(helper.child).ok();
    assert_eq!(fs::read(larder.output_file(&bytes)).expect("the output"), bytes);
}

#[test]
fn sigint_is_ignored() {
    let larder = Larder::new();
    let mut helper = Helper::start(larder.command().arg("serve"));
    for id in 1..=3 {
        helper.signal("INT");
        assert!(helper.ask(&Request::get(id, &action(1))).miss);
    }
    helper.finish().ok();
}

#[test]
fn a_helper_that_is_killed_leaves_nothing_that_counts() {
    let larder = Larder::new();
    let mut helper = Helper::start(larder.command().arg("serve"));
    let text = put_text(&action(1), &vec![7; 3_000_000]);
    helper.requests.write_all(&text[..text.len() / 2]).expect("half of a put");
    helper.signal("KILL");
    wait(helper.child);
    let left = files(&larder.dir());
    let counts = |path: &Path| {
        let name = path.to_string_lossy();
        name.ends_with("-a") || name.ends_with("-d")
    };
    assert!(!left.iter().any(|(path, _)| counts(path)), "{left:?}");
    assert_eq!(larder.run(["verify"]).code, Some(0));
}

/// Memory does not grow with what is put: not with a body's size, not with the number of bodies.
#[cfg(target_os = "linux")]
#[test]
fn memory_stays_under_32_mib() {
    const PIECE: usize = 3 << 18;
    const PIECES: usize = 342;
    let larder = Larder::new();
    let mut helper = Helper::start(larder.command().arg("serve"));
    let piece: Vec<u8> = (0..PIECE).map(|n| (n * n / 251) as u8).collect();
    for number in 0..60 {
        helper.requests.write_all(&put_text(&action(number), &piece)).expect("a put sent");
    }
    for _ in 0..60 {
        assert_eq!(helper.reply().error, "");
    }
    // A body of 256 MiB: the same base64 over and over.
    let mut body = std::iter::repeat_n(piece.as_slice(), PIECES)
        .fold(Box::new(std::io::empty()) as Box<dyn Read>, |body, piece| {
            Box::new(body.chain(piece))
        });
    let (output, size) = OutputId::of_reader(&mut body).expect("a body");
    let request = Request::put(1, &action(200), &output, i64::try_from(size).expect("a size"));
    let mut text = Vec::new();
    let mut writer = RequestWriter::new(&mut text);
    let mut one = writer.put(&request).expect("a request");
    one.write(&piece).expect("a body");
    one.finish().expect("a body");
    // The request's line and a quote; then the piece; then a quote and a line break.
    let start = text.iter().position(|byte| *byte == b'\n').expect("a line") + 2;
    let end = text.len() - 2;
    helper.requests.write_all(&text[..start]).expect("a request");
    for _ in 0..PIECES {
        helper.requests.write_all(&text[start..end]).expect("a part of a body");
    }
    helper.requests.write_all(&text[end..]).expect("the end of a body");
    let reply = helper.reply();
    assert_eq!(reply.error, "");
    assert_eq!(fs::metadata(reply.disk_path.expect("a path")).expect("a file").len(), size);
    let peak = peak_memory(&helper.child.id().to_string()) >> 10;
    assert!(peak < 32 << 10, "{peak} KiB");
    helper.finish().ok();
}
