//! What is stored comes out again: `get`, `put`, `key`, `hash`, and what all commands share.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::process::Stdio;

use cache_core::OutputId;
use serde_json::{Value, json};
use support::{Larder, Ran, bare, is_time, names};

const COMMANDS: [&str; 14] = [
    "serve",
    "get",
    "put",
    "key",
    "hash",
    "ls",
    "stats",
    "verify",
    "trim",
    "clean",
    "env",
    "doctor",
    "completions",
    "man",
];

#[test]
fn key_put_and_get_compose() {
    let larder = Larder::new();
    let source = larder.file("hello.c", "int main(void) { return 0; }");
    let hashed = larder.run([OsStr::new("hash"), source.as_ref()]).ok();
    let output = hashed.split_whitespace().next().expect("a hash");
    let action = larder.run(["key", "--salt", "gcc 14", "cc", "-O2", output]).ok();
    let action = action.trim();
    let stored = larder.run([OsStr::new("put"), action.as_ref(), source.as_ref()]).ok();
    assert_eq!(stored, format!("{output} 28\n"));
    assert_eq!(larder.run(["get", action]).ok(), "int main(void) { return 0; }");
}

#[test]
fn put_makes_the_directory_with_its_readme() {
    let larder = Larder::new();
    larder.put("a", "x");
    let readme = fs::read_to_string(larder.dir().join("README")).expect("a README");
    assert!(readme.contains("Larder"), "{readme}");
}

#[test]
fn put_reads_standard_input_to_its_end() {
    let larder = Larder::new();
    let bytes = vec![7; 300_000];
    let mut put = larder.command();
    put.args(["put", &larder.key("a"), "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut put = put.spawn().expect("a process");
    put.stdin.take().expect("a pipe").write_all(&bytes).expect("a reader");
    let stored = Ran::from(put.wait_with_output().expect("an end"));
    assert_eq!(stored.ok(), format!("{} 300000\n", OutputId::of(&bytes)));
    assert_eq!(larder.run(["get", &larder.key("a")]).stdout, bytes);
}

#[test]
fn an_entry_in_json_has_its_documented_names() {
    let larder = Larder::new();
    let file = larder.file("file", "some bytes");
    let action = larder.key("a");
    let put = larder.run(["put", "--json", &action, file.to_str().expect("UTF-8")]).json();
    assert_eq!(names(&put), ["action", "output", "path", "size", "time"]);
    assert_eq!(put["action"], json!(action));
    assert_eq!(put["output"], json!(OutputId::of(b"some bytes").to_string()));
    assert_eq!(put["size"], json!(10));
    assert_eq!(put["path"], json!(larder.output_file("some bytes")));
    assert!(is_time(&put["time"]), "{put}");
    assert_eq!(larder.run(["get", "--json", &action]).json(), put);

    let copy = larder.path("copy");
    let got = larder.run(["get", "--json", &action, "-o", copy.to_str().expect("UTF-8")]).json();
    assert_eq!(got, put);
    assert_eq!(fs::read(copy).expect("the copy"), b"some bytes");
}

#[test]
fn a_large_output_comes_out_whole() {
    let larder = Larder::new();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
    let action = larder.put("large", &bytes);
    assert!(larder.run(["get", &action]).stdout == bytes);
    let copy = larder.path("copy");
    larder.run(["get", &action, "-o", copy.to_str().expect("UTF-8")]).ok();
    assert!(fs::read(copy).expect("the copy") == bytes);
}

#[test]
fn get_replaces_a_file_and_keeps_its_mode() {
    let larder = Larder::new();
    let action = larder.put("a", "new");
    let target = larder.file("tool", "old and longer");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&target, fs::Permissions::from_mode(0o750)).expect("a mode");
        larder.run(["get", &action, "-o", target.to_str().expect("UTF-8")]).ok();
        let mode = fs::metadata(&target).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o750);
    }
    larder.run(["get", &action, "-o", target.to_str().expect("UTF-8")]).ok();
    assert_eq!(fs::read(target).expect("the file"), b"new");
}

