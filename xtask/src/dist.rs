//! The command as it is shipped.

use std::path::{Path, PathBuf};

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
    let target = place::target()?;
    let (built, shipped) = (target.join(host).join("release").join(&name), target.join("dist"));
    // Not the file itself: a linker leaves it in the page cache in the smallest pieces, and until it
    // is read anew each start of it takes a fifth of a millisecond longer than one of a copy, as every
    // installation is.
    std::fs::create_dir_all(&shipped)
        .with_context(|| format!("cannot make {}", shipped.display()))?;
    let shipped = shipped.join(name);
    if !is_newer(&shipped, &built)? {
        let copy = shipped.with_extension("new");
        std::fs::copy(&built, &copy)
            .and_then(|_| std::fs::rename(&copy, &shipped))
            .with_context(|| format!("cannot write {}", shipped.display()))?;
    }
    Ok(shipped)
}

/// Whether there is a file that was written after that one.
fn is_newer(file: &Path, than: &Path) -> Result<bool> {
    let Ok(file) = std::fs::metadata(file) else { return Ok(false) };
    Ok(file.modified()? > std::fs::metadata(than)?.modified()?)
}
