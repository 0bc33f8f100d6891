//! The tests that need a browser: the page of `larder stats --html` in headless Chromium.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::debian;

/// The names that Chromium goes by; its relatives do as well.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Runs the page's tests.
pub(crate) fn run(sh: &Shell) -> Result<()> {
    let program = find(sh)?;
    cmd!(sh, "cargo test -p cache-cli --features browser --test stats_page")
        .env("CHROMIUM", program)
        .run()?;
    Ok(())
}

/// The browser that `CHROMIUM` names or one on PATH, else Debian's, installed the first time.
fn find(sh: &Shell) -> Result<PathBuf> {
    let named = env::var_os("CHROMIUM").map(PathBuf::from);
    let mut known = named.into_iter().chain(NAMES.map(PathBuf::from));
    if let Some(program) = known.find(|program| runs(sh, program)) {
        return Ok(program);
    }
    debian::install(sh, &[NAMES[0], "fonts-dejavu-core"]).context(
        "Chromium is needed: put chromium on PATH, or name it in the variable CHROMIUM, \
         or run this as a user who may use apt-get",
    )?;
    Ok(NAMES[0].into())
}

fn runs(sh: &Shell, program: &PathBuf) -> bool {
    cmd!(sh, "{program} --version").quiet().ignore_stdout().ignore_stderr().run().is_ok()
}
