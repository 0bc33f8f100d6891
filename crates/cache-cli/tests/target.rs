//! A file that the user named to be written is there whole or not at all, and nothing is beside it.

#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

use support::Larder;

/// What is in a folder, by name.
fn names(folder: &Path) -> Vec<String> {
    let found = fs::read_dir(folder).expect("a folder").flatten();
    found.map(|item| item.file_name().to_string_lossy().into_owned()).collect()
}

fn end(mut child: Child) -> ExitStatus {
    child.wait().expect("an end")
}

/// Starts `larder get -o`, and sends it the signal as soon as something is in the folder of the
/// file. The file may be whole by then.
fn interrupted(larder: &Larder, folder: &Path, action: &str, signal: &str) -> ExitStatus {
    let target = folder.join("target");
    let mut get = larder.command();
    get.args(["get", action, "-o"]).arg(target).stdout(Stdio::null());
    let mut get = get.spawn().expect("a process");
    while names(folder).is_empty() && get.try_wait().expect("a child").is_none() {
        sleep(Duration::from_micros(200));
    }
    let pid = get.id().to_string();
    // It may have ended by itself, and is a zombie until it is waited for.
    Command::new("kill").args(["-s", signal, &pid]).stderr(Stdio::null()).status().expect("kill");
    end(get)
}

#[test]
fn a_signal_leaves_no_temporary_file_and_ends_the_process() {
    let larder = Larder::new();
    let mut bytes = 16 << 20;
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        // Every try must leave the folder in order; one of them comes in the middle of the writing.
        let in_the_middle = (0..20).any(|i| {
            let folder = larder.path(&format!("{signal}-{i}"));
            fs::create_dir(&folder).expect("a folder");
            let action = larder.put(&bytes.to_string(), vec![1; bytes]);
            let status = interrupted(&larder, &folder, &action, signal);
            match &names(&folder)[..] {
                [] => {
                    assert_eq!(status.signal(), Some(number), "{status}");
                    true
                }
                [target] => {
                    assert_eq!(target, "target");
                    let size = fs::metadata(folder.join(target)).expect("the file").len();
                    assert_eq!(size, bytes as u64);
                    bytes = (bytes * 2).min(256 << 20);
                    false
                }
                more => panic!("{more:?}"),
            }
        });
        assert!(in_the_middle, "SIG{signal} never came in time");
    }
}

#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let larder = Larder::new();
    let action = larder.put("a", vec![1; 8 << 20]);
    let folder = larder.path("folder");
    fs::create_dir(&folder).expect("a folder");
    let script = "trap '' HUP; exec \"$@\"";
    let mut get = Command::new("sh");
    get.args(["-c", script, "sh", env!("CARGO_BIN_EXE_larder"), "--dir"]).arg(larder.dir());
    get.args(["get", &action, "-o"]).arg(folder.join("target")).process_group(0);
    let get = get.spawn().expect("a process");
    while names(&folder).is_empty() {
        sleep(Duration::from_micros(200));
    }
    let pid = get.id().to_string();
    Command::new("kill").args(["-s", "HUP", &pid]).stderr(Stdio::null()).status().expect("kill");
    assert!(end(get).success());
    assert_eq!(names(&folder), ["target"]);
}

#[test]
fn a_message_names_the_file_and_not_the_temporary_one() {
    let larder = Larder::new();
    let action = larder.put("a", "bytes");
    let nowhere = larder.path("nowhere/file");
    let path = nowhere.to_str().expect("UTF-8");
    let expected = format!(
        "larder: cannot write {path}: No such file or directory (os error 2); \
         make its folder first\n"
    );
    let ran = larder.run(["get", &action, "-o", path]);
    assert_eq!((ran.code, ran.stderr), (Some(3), expected));
}
