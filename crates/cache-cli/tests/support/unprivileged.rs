//! What a user may do for whom permissions count.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::{Larder, Ran, bare};

/// Sets the mode bits of a file or folder.
pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
}

/// Whether this is root, whom nothing is forbidden.
fn is_root() -> bool {
    Ran::of(Command::new("id").arg("-u")).ok().trim() == "0"
}

/// `larder` as a user for whom permissions count, another one where this is root. It has no `--dir`.
pub fn unprivileged(larder: &Larder) -> Command {
    if !is_root() {
        return bare(env!("CARGO_BIN_EXE_larder"));
    }
    // The other user may not reach the place where it was built. It is copied by another process:
    // what this one has open for writing, the children of its other threads have too, and then it
    // cannot be run.
    let program = larder.path("larder");
    if !program.exists() {
        Ran::of(Command::new("cp").arg(env!("CARGO_BIN_EXE_larder")).arg(&program)).ok();
        set_mode(&program, 0o755);
        set_mode(&larder.path(""), 0o755);
    }
    let mut command = bare(program);
    command.uid(65534).gid(65534);
    command
}
