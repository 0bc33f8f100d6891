//! Cargo's subcommands that the checks need and that do not come with it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::place;

/// The program of that name on PATH, else our own, built the first time.
pub(crate) fn find(sh: &Shell, name: &str, version: &str) -> Result<PathBuf> {
    let tools = place::tools()?.join("tools");
    let ours = tools.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    for program in [PathBuf::from(name), ours.clone()] {
        if cmd!(sh, "{program} --version").quiet().ignore_stdout().ignore_stderr().run().is_ok() {
            return Ok(program);
        }
    }
    eprintln!("xtask: building {name}, once, into {}", tools.display());
    // Not into our build folder: the next `cargo clean` would take its pieces along for nothing.
    cmd!(sh, "cargo install {name}@{version} --locked --root {tools}")
        .env_remove("CARGO_TARGET_DIR")
        .run()
        .with_context(|| format!("cannot install {name}"))?;
    Ok(ours)
}
