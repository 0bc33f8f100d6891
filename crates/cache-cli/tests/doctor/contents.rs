//! What is in the directory: what killed writers have left, what is held by whom, and times that
//! cannot be.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::cache;
use crate::examined::Examined;
use crate::support::Larder;
use crate::support::store::Store;

fn examined(larder: &Larder) -> Examined {
    Examined::of(larder.command().arg("doctor"))
}

fn set_modified(path: &Path, time: SystemTime) {
    File::options().append(true).open(path).expect("a file").set_modified(time).expect("a time");
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// A temporary file as a writer leaves it that is killed.
fn leftover(larder: &Larder, number: u64, age: Duration) -> PathBuf {
    let folder = larder.dir().join("a0");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(format!("larder-{number:016x}.tmp"));
    fs::write(&path, vec![1; 5000]).expect("a file");
    set_modified(&path, SystemTime::now() - age);
    path
}

#[test]
fn old_temporary_files_are_told_of_until_a_trim_removes_them() {
    let larder = cache();
    leftover(&larder, 1, minutes(1));
    leftover(&larder, 2, minutes(20));
    leftover(&larder, 3, minutes(3 * 60));
    let says = ["2 temporary files of writers that are gone", "the oldest 3h old", "larder trim"];
    let (text, _) = examined(&larder).warning("leftovers", says);
    assert!(text.contains("1 temporary file that nobody holds, still young"), "{text}");
    larder.run(["trim", "--force"]).ok();
    examined(&larder).fine("leftovers", ["1 temporary file that nobody holds, still young"]);
}

#[test]
fn a_temporary_file_that_somebody_holds_is_no_leftover() {
    let larder = cache();
    let file = File::open(leftover(&larder, 1, minutes(60))).expect("a file");
    file.lock().expect("a lock");
    examined(&larder).fine("leftovers", ["1 temporary file being written"]);
    drop(file);
    examined(&larder).warning("leftovers", ["1 temporary file of writers that are gone"]);
}

#[test]
fn files_that_are_not_the_caches_are_told_of() {
    let larder = cache();
    let notes = larder.dir().join("a0/notes.txt");
    fs::create_dir_all(larder.dir().join("a0")).expect("a folder");
    fs::write(&notes, "").expect("a file");
    let says =
        ["1 file is none of the cache's", notes.to_str().expect("UTF-8"), "leaves them alone"];
    examined(&larder).warning("leftovers", says);
}

#[test]
fn a_folder_that_cannot_be_listed_is_wrong() {
    let larder = cache();
    let taken = (0..=255).map(|n| larder.dir().join(format!("{n:02x}")));
    let taken = taken.into_iter().find(|path| !path.exists()).expect("a folder to come");
    fs::write(&taken, "a file").expect("a file");
    let found = examined(&larder);
    found.wrong("contents", ["1 entry", taken.to_str().expect("UTF-8"), "in a folder's place"]);
    found.wrong("permissions", [taken.to_str().expect("UTF-8")]);
}

#[test]
fn a_trim_that_runs_is_no_fault_and_its_process_is_named() {
    let larder = cache();
    examined(&larder).fine("locks", ["nobody holds one"]);
    fs::create_dir_all(larder.dir().join("larder")).expect("a folder");
    let lock = File::create(larder.dir().join("larder/trim.lock")).expect("a lock");
    lock.lock().expect("a lock");
    let process = match cfg!(target_os = "linux") {
        true => format!("a trim is running (process {})", std::process::id()),
        false => "a trim is running".to_owned(),
    };
    examined(&larder).fine("locks", [&*process]);
}

/// A process that is ended whatever happens.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A process that is nobody's child here, by its number.
struct Orphan(String);

impl Drop for Orphan {
    fn drop(&mut self) {
        Command::new("kill").args(["-9", &self.0]).status().ok();
    }
}

/// The number in a file that somebody is about to write.
fn number_in(path: &Path) -> String {
    let begun = Instant::now();
    loop {
        match fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ => assert!(begun.elapsed() < Duration::from_secs(120), "it does not start"),
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_command_that_runs_is_no_fault_until_its_larder_is_gone() {
    let larder = cache();
    let started = larder.path("started");
    // A command itself is ended with its larder; what it has started is not.
    let script = format!("sleep 600 & echo $! > '{}'; wait", started.display());
    let mut run = larder.command();
    run.args(["run", "--", "sh", "-c", &script]).current_dir(larder.path(""));
    let mut run = Running(run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("larder"));
    let orphan = Orphan(number_in(&started));
    let process = format!("by larder run as process {}", run.0.id());
    examined(&larder).fine("locks", ["1 command is running", &*process]);

    run.0.kill().expect("a process to kill");
    run.0.wait().expect("its end");
    let says = ["what a killed larder run has started is still running", "end it"];
    examined(&larder).warning("locks", says);
    drop(orphan);
    let begun = Instant::now();
    while examined(&larder).text("locks") != "nobody holds one" {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not end");
    }
}

#[test]
fn a_trim_or_a_use_that_is_yet_to_come_is_put_right_by_a_trim() {
    let larder = cache();
    let soon = SystemTime::now() + minutes(3 * 60);
    let seconds = soon.duration_since(SystemTime::UNIX_EPOCH).expect("a time").as_secs();
    let stamp = larder.dir().join("trim.txt");
    fs::write(&stamp, seconds.to_string()).expect("a stamp");
    set_modified(&larder.output_file("bytes"), soon);
    let found = examined(&larder);
    let says = ["last used 2h 59m", "the last trim was 2h 59m", "from now", "the next trim"];
    found.warning("clock", says);
    found.fine("last trim", ["yet to come"]);
    larder.run(["trim", "--force"]).ok();
    examined(&larder).fine("clock", ["it agrees with the one by which files are stamped"]);

    // As another machine's clock may be.
    let little = SystemTime::now() + minutes(2);
    set_modified(&larder.output_file("bytes"), little);
    examined(&larder).fine("clock", [""]);
}

#[test]
fn a_stamp_that_says_nothing_is_told_of() {
    let larder = cache();
    fs::write(larder.dir().join("trim.txt"), "yesterday").expect("a stamp");
    examined(&larder).warning("last trim", ["says no time", "larder trim --force"]);
    larder.run(["trim", "--force"]).ok();
    examined(&larder).fine("last trim", [" ago, at "]);
    fs::remove_file(larder.dir().join("trim.txt")).expect("a stamp");
    examined(&larder).fine("last trim", ["never"]);
}

#[test]
fn what_is_left_to_upload_is_told_with_who_will_do_it() {
    let (larder, store) = (Larder::new(), Store::new());
    store.block();
    let file = larder.file("file", "bytes");
    let action = larder.key("a");
    let mut put = store.command(&larder);
    put.env("LARDER_UPLOAD_WAIT", "0s").args(["put", &action]).arg(&file);
    assert!(put.output().expect("larder").status.success());

    let found = Examined::of(store.command(&larder).arg("doctor"));
    found.fine("uploads", ["1 result is left to upload", "the next build"]);
    let mut reader = store.command(&larder);
    let found = Examined::of(reader.arg("doctor").env("LARDER_REMOTE_ACCESS", "read-only"));
    found.warning("uploads", ["nothing is written to the store", "LARDER_REMOTE_ACCESS"]);
    examined(&larder).warning("uploads", ["a store that is not named now", "larder/uploads"]);

    store.unblock();
    store.run(&larder, ["put", &larder.key("b"), file.to_str().expect("UTF-8")]);
    let found = Examined::of(store.command(&larder).arg("doctor"));
    found.fine("uploads", ["none"]);
}
