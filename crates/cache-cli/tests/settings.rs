//! Settings: where they come from, how mistakes are told, and which command goes by which.

mod support;

use std::fs;

use serde_json::{Value, json};
use support::user::{ACTION, User};
use support::{Ran, names, unused_for_days};

fn setting(value: impl Into<Value>, from: &str, name: Value, line: Value) -> Value {
    json!({ "value": value.into(), "from": from, "name": name, "line": line })
}

fn of_default(value: Value) -> Value {
    setting(value, "default", Value::Null, Value::Null)
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn env_says_where_each_setting_comes_from() {
    let user = User::new("max-age = '2d'\n\nprog = 'helper --fast'\nmax-size = 7\n");
    let home = user.larder.path("").canonicalize().expect("the scratch folder");
    let file = json!(user.file());
    let variables = [("LARDER_MAX_SIZE", "10GiB"), ("LARDER_DEBUG", "hash=1")];
    let json = user.run_with(&variables, &["env", "--json", "--dir", "here"]).json();
    assert_eq!(
        json,
        json!({
            "dir": setting(home.join("here").to_str(), "flag", "--dir".into(), Value::Null),
            "prog": setting("helper --fast", "file", file.clone(), 3.into()),
            "on_helper_failure": setting("fail", "default", Value::Null, Value::Null),
            "remote": of_default(Value::Null),
            "remote_access": of_default("read-write".into()),
            "upload_wait": of_default(0.0.into()),
            "scope": of_default("{repository}/{branch}/{os}/{arch}/{go}".into()),
            "trusted_keys": of_default(Value::Null),
            "signing_key": of_default(Value::Null),
            "max_size":
                setting(10_u64 << 30, "environment", "LARDER_MAX_SIZE".into(), Value::Null),
            "max_age": setting(172_800, "file", file.clone(), 1.into()),
            "allow_world_writable": of_default(false.into()),
            "verify": setting(false, "default", Value::Null, Value::Null),
            "trace": setting(true, "environment", "LARDER_DEBUG".into(), Value::Null),
            "file": { "path": file, "read": true },
        })
    );

    let text = user.run_with(&variables, &["env", "--dir", "/here"]).ok();
    let file = user.file().display().to_string();
    let lines = [
        "dir                   /here  (--dir)".to_owned(),
        format!("prog                  helper --fast  ({file}:3)"),
        "on-helper-failure     fail  (default)".to_owned(),
        "remote                off  (default)".to_owned(),
        "remote-access         read-write  (default)".to_owned(),
        "upload-wait           0s  (default)".to_owned(),
        "scope                 {repository}/{branch}/{os}/{arch}/{go}  (default)".to_owned(),
        "trusted-keys          off  (default)".to_owned(),
        "signing-key           off  (default)".to_owned(),
        "max-size              10.0 GiB  (LARDER_MAX_SIZE)".to_owned(),
        format!("max-age               2d  ({file}:1)"),
        "allow-world-writable  false  (default)".to_owned(),
        "verify                false  (default)".to_owned(),
        "trace                 true  (LARDER_DEBUG)".to_owned(),
        format!("settings file         {file}  (read)"),
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), lines);
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn env_without_a_setting_shows_the_defaults() {
    let user = User::new("");
    fs::remove_file(user.file()).expect("the file");
    let json = user.run(&["env", "--json"]).json();
    assert_eq!(json["dir"], of_default(json!(user.larder.path(".cache/larder"))));
    assert_eq!(json["prog"], of_default(Value::Null));
    assert_eq!(json["max_size"], of_default(Value::Null));
    assert_eq!(json["max_age"], of_default(432_000.into()));
    assert_eq!(json["file"], json!({ "path": user.file(), "read": false }));
    let text = user.run(&["env"]).ok();
    assert!(text.contains("max-size              off  (default)"), "{text}");
    assert!(text.ends_with("config.toml  (not there)\n"), "{text}");
}

#[test]
fn env_shows_a_cache_that_is_off() {
    let user = User::new("");
    let off = [("LARDER_DIR", "off")];
    let json = user.run_with(&off, &["env", "--json"]).json();
    assert_eq!(json["dir"], setting(Value::Null, "environment", "LARDER_DIR".into(), Value::Null));
    let text = user.run_with(&off, &["env"]).ok();
    assert!(text.starts_with("dir                   off  (LARDER_DIR)\n"), "{text}");
    user.run_with(&off, &["stats"]).says(2, ["LARDER_DIR=off", "--dir"]);
    let user = User::new("dir = 'off'");
    let place = format!("{}:1", user.file().display());
    user.run(&["stats"]).says(2, ["dir = \"off\"", &place, "--dir"]);
}

#[test]
fn the_help_of_env_documents_every_name() {
    let user = User::new("");
    let help = user.run(&["env", "--help"]).ok();
    let json = user.run(&["env", "--json"]).json();
    for name in names(&json).into_iter().chain(names(&json["dir"])).chain(names(&json["file"])) {
        assert!(help.contains(name), "{name}: {help}");
    }
}

#[test]
fn a_mistake_in_the_file_stops_every_command_that_goes_by_settings() {
    let user = User::new("max-size = '1GiB'\nmax-aeg = '5d'\n");
    let place = format!("{}:2: ", user.file().display());
    let says = [&place, "\"max-aeg\"", "dir, prog, on-helper-failure, remote, remote-access"];
    let file = user.larder.file("file", "bytes");
    let file = file.to_str().expect("UTF-8");
    for args in [
        &["env"][..],
        &["get", ACTION],
        &["put", ACTION, file],
        &["ls"],
        &["stats"],
        &["verify"],
        &["trim"],
        &["clean"],
        &["doctor"],
        &["serve"],
        // Whether to trace is a setting too.
        &["key", "a"],
        // The flag does not hide it.
        &["stats", "--dir", "/somewhere"],
    ] {
        user.run(args).says(2, says);
    }
    let go = [("GOCACHE", user.dir()), ("GOCACHEPROG", "larder serve".into())];
    Ran::of(user.command(&["serve"]).envs(go)).says(2, says);
    assert!(!user.dir().exists());
    // These go by none.
    user.run(&["hash", file]).ok();
    user.run(&["completions", "bash"]).ok();
}

#[test]
fn a_value_that_makes_no_sense_is_told_with_its_line_and_what_does() {
    let user = User::new("\nmax-size = 'large'");
    let place = format!("{}:2: ", user.file().display());
    user.run(&["env"]).says(2, [&*place, "max-size is 'large'", "10GiB"]);
    let user = User::new("");
    user.run_with(&[("LARDER_DEBUG", "verfy=1")], &["env"])
        .says(2, ["LARDER_DEBUG", "\"verfy=1\"", "verify=1", "hash=1"]);
}

#[test]
fn the_file_names_the_directory() {
    let user = User::at_home("");
    user.put("bytes").ok();
    assert_eq!(user.run(&["get", ACTION]).ok(), "bytes");
    assert!(user.dir().join("README").exists());
    // Variable and flag go before it.
    let elsewhere = user.larder.path("elsewhere");
    let elsewhere = elsewhere.to_str().expect("UTF-8");
    let variable = [("LARDER_DIR", elsewhere)];
    user.run_with(&variable, &["get", ACTION]).says(3, [elsewhere]);
    user.run(&["get", ACTION, "--dir", elsewhere]).says(3, [elsewhere]);
}

#[test]
fn the_file_sets_the_limits_of_trim() {
    let removed = |settings: &str, args: &[&str]| {
        let user = User::at_home(settings);
        user.put("bytes").ok();
        for path in [user.larder.entry_file(ACTION), user.larder.output_file("bytes")] {
            unused_for_days(&path, 2);
        }
        let args = [&["trim", "--force", "--dry-run", "--json"], args].concat();
        user.run(&args).json()["removed"]["outputs"].clone()
    };
    assert_eq!(removed("", &[]), json!(0));
    assert_eq!(removed("max-age = '1d'", &[]), json!(1));
    assert_eq!(removed("max-age = '1d'", &["--max-age", "3d"]), json!(0));
    assert_eq!(removed("max-size = 1", &[]), json!(1));
    assert_eq!(removed("max-size = 1", &["--max-size", "1GiB"]), json!(0));
}

#[test]
fn verify_mode_catches_a_result_that_changed() {
    let user = User::at_home("");
    user.put("bytes").ok();
    let user = User { larder: user.larder };
    fs::write(user.file(), format!("dir = '{}'\nverify = true", user.dir().display()))
        .expect("a settings file");
    // It is computed again, and is the same.
    user.run(&["get", ACTION]).says(1, ["miss", "verify mode"]);
    user.put("bytes").ok();
    user.put("other bytes").says(3, ["cache verify failed", ACTION, "5 bytes", "11 bytes"]);
    let without = [("LARDER_DEBUG", "verify=0")];
    assert_eq!(user.run_with(&without, &["get", ACTION]).ok(), "bytes");
}

#[test]
fn what_stores_and_looks_works_on_the_directory_whatever_helper_is_named() {
    let user = User::at_home("prog = '/no/such/helper'");
    user.put("bytes").ok();
    assert_eq!(user.run(&["get", ACTION]).ok(), "bytes");
    let stats = user.run_with(&[("LARDER_PROG", "/nor/this")], &["stats", "--json"]).json();
    assert_eq!(stats["entries"], json!(1));
}

/// Serves nothing but the end of its input.
fn serve(user: &User, variables: &[(&str, &str)]) -> Ran {
    user.run_with(variables, &["serve", "-v"])
}

#[test]
fn serve_would_call_itself_and_so_goes_by_no_helper() {
    for settings in ["", "prog = '/no/such/helper'"] {
        let user = User::at_home(settings);
        for variables in
            [&[][..], &[("LARDER_PROG", "larder serve")], &[("GOCACHEPROG", "larder serve")]]
        {
            let ran = serve(&user, variables);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
            assert!(ran.stderr.starts_with("larder: 0 gets"), "{}", ran.stderr);
        }
        assert!(user.dir().join("README").exists());
    }
}

#[test]
fn serve_keeps_the_limits_of_the_file() {
    for by_go in [false, true] {
        for (settings, stays) in [("", true), ("max-age = '1d'", false), ("max-size = 1", false)] {
            let user = User::at_home(settings);
            user.put("bytes").ok();
            // The put has trimmed, and one trim a day is enough.
            for stamp in ["trim.txt", "larder/size-trim.txt"] {
                fs::remove_file(user.dir().join(stamp)).ok();
            }
            let ours = user.dir().join("larder");
            fs::remove_dir_all(ours).ok();
            for path in [user.larder.entry_file(ACTION), user.larder.output_file("bytes")] {
                unused_for_days(&path, 2);
            }
            let dir = user.dir();
            let dir = dir.to_str().expect("UTF-8");
            let go = [("GOCACHE", dir), ("GOCACHEPROG", "larder serve")];
            let ran = serve(&user, if by_go { &go } else { &[] });
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
            let exists = user.larder.output_file("bytes").exists();
            assert_eq!(exists, stays, "{settings:?}, started by go: {by_go}");
        }
    }
}

/// Under go, GOCACHE is the directory, whatever the file says.
#[test]
fn started_by_go_serve_takes_the_directory_from_go_alone() {
    let user = User::at_home("");
    let gocache = user.larder.path("go");
    let go = [("GOCACHE", gocache.to_str().expect("UTF-8")), ("GOCACHEPROG", "larder serve")];
    assert_eq!(serve(&user, &go).code, Some(0));
    assert!(gocache.join("README").exists());
    assert!(!user.dir().exists());
}

/// Runs `cat input` through `larder run`.
fn run(user: &User, variables: &[(&str, &str)]) -> Ran {
    user.larder.file("input", "bytes\n");
    user.run_with(variables, &["run", "--input", "input", "--", "cat", "input"])
}

#[track_caller]
fn ran(ran: &Ran, says: &[&str]) {
    assert_eq!((ran.code, ran.text().as_str()), (Some(0), "bytes\n"), "{}", ran.stderr);
    let lines: Vec<_> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), says.len(), "{}", ran.stderr);
    for (line, says) in lines.iter().zip(says) {
        assert!(line.contains(says), "{says:?}: {line}");
    }
}

