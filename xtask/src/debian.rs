//! Programs that come from the system's own packages.

use anyhow::Result;
use xshell::{Shell, cmd};

/// Installs packages with apt-get.
pub(crate) fn install(sh: &Shell, packages: &[&str]) -> Result<()> {
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
