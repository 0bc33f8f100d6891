//! Bodies of any size in little memory.

#![cfg(target_os = "linux")]

mod support;

use std::process::{Command, Stdio};

use support::{command, program, serves};

#[test]
fn a_put_of_64_mib_takes_less_than_32_mib() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(program("put-and-measure"))
        .args([&command(&serves(&folder)), "64"])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let grown: u64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    assert!(grown < 32 << 10, "the memory has grown by {grown} KiB");
}
