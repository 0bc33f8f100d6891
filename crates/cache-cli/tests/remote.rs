//! Several machines and one store: `larder serve`, `get`, `put` and `run` with a store behind the
//! directory.

#![cfg(unix)]

mod support;

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cache_core::{ActionId, Cache, CacheExt, OutputId};
use cache_prog_client::ProgCache;
use cache_prog_wire::{Request, RequestWriter};
use serde_json::json;
use support::store::Store;
use support::user::ACTION;
use support::{Larder, Ran, ended, files};

/// Turns a hang into a failure; nothing takes nearly as long.
const DEADLINE: Duration = Duration::from_secs(120);

fn action(number: u8) -> ActionId {
    ActionId::from_bytes([number; 32])
}

/// `larder serve` of a machine that uses this store, and its client. Its close waits until the
/// helper has exited.
fn served(machine: &Larder, store: &Store, flags: &str) -> ProgCache {
    let command = format!(
        "'{}' --dir '{}' serve --remote '{}' {flags}",
        env!("CARGO_BIN_EXE_larder"),
        machine.dir().display(),
        store.uri()
    );
    ProgCache::builder(command, machine.path("fuzz")).start().expect("larder serve starts")
}

/// `larder serve` with these requests, whole and at once.
fn serve(command: &mut Command, machine: &Larder, requests: &[u8]) -> Ran {
    let file = machine.file("requests", requests);
    command.arg("serve").stdin(fs::File::open(file).expect("the requests"));
    Ran::of(command)
}

fn put_text(id: i64, number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let size = i64::try_from(bytes.len()).expect("a size");
    let request = Request::put(id, &action(number), &OutputId::of(bytes), size);
    let mut writer = RequestWriter::new(&mut text);
    let mut body = writer.put(&request).expect("a request");
    body.write(bytes).expect("a body");
    body.finish().expect("a body");
    text
}

fn get_text(id: i64, number: u8) -> Vec<u8> {
    let mut text = Vec::new();
    let mut writer = RequestWriter::new(&mut text);
    writer.request(&Request::get(id, &action(number))).expect("a request");
    text
}

#[test]
fn what_one_machine_builds_the_other_gets() {
    let store = Store::new();
    let (one, other) = (Larder::new(), Larder::new());
    let results = [b"small".to_vec(), vec![], (0..2_000_000_u32).map(|n| (n / 7) as u8).collect()];
    let first = served(&one, &store, "");
    for (number, bytes) in (1..).zip(&results) {
        first.put_bytes(&action(number), bytes).expect("a put");
    }
    first.close().expect("a close");
    let second = served(&other, &store, "");
    for (number, bytes) in (1..).zip(&results) {
        let hit = second.get_bytes(&action(number), 4 << 20).expect("an answer").hit();
        assert_eq!(&hit.expect("a hit").1, bytes);
        let entry = |larder: &Larder| fs::read(larder.entry_file(&action(number).to_string()));
        assert_eq!(
            entry(&one).expect("an entry"),
            entry(&other).expect("an entry"),
            "its time too"
        );
    }
    assert!(!second.get(&action(9)).expect("an answer").is_hit());
    second.close().expect("a close");
    assert_eq!(other.run(["verify"]).code, Some(0));
}