#[cfg(unix)]
#[test]
fn get_writes_into_a_device_and_does_not_replace_it() {
    let larder = Larder::new();
    let action = larder.put("a", "bytes");
    assert_eq!(larder.run(["get", &action, "-o", "/dev/stdout"]).ok(), "bytes");
    larder.run(["get", &action, "-o", "/dev/null"]).ok();
    assert!(!fs::metadata("/dev/null").expect("a device").is_file());
}

#[test]
fn a_miss_says_why_and_exits_with_1() {
    let larder = Larder::new();
    larder.put("a", "bytes");
    let other = larder.key("b");
    let target = larder.path("target");
    let args = ["get", &other, "-o", target.to_str().expect("UTF-8")];
    larder.run(args).says(1, ["miss", &other, "no entry"]);
    assert!(!target.exists());
    let quiet = larder.run(["get", "-q", &other]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(1), ""));
}

#[test]
fn wrong_bytes_are_a_miss_and_nothing_of_them_is_given_out() {
    let larder = Larder::new();
    for size in [1_000, 2_000_000] {
        let bytes = vec![b'a'; size];
        let action = larder.put("a", &bytes);
        let mut wrong = bytes.clone();
        wrong[size - 1] = b'b';
        fs::write(larder.output_file(&bytes), &wrong).expect("an output");
        let target = larder.path("target");
        larder.run(["get", &action]).says(1, ["wrong bytes"]);
        larder.run(["get", "--json", &action]).says(1, ["wrong bytes"]);
        let args = ["get", &action, "-o", target.to_str().expect("UTF-8")];
        larder.run(args).says(1, ["wrong bytes"]);
        let names: Vec<_> = fs::read_dir(larder.path("")).expect("a folder").flatten().collect();
        assert_eq!(names.len(), 2, "the cache and what was put: {names:?}");
    }
}

#[cfg(unix)]
#[test]
fn an_executable_can_be_run_from_the_cache() {
    let larder = Larder::new();
    let script = larder.file("script", "#!/bin/sh\necho it runs\n");
    let action = larder.key("a");
    let script = script.to_str().expect("UTF-8");
    let stored = larder.run(["put", "--json", "--executable", "tool", &action, script]).json();
    let path = stored["path"].as_str().expect("a path");
    assert!(path.ends_with("-d/tool"), "{path}");
    assert_eq!(Ran::of(&mut bare(path)).ok(), "it runs\n");
    assert_eq!(larder.run(["stats", "--json"]).json()["executables"], json!(1));
}

#[test]
fn different_descriptions_have_different_keys() {
    let larder = Larder::new();
    let keys = [
        vec!["key", "ab", "c"],
        vec!["key", "a", "bc"],
        vec!["key", "abc"],
        vec!["key", "abc", ""],
        vec!["key", "", "abc"],
        vec!["key", "--salt", "ab", "c"],
        vec!["key", "--salt", "a", "bc"],
    ];
    let mut seen: Vec<String> = keys.iter().map(|args| larder.run(args).ok()).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), keys.len());
    // What follows the first part is parts, whatever it looks like.
    let flags = larder.run(["key", "cc", "--json", "-q"]).ok();
    assert_eq!(flags.trim(), OutputId::of(b"\0cc\0--json\0-q\0").to_string());
    let key = larder.run(["key", "--json", "--salt", "salt", "a", "b"]).json();
    assert_eq!(key, json!({ "action": OutputId::of(b"salt\0a\0b\0").to_string() }));
}

#[test]
fn a_subkey_is_the_one_of_the_go_command() {
    let larder = Larder::new();
    let parent = larder.key("parent");
    let bytes: Vec<u8> =
        (0..32).map(|i| u8::from_str_radix(&parent[2 * i..2 * i + 2], 16).expect("hex")).collect();
    let expected = OutputId::of(&[b"subkey:", &bytes[..], b"stdout"].concat()).to_string();
    assert_eq!(larder.run(["key", "--subkey", &parent, "stdout"]).ok().trim(), expected);
    larder.run(["key", "--subkey", &parent, "a", "b"]).says(2, ["exactly one PART"]);
    let both = larder.run(["key", "--subkey", &parent, "--salt", "s", "a"]);
    assert_eq!(both.code, Some(2));
}

