//! The command as it is shipped.

use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::place;

/// Builds `larder` and prints its path.
pub(crate) fn print_path() -> Result<()> {
    println!("{}", build(&place::shell()?)?.display());
    Ok(())
}

/// Builds `larder` in a release build and returns its path.
///
/// On Linux it is one static file at a fixed address, which runs on any distribution, and which has
/// no library to load and no addresses to put in their places at every start.
pub(crate) fn build(sh: &Shell) -> Result<PathBuf> {
    let version = cmd!(sh, "rustc --version --verbose").quiet().read()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say what it runs on")?;
    let mut build = cmd!(sh, "cargo build --release --package cache-cli --bin larder");
    // With a target that is named, Cargo keeps the flags away from what runs while it builds.
    build = build.args(["--target", host]).quiet();
    if host.ends_with("-linux-gnu") {
        build = build.env("RUSTFLAGS", "-C target-feature=+crt-static -C relocation-model=static");
    }
    build.run().context("cannot build larder; a static one needs the C library as libc.a")?;
    let name = format!("larder{}", std::env::consts::EXE_SUFFIX);
    Ok(place::target()?.join(host).join("release").join(name))
}
