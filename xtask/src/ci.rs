//! Every check, in the order in which a failure is cheapest to find.

use std::time::Instant;

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::{browser, calls, deny, e2e, place, sha_instructions, torture};

type Step = (&'static str, fn(&Shell) -> Result<()>);

const STEPS: &[Step] = &[
    ("fmt", |sh| Ok(cmd!(sh, "cargo fmt --all --check").run()?)),
    ("clippy", |sh| clippy(sh, &[])),
    // cache-disk's feature `portable` takes the place of code, so one run cannot see both.
    ("clippy-all-features", |sh| clippy(sh, &["--all-features"])),
    ("clippy-fuzz", clippy_fuzz),
    ("test", |sh| test(sh, &["--workspace"])),
    ("test-portable", |sh| test(sh, &["--package", "cache-disk", "--features", "portable"])),
    ("system-calls", calls::run),
    ("sha-instructions", sha_instructions::run),
    ("doc-test", |sh| Ok(cmd!(sh, "cargo test --workspace --doc").run()?)),
    ("doc", doc),
    ("deny", deny::run),
    ("package", package),
    ("browser", browser::run),
    ("e2e", |_| e2e::run(&[])),
    ("torture", torture::short),
];

/// Runs every step, or the one of that name.
pub(crate) fn run(only: Option<&str>) -> Result<()> {
    let chosen: Vec<&Step> =
        STEPS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        bail!("no such step; there are: {}", names.join(", "));
    }
    let sh = place::shell()?;
    let begun = Instant::now();
    for (name, step) in &chosen {
        println!("── {name}");
        let begun = Instant::now();
        if let Err(error) = step(&sh) {
            bail!("{error:#}\nci: step {name} failed; rerun it: cargo xtask ci {name}");
        }
        println!("── {name}: {:.1} s", begun.elapsed().as_secs_f64());
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("ci result: ok. {} steps passed; 0 failed; finished in {seconds:.1} s", chosen.len());
    Ok(())
}

fn clippy(sh: &Shell, features: &[&str]) -> Result<()> {
    cmd!(sh, "cargo clippy --workspace --all-targets {features...} -- -D warnings").run()?;
    Ok(())
}

/// The fuzz targets are a workspace of their own. Without libFuzzer they need no nightly compiler.
fn clippy_fuzz(sh: &Shell) -> Result<()> {
    cmd!(sh, "cargo fmt --manifest-path fuzz/Cargo.toml --check").run()?;
    cmd!(sh, "cargo clippy --manifest-path fuzz/Cargo.toml --no-default-features")
        .args(["--", "-D", "warnings"])
        .run()?;
    Ok(())
}

fn test(sh: &Shell, what: &[&str]) -> Result<()> {
    let nextest = cmd!(sh, "cargo nextest --version").quiet().ignore_stdout().ignore_stderr();
    if nextest.run().is_ok() {
        cmd!(sh, "cargo nextest run {what...}").run()?;
    } else {
        cmd!(sh, "cargo test {what...} --lib --bins --tests --examples").run()?;
    }
    Ok(())
}

fn doc(sh: &Shell) -> Result<()> {
    let rustdoc = cmd!(sh, "cargo doc --workspace --no-deps --all-features");
    Ok(rustdoc.env("RUSTDOCFLAGS", "-D warnings").run()?)
}

/// Packs every crate that is to be published and builds each from its package. Cargo resolves the
/// crates among themselves, published or not.
///
/// The folder is a new one each time: Cargo remembers what it unpacked from the packages by the folder
/// and by the version, and would build against what the same version was before.
fn package(sh: &Shell) -> Result<()> {
    let target = place::target()?;
    sh.create_dir(&target)?;
    let scratch = tempfile::Builder::new().prefix("package-").tempdir_in(target)?;
    let scratch = scratch.path();
    let package = cmd!(sh, "cargo package --workspace --exclude xtask --allow-dirty");
    Ok(package.arg("--target-dir").arg(scratch).run()?)
}