/// A command that is `larder serve` on a directory of its own.
fn served(user: &User) -> String {
    let dir = user.larder.path("helper");
    format!("'{}' --dir '{}' serve", env!("CARGO_BIN_EXE_larder"), dir.display())
}

#[cfg(unix)]
mod a_helper {
    use super::*;

    /// A shell script that is a helper, more or less.
    fn script(user: &User, text: &str) -> String {
        let declared = r#"{"ID":0,"KnownCommands":["get","put","close"]}"#;
        let script = user.larder.file("helper.sh", format!("echo '{declared}'\n{text}\n"));
        format!("sh '{}'", script.display())
    }

    #[test]
    fn keeps_the_results_of_run() {
        let user = User::at_home("");
        let prog = served(&user);
        let helped = [("LARDER_PROG", &*prog)];
        ran(&run(&user, &helped), &["and stored"]);
        ran(&run(&user, &helped), &["replayed"]);
        // The directory beside it has nothing of that.
        ran(&run(&user, &[]), &["and stored"]);
        // What its user exports for the go command is nothing to it.
        let gocache = user.larder.path("go");
        let gocache = gocache.to_str().expect("UTF-8");
        let go = [helped[0], ("GOCACHE", gocache), ("GOCACHEPROG", "larder serve")];
        ran(&run(&user, &go), &["replayed"]);
    }

