//! The fuzz targets, each for a while.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};
use xshell::{Cmd, cmd};

use crate::{place, tool};

/// The version of cargo-fuzz that is built where there is none.
const VERSION: &str = "0.13.2";

/// How long a target runs when nothing else is said, in seconds.
const SECONDS: u32 = 30;

/// The most that a target may allocate at a time, in MiB. The wire's readers hold a message of
/// 256 KiB, and parsed it has up to 16 times that; a compressed body may want a window of 8 MiB.
const LARGEST_ALLOCATION: u32 = 10;

/// `cargo xtask fuzz [SECONDS [TARGET…]]`: runs every target, or those.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let (seconds, names) = match args {
        [] => (SECONDS, args),
        [seconds, names @ ..] => {
            let number = seconds.parse();
            (number.with_context(|| format!("fuzz: {seconds:?} is no number"))?, names)
        }
    };
    let targets = targets()?;
    let all = || targets.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    for name in names {
        ensure!(
            targets.iter().any(|it| it == name),
            "fuzz: no target {name}; there are: {}",
            all()
        );
    }
    let is_wanted = |target: &String| names.is_empty() || names.contains(&target.as_str());
    run_those(
        &targets.iter().filter(|target| is_wanted(target)).cloned().collect::<Vec<_>>(),
        seconds,
    )?;
    Ok(())
}

/// Runs every target for so long. Returns what that came to.
pub(crate) fn run_all(seconds: u32) -> Result<String> {
    let targets = targets()?;
    let executed = run_those(&targets, seconds)?;
    Ok(format!("{} targets for {seconds} s each, {executed} inputs", targets.len()))
}

/// About how long [`run_all`] takes, in seconds.
pub(crate) fn time_of_all(seconds: u32) -> Result<u64> {
    Ok(u64::from(seconds) * targets()?.len().div_ceil(at_once()) as u64)
}

/// How many run at a time.
fn at_once() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The targets' names, in order.
fn targets() -> Result<Vec<String>> {
    let files = place::shell()?.read_dir("fuzz/fuzz_targets")?;
    let stem = |file: &PathBuf| Some(file.file_stem()?.to_str()?.to_owned());
    let mut targets: Vec<String> = files.iter().filter_map(stem).collect();
    targets.sort();
    Ok(targets)
}

/// Runs these, as many at a time as there are processors; what makes one fail stays in
/// `fuzz/artifacts`. Returns how many inputs were tried.
fn run_those(targets: &[String], seconds: u32) -> Result<u64> {
    let sh = place::shell()?;
    nightly(cmd!(sh, "cargo --version"))
        .quiet()
        .ignore_stdout()
        .run()
        .context("fuzzing needs a nightly compiler: rustup toolchain install nightly")?;
    let fuzz = tool::find(&sh, "cargo-fuzz", VERSION)?;
    let target_dir = place::target()?.join("fuzz");
    // One after the other, for Cargo builds one at a time.
    for name in targets {
        nightly(cmd!(sh, "{fuzz} build --target-dir {target_dir} {name}")).run()?;
    }
    let next = AtomicUsize::new(0);
    let work = || -> Result<u64> {
        let mut executed = 0;
        while let Some(name) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            executed += run_one(&fuzz, &target_dir, name, seconds)?;
        }
        Ok(executed)
    };
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..at_once().min(targets.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker that does not panic")).sum()
    })
}

/// Runs a target that is built. Returns how many inputs it tried.
fn run_one(fuzz: &Path, target_dir: &Path, name: &str, seconds: u32) -> Result<u64> {
    let sh = place::shell()?;
    // What is found goes to the first folder; the committed corpus is only read.
    let found = target_dir.join("corpus").join(name);
    fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let seeds = place::root()?.join("fuzz/corpus").join(name);
    let scratch = target_dir.join("tmp");
    fs::create_dir_all(&scratch).with_context(|| format!("cannot make {}", scratch.display()))?;
    println!("xtask: fuzzing {name} for {seconds} s");
    let (time, size) = (format!("{seconds}"), format!("{LARGEST_ALLOCATION}"));
    let ran = nightly(cmd!(sh, "{fuzz} run --target-dir {target_dir} {name} {found} {seeds} --"))
        .arg(format!("-max_total_time={time}"))
        .arg(format!("-malloc_limit_mb={size}"))
        .args(["-timeout=10", "-max_len=8192", "-print_final_stats=1"])
        .env("TMPDIR", scratch)
        .quiet()
        .ignore_status()
        .output()?;
    let told = String::from_utf8_lossy(&ran.stderr);
    ensure!(ran.status.success(), "{told}\nfuzz target {name}: the input stands above");
    let executed =
        told.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let executed =
        executed.with_context(|| format!("{told}\nfuzz target {name}: no statistics"))?;
    println!("xtask: {name}: {} inputs, no finding", executed.trim());
    Ok(executed.trim().parse()?)
}

/// With the compiler that fuzzing needs.
fn nightly(command: Cmd<'_>) -> Cmd<'_> {
    command.env("RUSTUP_TOOLCHAIN", "nightly").env_remove("CARGO")
}
