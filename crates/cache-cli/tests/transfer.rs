//! `larder push` and `larder pull`: a whole cache to a store, and back.

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::store::Store;
use support::{Larder, names};

/// A machine with that many small results and two large ones, and their actions.
fn machine(small: u8) -> (Larder, Vec<String>) {
    let larder = Larder::new();
    let mut actions: Vec<String> =
        (0..small).map(|n| larder.put(&n.to_string(), [n; 100])).collect();
    for n in [200, 201] {
        // Equal results, which share an output object.
        actions.push(larder.put(&n.to_string(), vec![7; 1 << 20]));
    }
    (larder, actions)
}

#[track_caller]
fn has(answer: &Value, numbers: Value) {
    for (name, number) in numbers.as_object().expect("an object") {
        assert_eq!(&answer[name], number, "{name} in {answer}");
    }
}

#[test]
fn a_cache_goes_to_the_store_and_comes_back() {
    let store = Store::new();
    let (one, actions) = machine(30);
    let pushed = store.run(&one, ["push"]).ok();
    assert!(pushed.starts_with("pushed 32 entries, "), "{pushed}");
    assert!(pushed.ends_with(&format!(", to {}; 0 were there\n", store.uri())), "{pushed}");
    assert_eq!((store.objects("a").len(), store.objects("o").len()), (32, 1));

    let other = Larder::new();
    let pulled = store.run(&other, ["pull"]).ok();
    let says = format!("pulled 32 entries, 2.0 MiB, from {}; 0 were here\n", store.uri());
    assert_eq!(pulled, says);
    for action in &actions {
        let entry = |larder: &Larder| fs::read(larder.entry_file(action)).expect("an entry");
        assert_eq!(entry(&one), entry(&other), "with its time");
    }
    assert_eq!(other.run(["verify"]).ok(), one.run(["verify"]).ok());
    assert!(other.dir().join("trim.txt").exists(), "it was not closed");
}

#[test]
fn what_is_there_is_not_copied_again() {
    let store = Store::new();
    let (one, actions) = machine(30);
    has(&store.run(&one, ["push", "--json"]).json(), json!({ "copied": 32, "there": 0 }));
    has(
        &store.run(&one, ["push", "--json"]).json(),
        json!({ "copied": 0, "there": 32, "bytes": 0 }),
    );
    // As if it had been cut short.
    for action in &actions[10..15] {
        fs::remove_file(store.object(action)).expect("an object");
    }
    has(&store.run(&one, ["push", "--json"]).json(), json!({ "copied": 5, "there": 27 }));

    let other = Larder::new();
    has(&store.run(&other, ["pull", "--json"]).json(), json!({ "copied": 32, "there": 0 }));
    has(
        &store.run(&other, ["pull", "--json"]).json(),
        json!({ "copied": 0, "there": 32, "bytes": 0 }),
    );
    fs::remove_file(other.entry_file(&actions[3])).expect("an entry");
    // An entry whose output is gone is not there either.
    fs::remove_file(other.output_file([4; 100])).expect("an output");
    has(&store.run(&other, ["pull", "--json"]).json(), json!({ "copied": 2, "there": 30 }));
}

