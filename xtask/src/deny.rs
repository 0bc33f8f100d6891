//! Licences, bans, sources and advisories, by cargo-deny.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::tool;

/// The version that is built where there is none.
const VERSION: &str = "0.20.2";

/// Checks what `deny.toml` says.
pub(crate) fn run(sh: &Shell) -> Result<()> {
    let deny = tool::find(sh, "cargo-deny", VERSION)?;
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