#[test]
fn what_a_build_used_the_next_one_of_its_scope_fetches_in_bulk() {
    let store = Store::new();
    let (one, other) = (Larder::new(), Larder::new());
    let first = served(&one, &store, "--scope project/{os}");
    for number in 0..60 {
        first.put_bytes(&action(number), &[number; 100]).expect("a put");
    }
    first.close().expect("a close");
    assert_eq!((store.objects("l").len(), store.objects("p").len()), (1, 1));
    // Only what is in the pack is there any more.
    fs::remove_dir_all(store.path().join("larder-v1/a")).expect("the objects");
    let second = served(&other, &store, "--scope project/{os}");
    let begun = Instant::now();
    for number in 0..60 {
        // A lookup does not wait for ever, so on a busy machine the pack may come after it.
        let bytes = loop {
            match second.get_bytes(&action(number), 1 << 20).expect("an answer").hit() {
                Some((_, bytes)) => break bytes,
                None => assert!(begun.elapsed() < DEADLINE, "{number} does not come"),
            }
            thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(bytes, [number; 100]);
    }
    second.close().expect("a close");
}

#[test]
fn the_closing_line_tells_what_came_from_the_store_and_went_there() {
    let store = Store::new();
    let (one, other) = (Larder::new(), Larder::new());
    let mut command = store.command(&one);
    command.arg("-v").env("LARDER_UPLOAD_WAIT", "60s");
    let ran =
        serve(&mut command, &one, &[put_text(1, 1, b"result"), put_text(2, 2, b"other")].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.starts_with("larder: 0 gets, 0 hits, 0 misses, 2 puts, 11 B in"));
    assert!(ran.stderr.contains(" s; store: 0 fetched, 0 B, 2 uploaded, "), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    // Only lookups, in a machine that has nothing.
    let mut command = store.command(&other);
    command.arg("-v").env("LARDER_SCOPE", "off");
    let ran = serve(&mut command, &other, &get_text(1, 1));
    assert!(ran.stderr.starts_with("larder: 1 get, 1 hit, "), "{}", ran.stderr);
    assert!(ran.stderr.ends_with(" s; store: 1 fetched, 6 B, 0 uploaded, 0 B\n"), "{}", ran.stderr);
}

#[test]
fn a_store_is_read_and_written_as_far_as_is_allowed() {
    let store = Store::new();
    let larder = Larder::new();
    let reads = served(&larder, &store, "--remote-access read-only");
    reads.put_bytes(&action(1), b"result").expect("a put");
    reads.close().expect("a close");
    assert!(store.objects("a").is_empty());
    let writes = served(&larder, &store, "--remote-access write-only");
    writes.put_bytes(&action(1), b"result").expect("a put");
    writes.close().expect("a close");
    assert_eq!(store.objects("a").len(), 1);
    let empty = Larder::new();
    let writes = served(&empty, &store, "--remote-access write-only");
    assert!(!writes.get(&action(1)).expect("an answer").is_hit());
    writes.close().expect("a close");
}

/// The go command waits for the end of these streams, and a pipeline does.
#[test]
fn stdout_and_stderr_end_before_the_uploads_do_and_what_is_left_is_noted() {
    // A store that takes connections, and no more.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let uri = format!("webdav+http://{}/cache", listener.local_addr().expect("its address"));
    let silent = thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    // Uploads go on for five seconds when nothing gets through. That this process is held up for as
    // long may happen once.
    let was_alive = (0..3).any(|_| {
        let larder = Larder::new();
        let file = larder.file("requests", put_text(1, 1, b"result"));
        let mut command = larder.command();
        command.args(["serve", "--scope", "off", "--remote", &uri]);
        command.stdin(fs::File::open(file).expect("the requests"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let (mut stdout, mut stderr) = (String::new(), String::new());
        child.stdout.take().expect("a pipe").read_to_string(&mut stdout).expect("answers");
        child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("nothing");
        assert_eq!((stdout.lines().count(), stderr.as_str()), (2, ""), "{stdout}");
        let is_alive = child.try_wait().expect("a child").is_none();
        // It can be ended, and nothing is lost.
        let id = child.id().to_string();
        Command::new("kill").args(["-s", "TERM", &id]).status().expect("kill");
        let status = ended(&mut child, DEADLINE);
        let ended_by = status.signal();
        assert!(ended_by == Some(15) || !is_alive || status.success(), "{status}");
        let noted = files(&larder.dir().join("larder/uploads"));
        assert_eq!(noted.len(), 1, "{noted:?}");
        assert!(noted[0].1 > 0, "{noted:?}");
        is_alive
    });
    assert!(was_alive, "the streams ended with the process");
    drop(silent);
}

#[test]
fn what_could_not_be_uploaded_the_next_process_uploads() {
    let store = Store::new();
    let larder = Larder::new();
    let file = larder.file("file", "bytes");
    let file = file.to_str().expect("UTF-8");
    store.block();
    let put = store.run(&larder, ["put", ACTION, file]);
    assert_eq!(put.code, Some(0), "{}", put.stderr);
    assert_eq!(put.text().split(' ').nth(1), Some("5\n"));
    let says = "larder: 1 result is not in the store yet; the next command that writes to it goes \
                on with that\n";
    assert_eq!(put.stderr, says);
    store.unblock();
    store.run(&larder, ["put", &larder.key("other"), file]).ok();
    assert!(store.object(ACTION).exists());
    assert_eq!(files(&larder.dir().join("larder/uploads")), []);
    // What only looks takes nothing over.
    let reader = Larder::new();
    assert_eq!(store.run(&reader, ["get", ACTION]).ok(), "bytes");
    assert!(!reader.dir().join("larder/uploads").exists());
}

#[test]
fn get_asks_the_store_for_what_is_not_here() {
    let store = Store::new();
    let (one, other) = (Larder::new(), Larder::new());
    let action = one.put("a", "bytes");
    store.run(&one, ["push"]).ok();
    let target = other.path("target");
    store.run(&other, ["get", &action, "-o", target.to_str().expect("UTF-8")]).ok();
    assert_eq!(fs::read(target).expect("a file"), b"bytes");
    // From here on it is in the directory.
    assert_eq!(other.run(["get", &action]).ok(), "bytes");
    store.run(&other, ["get", ACTION]).says(1, ["miss", "no entry"]);
    let empty = Larder::new();
    let mut writes = store.command(&empty);
    let writes = Ran::of(writes.args(["get", &action]).env("LARDER_REMOTE_ACCESS", "write-only"));
    writes.says(3, ["there is no cache yet"]);
}

#[test]
fn a_command_that_ran_here_is_replayed_there() {
    let store = Store::new();
    for (machine, says) in [(Larder::new(), "and stored"), (Larder::new(), "replayed")] {
        machine.file("input", "bytes\n");
        let args =
            ["run", "--root", ".", "--input", "input", "--output", "copy", "--", "cp", "input"];
        let ran = store.run(&machine, args.into_iter().chain(["copy"]));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
        assert_eq!(fs::read(machine.path("copy")).expect("an output"), b"bytes\n");
    }
    // A list of two results would be none to fetch in bulk.
    assert!(store.objects("l").is_empty());
}

#[test]
fn a_store_that_cannot_be_used_fails_nothing() {
    let larder = Larder::new();
    let uri = "webdav+http://user:hidden@127.0.0.1:1/cache";
    let mut command = larder.command();
    command.args(["-vvv"]).env("LARDER_REMOTE", uri);
    let requests = [get_text(1, 1), put_text(2, 1, b"result"), get_text(3, 1)].concat();
    let ran = serve(&mut command, &larder, &requests);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.text().contains("DiskPath"), "{}", ran.text());
    assert!(!ran.stderr.contains("hidden") && ran.stderr.contains("***@127.0.0.1"));
    assert!(larder.entry_file(&action(1).to_string()).exists());
    let mut get = larder.command();
    let ran = Ran::of(get.args(["get", ACTION]).env("LARDER_REMOTE", uri));
    ran.says(1, ["miss", "no entry; the store"]);
    assert!(!ran.stderr.contains("hidden"), "{}", ran.stderr);
}

#[test]
fn no_answer_and_no_error_shows_a_secret() {
    let larder = Larder::new();
    let with = |uri: &str, args: &[&str]| {
        let mut command = larder.command();
        Ran::of(command.args(args).env("LARDER_REMOTE", uri))
    };
    let uri = "redis://user:hidden@host:6379/0/prefix";
    let text = with(uri, &["env"]).ok();
    let line = "remote                redis://***@host:6379/0/prefix  (LARDER_REMOTE)\n";
    assert!(text.contains(line), "{text}");
    let json = with(uri, &["env", "--json"]).json();
    assert_eq!(json["remote"]["value"], json!("redis://***@host:6379/0/prefix"));
    let uri = "s3://bucket/prefix?region=eu&secret_access_key=hidden";
    let json = with(uri, &["env", "--json"]).json();
    let masked = "s3://bucket/prefix?region=eu&secret_access_key=***";
    assert_eq!(json["remote"]["value"], json!(masked));

    for (uri, says) in [
        ("user:hidden@host", "LARDER_REMOTE is \"***\"; it must be the address of a store"),
        ("ftp://user:hidden@host", "no store has this scheme"),
        ("s3://bucket?region=eu&nonsense=hidden", "has no option \"nonsense\""),
        ("redis://:hid#den@host", "in a password, write # as %23"),
    ] {
        let ran = with(uri, &["serve"]);
        ran.says(2, [says, "LARDER_REMOTE"]);
        assert!(!ran.stderr.contains("hid"), "{}", ran.stderr);
    }
    for args in
        [&["serve", "--remote", "user:hidden@host"][..], &["serve", "s3://user:hidden@host"]]
    {
        let ran = larder.run(args);
        ran.says(2, ["***"]);
        assert!(!ran.stderr.contains("hidden"), "{}", ran.stderr);
    }
}

#[test]
fn mistakes_about_a_store_are_told_with_what_to_do() {
    let store = Store::new();
    let larder = Larder::new();
    let with = |variable: &str, value: &str, args: &[&str]| {
        let mut command = store.command(&larder);
        Ran::of(command.args(args).env(variable, value))
    };
    let both = with("LARDER_PROG", "helper", &["run", "--", "true"]);
    both.says(
        125,
        ["a cache helper (LARDER_PROG) and a store (LARDER_REMOTE)", "set the other to off"],
    );
    with("LARDER_REMOTE_ACCESS", "write", &["serve"])
        .says(2, ["LARDER_REMOTE_ACCESS", "write-only"]);
    with("LARDER_UPLOAD_WAIT", "10", &["serve"]).says(2, ["LARDER_UPLOAD_WAIT", "10s"]);
    with("LARDER_SCOPE", "{user}", &["serve"]).says(2, ["LARDER_SCOPE", "{repository}"]);
    for (flag, value, says) in [
        ("--remote-access", "write", "write-only"),
        ("--upload-wait", "10", "10s"),
        ("--scope", "{user}", "{repository}"),
        ("--remote", "bucket", "s3://bucket"),
    ] {
        store.run(&larder, ["serve", flag, value]).says(2, [flag, says]);
    }
    assert!(!larder.dir().exists());
    // What looks after the directory asks no store, and goes on working without one.
    larder.put("a", "bytes");
    for command in ["ls", "stats", "verify", "trim", "clean"] {
        with("LARDER_REMOTE", "ftp://nonsense", &[command]).ok();
    }
}
