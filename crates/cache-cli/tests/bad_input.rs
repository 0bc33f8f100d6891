//! Bad input gets one line on stderr that names the thing and what to do, the right exit code, and
//! leaves nothing half-written.

mod support;

use std::fs;

use support::{Larder, Ran, bare};

const ACTION: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The commands that look at a cache, none of which may make one.
const LOOKING: [&[&str]; 6] = [
    &["get", ACTION],
    &["ls"],
    &["stats"],
    &["verify", "--repair"],
    &["trim", "--force"],
    &["clean", "--fuzz"],
];

#[test]
fn a_missing_directory() {
    let larder = Larder::new();
    let dir = larder.dir();
    for args in LOOKING {
        larder.run(args).says(3, [dir.to_str().expect("UTF-8"), "larder put", "--dir"]);
    }
    assert!(!dir.exists());
}

#[test]
fn a_file_in_the_place_of_the_directory() {
    let larder = Larder::new();
    let dir = larder.file("cache", "a file");
    let file = larder.file("file", "bytes");
    let put = ["put", ACTION, file.to_str().expect("UTF-8")];
    for args in LOOKING.into_iter().chain([&put[..]]) {
        let says = [dir.to_str().expect("UTF-8"), "a file is in its place", "--dir"];
        larder.run(args).says(3, says);
    }
    assert_eq!(fs::read(dir).expect("the file"), b"a file");
}

#[test]
fn an_id_that_is_not_64_hexadecimal_digits() {
    let larder = Larder::new();
    let file = larder.file("file", "bytes");
    let file = file.to_str().expect("UTF-8");
    for (id, why) in [
        ("", "0 hexadecimal digits"),
        ("abc", "3 hexadecimal digits"),
        (&ACTION[1..], "63 hexadecimal digits"),
        (&format!("{ACTION}0"), "65 hexadecimal digits"),
        (&format!("{}g", &ACTION[1..]), "character 64 is 'g'"),
        ("../../../../etc/passwd", "character 1 is '.'"),
        ("0123\n456", "character 5"),
    ] {
        for args in [&["get", id][..], &["put", id, file], &["key", "--subkey", id, "part"]] {
            larder.run(args).says(2, ["action ID", why, "larder key"]);
        }
    }
    assert!(!larder.dir().exists());
}

#[test]
fn settings_that_make_no_sense() {
    let larder = Larder::new();
    let with = |variable: &str, value: &str, command: &str| {
        Ran::of(bare(env!("CARGO_BIN_EXE_larder")).arg(command).env(variable, value))
    };
    with("LARDER_DIR", "relative/path", "env").says(2, ["LARDER_DIR", "absolute", "--dir"]);
    with("LARDER_DIR", "off", "stats").says(2, ["LARDER_DIR=off", "--dir"]);
    with("LARDER_MAX_SIZE", "large", "env").says(2, ["LARDER_MAX_SIZE", "large", "10GiB"]);
    larder.run(["trim", "--max-size", "much"]).says(2, ["--max-size", "much", "10GiB"]);
    larder.run(["trim", "--max-age", "old"]).says(2, ["--max-age", "old", "5d"]);
    let file = larder.file("file", "bytes");
    let args = ["put", ACTION, file.to_str().expect("UTF-8"), "--executable", "../name"];
    larder.run(args).says(2, ["--executable", "../name", "one path component"]);
    assert!(!larder.dir().exists());
}

#[test]
fn a_file_to_store_that_cannot_be_read() {
    let larder = Larder::new();
    let gone = larder.path("gone");
    let folder = larder.path("");
    for (path, advice) in [(&gone, "check its name"), (&folder, "name a file")] {
        let path = path.to_str().expect("UTF-8");
        larder.run(["put", ACTION, path]).says(3, [path, advice]);
        larder.run(["hash", path]).says(3, [path, advice]);
    }
    assert!(!larder.dir().exists(), "a put that could not begin made the directory");
}

