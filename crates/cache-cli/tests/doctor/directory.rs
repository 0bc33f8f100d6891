//! Where the cache is not, cannot be made, or is not for this user.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::cache;
use crate::examined::Examined;
use crate::support::Larder;
use crate::support::unprivileged::{set_mode, unprivileged};
use crate::support::user::User;

fn examined(larder: &Larder) -> Examined {
    Examined::of(larder.command().arg("doctor"))
}

#[test]
fn a_directory_that_is_not_there_yet_is_fine_and_not_made() {
    let larder = Larder::new();
    let found = examined(&larder);
    found.fine("directory", ["not there yet", "larder run and larder put make it"]);
    assert_eq!(found.names()[1..3], ["file system", "free space"]);
    assert!(!larder.dir().exists());
}

#[test]
fn one_that_cannot_be_made_is_wrong() {
    let larder = Larder::new();
    let doctor = |dir: &str| {
        let mut doctor = unprivileged(&larder);
        doctor.arg("--dir").arg(larder.path(dir)).arg("doctor");
        Examined::of(&mut doctor)
    };
    larder.file("file", "");
    doctor("file/cache").wrong("directory", ["cannot be made", "is a file", "--dir"]);
    symlink(larder.path("nowhere"), larder.path("link")).expect("a link");
    doctor("link").wrong("directory", ["a link that leads nowhere", "--dir"]);
    fs::create_dir(larder.path("closed")).expect("a folder");
    set_mode(&larder.path("closed"), 0o555);
    let folder = larder.path("closed");
    let says = ["cannot be made", "may not write to", folder.to_str().expect("UTF-8")];
    doctor("closed/deep/cache").wrong("directory", says);
}

#[test]
fn a_file_in_the_place_of_the_directory() {
    let larder = Larder::new();
    larder.file("cache", "a file");
    let found = examined(&larder);
    let dir = larder.dir();
    found.wrong("directory", [dir.to_str().expect("UTF-8"), "a file is in its place", "--dir"]);
    assert_eq!(fs::read(dir).expect("the file"), b"a file");
}

#[test]
fn a_cache_that_is_off_and_one_that_has_no_place() {
    let user = User::new("");
    let off = Examined::of(user.command(&["doctor"]).env("LARDER_DIR", "off"));
    off.warning("directory", ["off (LARDER_DIR)", "unset LARDER_DIR"]);
    if cfg!(not(target_vendor = "apple")) {
        let mut doctor = user.command(&["doctor"]);
        let nowhere = Examined::of(doctor.env_remove("HOME").env_remove("XDG_CACHE_HOME"));
        nowhere.wrong("directory", ["neither XDG_CACHE_HOME nor HOME is set", "LARDER_DIR"]);
    }
}

#[test]
fn what_says_where_it_is_is_named() {
    let user = User::at_home("");
    let file = format!("({}:1)", user.file().display());
    Examined::of(&mut user.command(&["doctor"])).fine("directory", [&*file]);
    let mut doctor = user.command(&["doctor"]);
    Examined::of(doctor.env("LARDER_DIR", user.dir())).fine("directory", ["(LARDER_DIR)"]);
}

#[test]
fn a_directory_that_this_user_may_not_write() {
    let larder = cache();
    let entry = larder.entry_file(&larder.key("a"));
    let folder = entry.parent().expect("a folder");
    set_mode(&larder.dir(), 0o755);
    set_mode(folder, 0o555);
    let doctor = || {
        let mut doctor = unprivileged(&larder);
        doctor.arg("--dir").arg(larder.dir()).arg("doctor");
        Examined::of(&mut doctor)
    };
    let dir = larder.dir().display().to_string();
    let says = ["may not list and write to", "chown", &dir];
    doctor().wrong("permissions", says);
    set_mode(&larder.dir(), 0o555);
    doctor().wrong("permissions", says);
    set_mode(&larder.dir(), 0o000);
    doctor().wrong("directory", ["denied", "give this user access to it"]);
    set_mode(&larder.dir(), 0o755);
    set_mode(folder, 0o755);
}

#[test]
fn a_directory_of_another_user_is_told_of() {
    let larder = Larder::new();
    // Root's on every machine.
    let mut doctor = unprivileged(&larder);
    let found = Examined::of(doctor.args(["--dir", "/", "doctor"]));
    found.wrong("permissions", ["it belongs to root, and this is user ", "chown"]);
}

#[test]
fn a_directory_that_everybody_can_write_to_is_wrong_unless_it_is_allowed() {
    let larder = cache();
    set_mode(&larder.dir(), 0o777);
    let chmod = format!("chmod -R o-w {}", larder.dir().display());
    examined(&larder).wrong("permissions", ["everybody can write to", "it is not used", &chmod]);
    let mut doctor = larder.command();
    let allowed = Examined::of(doctor.arg("doctor").env("LARDER_ALLOW_WORLD_WRITABLE", "1"));
    allowed.warning("permissions", ["allowed (LARDER_ALLOW_WORLD_WRITABLE)", &chmod]);
    // As /tmp is, and is to stay.
    set_mode(&larder.dir(), 0o1777);
    examined(&larder).wrong("permissions", ["name a folder of your own with --dir"]);
    set_mode(&larder.dir(), 0o777);
    // What is said to do is enough.
    let shell = Command::new("sh").args(["-c", &chmod]).status().expect("a shell");
    assert!(shell.success());
    examined(&larder).fine("permissions", ["readable and writable"]);

    let entry = larder.entry_file(&larder.key("a"));
    let folder = entry.parent().expect("a folder");
    set_mode(folder, 0o777);
    examined(&larder).warning("permissions", [folder.to_str().expect("UTF-8"), &chmod]);
}

#[test]
fn a_group_that_cannot_read_what_its_members_put_is_told_of() {
    let larder = cache();
    set_mode(&larder.dir(), 0o775);
    let doctor = |umask: &str| {
        let program = env!("CARGO_BIN_EXE_larder");
        let script = format!("umask {umask}; exec \"$@\"");
        let mut doctor = crate::support::bare("sh");
        doctor.args(["-c", &script, "sh", program, "--dir"]).arg(larder.dir()).arg("doctor");
        Examined::of(&mut doctor)
    };
    doctor("077").warning("permissions", ["its group", "umask"]);
    doctor("002").fine("permissions", ["readable and writable"]);
}
