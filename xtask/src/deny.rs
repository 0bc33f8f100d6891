//! Licences, bans, sources and advisories, by cargo-deny.

use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::place;

/// The version that is built where there is none.
const VERSION: &str = "0.20.2";

/// Checks what `deny.toml` says.
pub(crate) fn run(sh: &Shell) -> Result<()> {
    let deny = program(sh)?;
    cmd!(sh, "{deny} --log-level warn check licenses bans sources").run()?;
    // The advisories come from a database on the network. Only its fetch may fail: a machine
    // without a network still runs the other checks.
    let fetched = cmd!(sh, "{deny} --log-level error fetch db").quiet().ignore_stderr().run();
    if fetched.is_err() {
        println!("advisories NOT checked: their database could not be fetched");
        return Ok(());
    }
    cmd!(sh, "{deny} --log-level warn check --disable-fetch advisories").run()?;
    Ok(())
}

/// The cargo-deny on PATH, else our own, built the first time.
fn program(sh: &Shell) -> Result<PathBuf> {
    let on_path = PathBuf::from("cargo-deny");
    let tools = place::tools()?.join("tools");
    let ours = tools.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    for deny in [on_path, ours.clone()] {
        if cmd!(sh, "{deny} --version").quiet().ignore_stdout().ignore_stderr().run().is_ok() {
            return Ok(deny);
        }
    }
    eprintln!("xtask: building cargo-deny, once, into {}", tools.display());
    // Not into our build folder: the next `cargo clean` would take its pieces along for nothing.
    cmd!(sh, "cargo install cargo-deny@{VERSION} --locked --root {tools}")
        .env_remove("CARGO_TARGET_DIR")
        .run()
        .context("cannot install cargo-deny")?;
    Ok(ours)
}