/// A file that opens and then fails, even for root.
#[cfg(target_os = "linux")]
#[test]
fn a_file_to_store_that_fails_while_it_is_read() {
    let larder = Larder::new();
    larder.run(["put", ACTION, "/proc/self/mem"]).says(3, ["cannot read /proc/self/mem"]);
    larder.run(["hash", "/proc/self/mem"]).says(3, ["cannot read /proc/self/mem"]);
    larder.run(["get", ACTION]).says(1, ["no entry"]);
    let is_lock =
        |path: &std::path::Path| path.extension().is_some_and(|extension| extension == "lock");
    let kept: Vec<_> =
        larder.files().into_iter().filter(|(path, size)| *size == 0 && !is_lock(path)).collect();
    assert!(kept.is_empty(), "{kept:?}");
}

#[test]
fn a_target_that_cannot_be_written() {
    let larder = Larder::new();
    let action = larder.put("a", "bytes");
    let nowhere = larder.path("nowhere/file");
    let below_a_file = larder.file("a-file", "").join("file");
    let folder = larder.path("");
    for (path, advice) in [
        (&nowhere, "make its folder first"),
        (&below_a_file, "folders are folders"),
        (&folder, "name a file in it"),
    ] {
        let path = path.to_str().expect("UTF-8");
        larder.run(["get", &action, "-o", path]).says(3, [path, advice]);
    }
    let file = larder.path("a-file");
    let file = file.to_str().expect("UTF-8");
    larder.run(["man", "--out", file]).says(3, [file, "it is not a folder; name one"]);
    let out = below_a_file.to_str().expect("UTF-8");
    larder.run(["man", "--out", out]).says(3, [out, "folders are folders"]);
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::support::unprivileged::set_mode;
    use super::support::{self, Larder, Ran, bare, files};
    use super::{ACTION, LOOKING};

    fn unprivileged(larder: &Larder) -> Command {
        let mut command = support::unprivileged::unprivileged(larder);
        command.arg("--dir").arg(larder.dir());
        command
    }

    #[test]
    fn a_file_that_this_user_may_not_read() {
        let larder = Larder::new();
        let secret = larder.file("secret", "bytes");
        set_mode(&secret, 0o000);
        let path = secret.to_str().expect("UTF-8");
        for args in [&["put", ACTION, path][..], &["hash", path]] {
            Ran::of(unprivileged(&larder).args(args)).says(3, [path, "make it readable"]);
        }
        assert!(!larder.dir().exists());
    }

    #[test]
    fn an_entry_that_this_user_may_not_read_is_a_miss_that_says_so() {
        let larder = Larder::new();
        let action = larder.put("a", "bytes");
        let entry = larder.entry_file(&action);
        set_mode(&entry, 0o000);
        let ran = Ran::of(unprivileged(&larder).args(["get", &action]));
        ran.says(1, [entry.to_str().expect("UTF-8"), "denied"]);
    }

    #[test]
    fn a_directory_that_this_user_may_not_write() {
        let larder = Larder::new();
        let action = larder.put("a", "bytes");
        let file = larder.file("file", "other bytes");
        let folders = fs::read_dir(larder.dir()).expect("the cache").flatten();
        let folders: Vec<_> = folders.map(|folder| folder.path()).filter(|p| p.is_dir()).collect();
        let modes = |mode| {
            folders.iter().for_each(|folder| set_mode(folder, mode));
            set_mode(&larder.dir(), mode);
        };
        modes(0o555);
        let before = larder.files();
        let put = ["put", ACTION, file.to_str().expect("UTF-8")];
        let dir = larder.dir();
        let put = Ran::of(unprivileged(&larder).args(put));
        put.says(3, [dir.to_str().expect("UTF-8"), "give this user access", "--dir"]);
        let clean = Ran::of(unprivileged(&larder).arg("clean"));
        clean.says(3, [dir.to_str().expect("UTF-8"), "give this user access"]);
        // What only looks goes on working.
        assert_eq!(Ran::of(unprivileged(&larder).args(["get", &action])).ok(), "bytes");
        for args in LOOKING.iter().filter(|args| ["ls", "stats", "verify"].contains(&args[0])) {
            Ran::of(unprivileged(&larder).args(*args)).ok();
        }
        assert_eq!(larder.files(), before);
        modes(0o755);
    }

    #[test]
    fn a_directory_that_everybody_can_write_to() {
        let larder = Larder::new();
        let action = larder.put("a", "bytes");
        let file = larder.file("file", "bytes");
        let put = ["put", ACTION, file.to_str().expect("UTF-8")];
        let dir = larder.dir();
        set_mode(&dir, 0o757);
        let says = [
            &format!("everybody can write to the cache directory {}", dir.display()),
            "put wrong results into it; end that with chmod -R o-w",
            "or allow it with LARDER_ALLOW_WORLD_WRITABLE=1",
        ];
        for args in LOOKING.into_iter().chain([&put[..], &["serve"]]) {
            larder.run(args).says(3, says);
        }
        larder.run(["run", "--", "true"]).says(125, says);
        let mut by_go = bare(env!("CARGO_BIN_EXE_larder"));
        by_go.arg("serve").env("GOCACHE", &dir).env("GOCACHEPROG", "larder serve");
        Ran::of(&mut by_go).says(3, says);

        let allowed =
            |command: &mut Command| Ran::of(command.env("LARDER_ALLOW_WORLD_WRITABLE", "1")).code;
        assert_eq!(allowed(larder.command().args(["get", &action])), Some(0));
        assert_eq!(allowed(&mut by_go), Some(0));
        // Whoever made it for everybody has others in it.
        set_mode(&dir, 0o1777);
        larder.run(["ls"]).says(3, [says[0], "name a folder of your own"]);
        set_mode(&dir, 0o775);
        larder.run(["get", &action]).ok();
    }

    #[test]
    fn a_directory_is_never_made_for_everybody_to_write_to() {
        let larder = Larder::new();
        let file = larder.file("file", "bytes");
        let mut shell = bare("sh");
        shell.args(["-c", "umask 0 && exec \"$0\" --dir \"$1\" put \"$2\" \"$3\""]);
        shell.arg(env!("CARGO_BIN_EXE_larder")).arg(larder.dir()).arg(ACTION).arg(file);
        Ran::of(&mut shell).ok();
        assert_eq!(larder.run(["get", ACTION]).ok(), "bytes");
        let entry = larder.entry_file(ACTION);
        for path in [&larder.dir(), entry.parent().expect("a folder"), &entry] {
            let mode = fs::metadata(path).expect("what was made").permissions().mode();
            assert_eq!(mode & 0o022, 0o020, "{}", path.display());
        }
    }

    /// `larder` that may write no file of more than some KiB.
    fn with_small_files(larder: &Larder, args: &[&str]) -> Ran {
        let mut shell = bare("sh");
        shell.args(["-c", "ulimit -f 8; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_larder"), "--dir"]);
        Ran::of(shell.arg(larder.dir()).args(args))
    }

    #[test]
    fn an_output_that_the_disk_does_not_take() {
        let larder = Larder::new();
        let action = larder.put("a", vec![1; 100_000]);
        let before = larder.files();
        let large = larder.file("large", vec![2; 1_000_000]);
        let put = with_small_files(&larder, &["put", ACTION, large.to_str().expect("UTF-8")]);
        put.says(3, [larder.dir().to_str().expect("UTF-8"), "ulimit -f"]);
        assert_eq!(larder.files(), before);
        larder.run(["get", ACTION]).says(1, ["no entry"]);

        let folder = larder.path("folder");
        fs::create_dir(&folder).expect("a folder");
        let target = folder.join("target");
        let target = target.to_str().expect("UTF-8");
        let get = with_small_files(&larder, &["get", &action, "-o", target]);
        get.says(3, [target, "ulimit -f"]);
        assert_eq!(files(&folder), []);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_answer_that_standard_output_does_not_take() {
        let larder = Larder::new();
        let action = larder.put("a", vec![1; 2_000_000]);
        for args in [&["get", &*action][..], &["stats"], &["ls", "--json"], &["man"], &["--help"]] {
            let full = fs::File::options().write(true).open("/dev/full").expect("/dev/full");
            let ran = Ran::of(larder.command().args(args).stdout(full));
            ran.says(3, ["cannot write to standard output", "No space left"]);
        }
    }
}
