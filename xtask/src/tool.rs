//! Programs from crates that the checks need, cargo's subcommands among them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::place;

/// Whether there is such a program, so that [`find`] builds nothing.
pub(crate) fn is_there(sh: &Shell, name: &str) -> Result<bool> {
    Ok(known(sh, name, &place::tools()?.join("tools")).is_some())
}

/// The program of that name on PATH, else our own, built the first time.
pub(crate) fn find(sh: &Shell, name: &str, version: &str) -> Result<PathBuf> {
    let tools = place::tools()?.join("tools");
    if let Some(program) = known(sh, name, &tools) {
        return Ok(program);
    }
    eprintln!("xtask: building {name}, once, into {}", tools.display());
    // Not into our build folder: the next `cargo clean` would take its pieces along for nothing.
    cmd!(sh, "cargo install {name}@{version} --locked --root {tools}")
        .env_remove("CARGO_TARGET_DIR")
        .run()
        .with_context(|| format!("cannot install {name}"))?;
    Ok(ours(name, &tools))
}

fn known(sh: &Shell, name: &str, tools: &Path) -> Option<PathBuf> {
    [PathBuf::from(name), ours(name, tools)].into_iter().find(|program| {
        cmd!(sh, "{program} --version").quiet().ignore_stdout().ignore_stderr().run().is_ok()
    })
}

fn ours(name: &str, tools: &Path) -> PathBuf {
    tools.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