#[test]
fn with_a_scope_the_list_is_written_and_what_it_names_comes_in_bulk() {
    let store = Store::new();
    let (one, _) = machine(60);
    let pushed = store.run(&one, ["push", "--scope", "a project", "--json"]).json();
    has(&pushed, json!({ "copied": 62, "failed": 0, "list": "a project" }));
    assert_eq!((store.objects("l").len(), store.objects("p").len()), (1, 1));
    // Once more writes nothing: what the list says is true.
    let list = fs::read(&store.objects("l")[0]).expect("a list");
    let again = store.run(&one, ["push", "--scope", "a project"]).ok();
    assert!(again.ends_with("; 62 were there; with the list for a project\n"), "{again}");
    assert_eq!(fs::read(&store.objects("l")[0]).expect("a list"), list);

    // Something that the list does not name.
    let other_project = Larder::new();
    other_project.put("other", "other");
    store.run(&other_project, ["push"]).ok();
    let other = Larder::new();
    let pulled = store.run(&other, ["pull", "--scope", "a project", "--json"]).json();
    has(&pulled, json!({ "copied": 62, "there": 0, "list": "a project" }));
    let pulled = store.run(&other, ["pull", "--scope", "a project"]).ok();
    assert!(pulled.ends_with("; 62 were here; by the list for a project\n"), "{pulled}");

    // What is in no pack any more is fetched one by one.
    fs::remove_file(&store.objects("p")[0]).expect("a pack");
    let third = Larder::new();
    let pulled = store.run(&third, ["pull", "--scope=a project", "--json"]).json();
    has(&pulled, json!({ "copied": 62, "gone": 0, "failed": 0 }));
}

#[test]
fn the_scope_is_that_of_the_settings_unless_the_flag_names_one() {
    let store = Store::new();
    let (one, _) = machine(1);
    let list = |args: &[&str], scope: &str| {
        let mut command = store.command(&one);
        let answer = support::Ran::of(command.args(args).env("LARDER_SCOPE", scope)).json();
        answer["list"].clone()
    };
    assert_eq!(list(&["push", "--json"], "of variable"), Value::Null);
    assert_eq!(list(&["push", "--scope", "--json"], "of variable"), json!("of variable"));
    assert_eq!(list(&["push", "--json", "--scope={os}-x"], "of variable"), json!("linux-x"));
    let mut off = store.command(&one);
    let off = support::Ran::of(off.args(["push", "--scope"]).env("LARDER_SCOPE", "off"));
    off.says(2, ["the scope is off (LARDER_SCOPE)", "--scope TEMPLATE"]);
}

