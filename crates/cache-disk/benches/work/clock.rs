//! How long something takes, and the line that says so.

use std::time::{Duration, Instant};

use super::Result;

/// Runs `op` and returns how long it took. Giving back the memory of what it gave is not part of it.
pub fn time<T>(op: impl FnOnce() -> Result<T>) -> Result<Duration> {
    let begun = Instant::now();
    let done = op()?;
    let took = begun.elapsed();
    drop(done);
    Ok(took)
}

/// Prints one line: name, nanoseconds an operation, megabytes a second (0: not a transfer).
pub fn row(name: &str, n: usize, took: Duration, bytes: usize) {
    let ns = took.as_nanos() as f64 / n as f64;
    let megabytes = bytes as f64 / 1e6 / took.as_secs_f64();
    println!("{name:<20} {ns:12.0} ns/op {megabytes:10.1} MB/s");
}
