//! The fuzz targets, each for a while.

use std::fs;

use anyhow::{Context, Result};
use xshell::cmd;

use crate::{place, tool};

/// The version of cargo-fuzz that is built where there is none.
const VERSION: &str = "0.13.2";

/// How long a target runs when nothing else is said, in seconds.
const SECONDS: u32 = 30;

/// The most that a target may allocate at a time, in MiB. The wire's readers hold a message of
/// 256 KiB, and parsed it has up to 16 times that; a compressed body may want a window of 8 MiB.
const LARGEST_ALLOCATION: u32 = 10;

/// Runs every target; what makes one fail stays in `fuzz/artifacts`.
pub(crate) fn run(seconds: Option<&str>) -> Result<()> {
    let seconds: u32 = match seconds {
        Some(text) => text.parse().with_context(|| format!("fuzz: {text:?} is no number"))?,
        None => SECONDS,
    };
    let sh = place::shell()?;
    let nightly =
        cmd!(sh, "cargo --version").env("RUSTUP_TOOLCHAIN", "nightly").env_remove("CARGO");
    nightly
        .quiet()
        .ignore_stdout()
        .run()
        .context("fuzzing needs a nightly compiler: rustup toolchain install nightly")?;
    let fuzz = tool::find(&sh, "cargo-fuzz", VERSION)?;
    let target_dir = place::target()?.join("fuzz");
    for entry in sh.read_dir("fuzz/fuzz_targets")? {
        let Some(name) = entry.file_stem() else { continue };
        // What is found goes to the first folder; the committed corpus is only read.
        let found = target_dir.join("corpus").join(name);
        fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
        let seeds = place::root()?.join("fuzz/corpus").join(name);
        let (time, size) = (format!("{seconds}"), format!("{LARGEST_ALLOCATION}"));
        cmd!(sh, "{fuzz} run --target-dir {target_dir} {name} {found} {seeds} --")
            .arg(format!("-max_total_time={time}"))
            .arg(format!("-malloc_limit_mb={size}"))
            .args(["-timeout=10", "-max_len=8192", "-print_final_stats=1"])
            .env("RUSTUP_TOOLCHAIN", "nightly")
            .env_remove("CARGO")
            .run()
            .with_context(|| format!("fuzz target {}", name.to_string_lossy()))?;
    }
    Ok(())
}
