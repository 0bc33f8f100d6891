//! Programs that come from the system's own packages.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// Sees to it that there is a program, which prints its version when it is given `version`: the package
/// is installed where there is none.
pub(crate) fn need(sh: &Shell, program: &str, version: &str, package: &str) -> Result<()> {
    let ask = cmd!(sh, "{program} {version}").quiet().ignore_stdout().ignore_stderr();
    if ask.run().is_ok() {
        return Ok(());
    }
    install(sh, &[package]).with_context(|| {
        format!("{program} is needed: put it on PATH, or run this as a user who may use apt-get")
    })
}

/// Installs packages with apt-get; says so by the name of the first.
pub(crate) fn install(sh: &Shell, packages: &[&str]) -> Result<()> {
    eprintln!("xtask: installing Debian's {}, once, with apt-get", packages[0]);
    let install = || {
        cmd!(sh, "apt-get install --yes --no-install-recommends {packages...}")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .run()
    };
    // What apt-get knows of may be older than what there is.
    if install().is_err() {
        cmd!(sh, "apt-get update").run()?;
        install()?;
    }
    Ok(())
}