#[test]
fn where_there_is_no_list_nothing_is_fetched_and_that_is_said() {
    let store = Store::new();
    let (one, _) = machine(1);
    store.run(&one, ["push"]).ok();
    let other = Larder::new();
    let ran = store.run(&other, ["pull", "--scope", "nobody's", "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("larder: there is no list for nobody's yet; "),
        "{}",
        ran.stderr
    );
    let answer: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    has(&answer, json!({ "copied": 0, "list": null }));
}

#[test]
fn nothing_to_copy_is_no_failure() {
    let store = Store::new();
    let larder = Larder::new();
    has(&store.run(&larder, ["pull", "--json"]).json(), json!({ "copied": 0, "there": 0 }));
    has(&store.run(&larder, ["push", "--json"]).json(), json!({ "copied": 0, "there": 0 }));
    assert!(!store.path().join("larder-v1").exists());
}

#[test]
fn what_is_not_to_be_trusted_is_told_and_left_where_it_is() {
    let store = Store::new();
    let (one, actions) = machine(3);
    store.run(&one, ["push"]).ok();
    // One is damaged, one is another action's.
    let object = |n: usize| store.object(&actions[n]);
    let mut damaged = fs::read(object(0)).expect("an object");
    *damaged.last_mut().expect("bytes") ^= 1;
    fs::write(object(0), damaged).expect("an object");
    fs::copy(object(1), object(2)).expect("an object");

    let other = Larder::new();
    let ran = store.run(&other, ["pull", "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let answer: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    has(&answer, json!({ "copied": 3, "refused": 2, "failed": 0 }));
    assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
    for action in [&actions[0], &actions[2]] {
        let says = format!("larder: the result of action {action} is refused: ");
        assert!(ran.stderr.contains(&says), "{}", ran.stderr);
        assert!(!other.entry_file(action).exists());
    }
}

#[test]
fn a_store_that_takes_nothing_is_a_failure_and_the_next_push_goes_on() {
    let store = Store::new();
    let (one, _) = machine(3);
    store.block();
    let ran = store.run(&one, ["push", "--json"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let answer: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    has(&answer, json!({ "copied": 0, "failed": 5 }));
    assert!(ran.stderr.lines().all(|line| line.starts_with("larder: cannot upload ")));
    store.unblock();
    has(&store.run(&one, ["push", "--json"]).json(), json!({ "copied": 5 }));
}

#[test]
fn what_cannot_be_reached_is_told_with_the_store() {
    let (one, _) = machine(1);
    // Nothing listens on this port.
    let uri = "webdav+http://127.0.0.1:1/cache";
    for command in ["push", "pull"] {
        let ran = one.run([command, "--remote", uri]);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        assert!(ran.stderr.contains(uri) && ran.stderr.contains("cannot be reached"));
    }
    // What should be mounted there is not.
    let file = one.file("file", "");
    let uri = format!("fs://{}/store", file.display());
    for command in ["push", "pull"] {
        one.run([command, "--remote", &uri]).says(3, ["cannot open the store", &uri]);
    }
}

/// One that fails does so everywhere, and a large cache would be tried for hours.
#[test]
fn after_many_failures_the_rest_is_not_tried() {
    let store = Store::new();
    let (one, _) = machine(150);
    store.block();
    let ran = store.run(&one, ["push"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.text().contains(" not tried after so many failures"), "{}", ran.text());
    assert_eq!(ran.stderr.lines().count(), 8, "{}", ran.stderr);
}

#[test]
fn an_entry_without_its_output_is_counted_and_not_sent() {
    let store = Store::new();
    let (one, actions) = machine(3);
    fs::remove_file(one.output_file([1; 100])).expect("an output");
    has(&store.run(&one, ["push", "--json"]).json(), json!({ "copied": 4, "gone": 1 }));
    assert!(!store.object(&actions[1]).exists());
}

#[test]
fn an_executable_stays_one() {
    let store = Store::new();
    let one = Larder::new();
    let action = one.key("tool");
    let file = one.file("tool", "#!/bin/sh\n");
    let file = file.to_str().expect("UTF-8");
    one.run(["put", &action, file, "--executable", "tool"]).ok();
    store.run(&one, ["push"]).ok();
    let other = Larder::new();
    store.run(&other, ["pull"]).ok();
    let path = other.run(["get", &action, "--json"]).json()["path"].clone();
    let path = Path::new(path.as_str().expect("a path"));
    assert_eq!(path.file_name(), Some("tool".as_ref()));
}

#[test]
fn without_a_store_or_leave_to_use_it_the_message_says_what_to_do() {
    let store = Store::new();
    let larder = Larder::new();
    for command in ["push", "pull"] {
        larder.run([command]).says(2, ["no store is named", "--remote", "LARDER_REMOTE"]);
        let off = store.run(&larder, [command, "--remote", "off"]);
        off.says(2, ["the store is off (--remote)"]);
        let wrong = larder.run([command, "--remote", "ftp://user:hidden@host"]);
        wrong.says(2, ["no store has this scheme", "(--remote)"]);
        assert!(!wrong.stderr.contains("hidden"), "{}", wrong.stderr);
    }
    let with = |access: &str, command: &str| {
        let mut run = store.command(&larder);
        support::Ran::of(run.arg(command).env("LARDER_REMOTE_ACCESS", access))
    };
    with("read-only", "push").says(2, ["read-only (LARDER_REMOTE_ACCESS)", "a push writes"]);
    with("write-only", "pull").says(2, ["write-only (LARDER_REMOTE_ACCESS)", "a pull reads"]);
    assert!(!larder.dir().exists());
}

#[test]
fn the_help_documents_every_name() {
    let store = Store::new();
    let (larder, _) = machine(1);
    for command in ["push", "pull"] {
        let help = larder.run([command, "--help"]).ok();
        let answer = store.run(&larder, [command, "--json"]).json();
        for name in names(&answer) {
            assert!(help.contains(name), "{name}: {help}");
        }
    }
}
