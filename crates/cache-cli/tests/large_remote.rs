//! A result of 1 GiB goes up to a store and comes down from it, and no process takes much memory.
#![cfg(target_os = "linux")]

mod support;

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use support::user::ACTION;
use support::{Larder, peak_so_far};
use test_stores::{S3Server, noise};

const SIZE: u64 = 1 << 30;

/// What a process may take at its peak.
const MOST: u64 = 96 << 20;

/// Turns a hang into a failure.
const DEADLINE: Duration = Duration::from_secs(600);

/// A half of it does not compress: a block of zeros, a block of noise, and so on.
const BLOCK: usize = 512 << 10;

#[test]
fn a_gibibyte_goes_through_a_bucket_with_less_than_96_mib() {
    goes_up_and_down(&S3Server::start().uri("cache"));
}

#[test]
fn a_gibibyte_goes_through_a_folder_with_less_than_96_mib() {
    goes_up_and_down(&support::store::Store::new().uri());
}

fn goes_up_and_down(uri: &str) {
    let (one, other) = (Larder::new(), Larder::new());
    let (source, target) = (one.path("source"), other.path("target"));
    write(&source);
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    assert_eq!(runs(&one, uri, ["put", ACTION, &text(&source)]), Some(0));
    fs::remove_dir_all(one.dir()).expect("its cache");
    // A lookup has no patience with a machine that is busy with something else.
    let get = || runs(&other, uri, ["get", ACTION, "-o", &text(&target)]);
    assert!((0..5).any(|_| get() == Some(0)), "it does not come");
    fs::remove_dir_all(other.dir()).expect("its cache");
    are_equal(&source, &target);
}

/// Runs `larder`, and looks at its memory while it does. Returns its exit code.
fn runs<const N: usize>(larder: &Larder, uri: &str, args: [&str; N]) -> Option<i32> {
    let mut command = larder.command();
    command.args(args).env("LARDER_REMOTE", uri).env("LARDER_UPLOAD_WAIT", "10m");
    let mut child = command.stdout(Stdio::null()).spawn().expect("larder");
    let (begun, number) = (Instant::now(), child.id().to_string());
    let mut peak = 0;
    let status = loop {
        // It only grows, and is gone with the process.
        peak = peak_so_far(&number).unwrap_or(peak);
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        assert!(begun.elapsed() < DEADLINE, "it does not end");
        thread::sleep(Duration::from_millis(5));
    };
    let took = begun.elapsed().as_secs_f64();
    println!("{} with {uri:.5}: {} KiB at the peak, {took:.1} s", args[0], peak >> 10);
    assert!(0 < peak && peak < MOST, "it took {peak} bytes");
    status.code()
}

fn write(path: &Path) {
    let mut file = File::create_new(path).expect("a file");
    let mut block = noise(1, BLOCK);
    for n in 0..SIZE / (2 * BLOCK as u64) {
        // Zeros that take no room on the disk.
        file.seek(SeekFrom::Current(BLOCK as i64)).expect("a place in the file");
        // No compressor remembers a block that is a mebibyte away, but equal ones are too easy.
        block.iter_mut().for_each(|byte| *byte = byte.wrapping_add(n as u8 | 1));
        file.write_all(&block).expect("room for half a gibibyte");
    }
    assert_eq!(file.metadata().expect("its size").len(), SIZE);
}

fn are_equal(one: &Path, other: &Path) {
    let [mut one, mut other] = [one, other].map(|path| File::open(path).expect("a file"));
    assert_eq!(one.metadata().expect("a size").len(), other.metadata().expect("a size").len());
    let [mut these, mut those] = [vec![0; BLOCK], vec![0; BLOCK]];
    for at in (0..SIZE).step_by(BLOCK) {
        one.read_exact(&mut these).expect("a block");
        other.read_exact(&mut those).expect("a block");
        assert!(these == those, "they differ at {at} or after it");
    }
}