    #[test]
    fn that_does_not_start_fails_the_run_and_the_message_says_what_to_do() {
        let user = User::at_home("");
        let file = user.file().display().to_string();
        let says = ["/no/such/helper", "LARDER_PROG", "on-helper-failure = \"continue\"", &file];
        run(&user, &[("LARDER_PROG", "/no/such/helper")]).says(125, says);
        let user = User::at_home("prog = '/no/such/helper'");
        let place = format!("{}:2", user.file().display());
        run(&user, &[]).says(125, ["/no/such/helper", &place]);
    }

    #[test]
    fn that_does_not_start_is_told_once_where_the_user_wants_to_go_on() {
        let user = User::at_home("on-helper-failure = 'continue'\nprog = '/no/such/helper'");
        let dir = user.dir().display().to_string();
        let alone = format!(
            "\"/no/such/helper\": No such file or directory (os error 2); going on \
                             with the cache directory {dir} alone"
        );
        ran(&run(&user, &[]), &[&alone, "and stored"]);
        ran(&run(&user, &[]), &[&alone, "replayed"]);
        let quiet = user.run(&["run", "-q", "--input", "input", "--", "cat", "input"]);
        ran(&quiet, &[]);
    }

    #[test]
    fn that_dies_in_the_middle_is_told_once_where_the_user_wants_to_go_on() {
        for text in
            ["exit 7", "read -r request; exit 7", "kill -9 $$", "read -r request; kill -9 $$"]
        {
            let user = User::at_home("on-helper-failure = 'continue'");
            let prog = script(&user, text);
            let alone = "alone";
            ran(&run(&user, &[("LARDER_PROG", &prog)]), &[alone, "and stored"]);
            ran(&run(&user, &[("LARDER_PROG", &prog)]), &[alone, "replayed"]);
        }
    }