#[test]
fn hash_goes_on_after_a_file_that_cannot_be_read() {
    let larder = Larder::new();
    let one = larder.file("one", "1");
    let two = larder.file("back\\slash", "2");
    let gone = larder.path("gone");
    let ran = larder.run([OsStr::new("hash"), one.as_ref(), gone.as_ref(), two.as_ref()]);
    let escaped = two.to_str().expect("UTF-8").replace('\\', "\\\\");
    let (one_id, two_id) = (OutputId::of(b"1"), OutputId::of(b"2"));
    let lines = format!("{one_id}  {}\n\\{two_id}  {escaped}\n", one.display());
    assert_eq!((ran.code, ran.text()), (Some(3), lines));
    assert!(ran.stderr.contains(gone.to_str().expect("UTF-8")), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1);

    let json = larder.run([OsStr::new("hash"), "--json".as_ref(), one.as_ref()]).json();
    assert_eq!(json, json!([{ "file": one, "output": one_id.to_string(), "size": 1 }]));
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let larder = Larder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = larder.run(["completions", shell]).ok();
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    assert!(larder.run(["man"]).ok().contains(".TH larder 1"));
    let folder = larder.path("man/man1");
    larder.run([OsStr::new("man"), "--out".as_ref(), folder.as_ref()]).ok();
    for command in COMMANDS {
        assert!(folder.join(format!("larder-{command}.1")).is_file(), "{command}");
    }
    let page = fs::read_to_string(folder.join("larder.1")).expect("a page");
    assert_eq!(page, larder.run(["man"]).ok());
    let page = fs::read_to_string(folder.join("larder-ls.1")).expect("a page");
    assert!(page.contains(".SH NOTES\n") && !page.contains("EXTRA"), "{page}");
    let (_, example) = page.split_once("Example:\n.nf\n").expect("an example as it is");
    let (example, _) = example.split_once(".fi\n").expect("its end");
    assert_eq!(example.lines().count(), 2, "{example}");
}

#[test]
fn the_help_of_every_command_has_an_example() {
    let larder = Larder::new();
    for command in COMMANDS {
        for flag in ["-h", "--help"] {
            let help = larder.run([command, flag]).ok();
            assert!(help.contains("Example:\n") || help.contains("Examples:\n"), "{help}");
        }
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let larder = Larder::new();
    let action = larder.put("large", vec![1; 3_000_000]);
    for args in [&["get", &*action][..], &["completions", "bash"], &["man"], &["ls"], &["--help"]] {
        let mut run = larder.command();
        run.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut run = run.spawn().expect("a process");
        drop(run.stdout.take());
        let ran = Ran::from(run.wait_with_output().expect("an end"));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn logging_goes_to_stderr_and_only_when_asked() {
    let larder = Larder::new();
    larder.put("a", "bytes");
    let ran = larder.run(["-vvv", "stats", "--json"]);
    assert_eq!(ran.code, Some(0));
    assert!(serde_json::from_slice::<Value>(&ran.stdout).is_ok(), "{}", ran.text());
    assert_eq!(larder.run(["-v", "-q", "stats"]).code, Some(2));
}

#[test]
fn with_v_it_says_what_is_done_and_to_what() {
    let larder = Larder::new();
    let dir = larder.dir().display().to_string();
    let file = larder.file("file", "bytes");
    let action = larder.key("a");
    let output = larder.output_file("bytes").display().to_string();
    let file = file.to_str().expect("UTF-8");
    for (args, says) in [
        (&["put", &action, file][..], &[&*action, &output][..]),
        (&["get", &action], &[&action, &OutputId::of(b"bytes").to_string()]),
        (&["trim"], &["by age", "5d", "default"]),
        (&["ls"], &[]),
        (&["stats"], &[]),
        (&["verify"], &[]),
        (&["clean"], &[]),
    ] {
        let logged = larder.run(args.iter().chain(&["-v"])).stderr;
        for part in says.iter().chain(&[&*dir, "--dir"]) {
            assert!(logged.contains(part), "{args:?}: {part}: {logged}");
        }
    }
    larder.put("a", "bytes");
    let removed = larder.run(["clean", "-vv"]).stderr;
    assert!(removed.contains(&format!("removed {}/{action}-a", &action[..2])), "{removed}");
}