    #[test]
    fn in_verify_mode_it_is_said_that_it_is_not_verified() {
        let user = User::at_home("");
        let prog = served(&user);
        let variables = [("LARDER_PROG", &*prog), ("LARDER_DEBUG", "verify=1")];
        ran(&run(&user, &variables), &["verify mode has no effect", "and stored"]);
        ran(&run(&user, &variables), &["verify mode has no effect", "replayed"]);
    }
}

#[test]
fn what_is_hashed_is_shown_when_that_is_asked_for() {
    let user = User::at_home("trace = true");
    let traced = run(&user, &[]);
    let lines: Vec<_> =
        traced.stderr.lines().filter(|line| !line.starts_with("larder: ")).collect();
    assert!(lines.iter().all(|line| line.starts_with("HASH")), "{lines:?}");
    assert!(lines.contains(&"HASH[run]"), "{lines:?}");
    let input = user.larder.path("input").display().to_string();
    assert!(lines.iter().any(|line| line.contains(&input)), "{lines:?}");
    ran(&run(&user, &[("LARDER_DEBUG", "hash=0")]), &["replayed"]);
}

#[test]
fn key_shows_what_is_hashed_and_needs_no_directory() {
    let user = User::new("");
    let traced = user.run_with(&[("LARDER_DEBUG", "hash=1")], &["key", "a b"]);
    let key = traced.text();
    let hashed = ["HASH[larder key]", "HASH[larder key]: \"a b\"", key.trim()];
    for text in hashed {
        assert!(traced.stderr.contains(text), "{text}: {}", traced.stderr);
    }
    let subkey = user.run_with(&[("LARDER_DEBUG", "hash=1")], &["key", "--subkey", ACTION, "b"]);
    assert!(subkey.stderr.starts_with(&format!("HASH subkey {ACTION} \"b\" = ")));
    assert_eq!(user.run_with(&[("LARDER_DIR", "off")], &["key", "a b"]).ok(), key);
    let mut nowhere = user.command(&["key", "a b"]);
    nowhere.env_remove("XDG_CONFIG_HOME").env_remove("HOME");
    assert_eq!(Ran::of(&mut nowhere).ok(), key);
}

/// Between the lines with ```toml and ```.
#[test]
fn the_settings_file_in_the_readme_is_one() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let readme = fs::read_to_string(readme).expect("the repository's README");
    let (_, file) = readme.split_once("```toml\n").expect("a settings file");
    let (file, _) = file.split_once("```").expect("its end");
    let json = User::new(file).run(&["env", "--json"]).json();
    assert_eq!(json["max_size"]["value"], json!(20_u64 << 30));
    assert_eq!(json["on_helper_failure"]["value"], json!("continue"));
}
