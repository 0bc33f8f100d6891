//! The tests against the real Go.

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::go::Go;
use crate::{oracle, place};

/// A test target that needs Go.
struct Suite {
    /// The test target's name, and the suite's.
    name: &'static str,
    package: &'static str,
    /// The feature that the target is behind, so that the ordinary tests need no Go.
    feature: &'static str,
    needs: Needs,
}

/// What a suite is given in its environment.
enum Needs {
    /// `GO`: the `go` command.
    Go,
    /// `GO_ORACLE`: the oracle.
    Oracle,
}

const SUITES: &[Suite] = &[
    Suite {
        name: "differential",
        package: "cache-disk",
        feature: "go-oracle",
        needs: Needs::Oracle,
    },
    Suite { name: "go_build", package: "cache-cli", feature: "go", needs: Needs::Go },
];

/// Runs every suite, or the one of that name.
pub(crate) fn run(name: Option<&str>) -> Result<()> {
    let chosen: Vec<&Suite> =
        SUITES.iter().filter(|suite| name.is_none_or(|name| name == suite.name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        bail!("no such suite; there are: {}", names.join(", "));
    }
    let sh = place::shell()?;
    let go = Go::find(&sh)?;
    eprintln!("xtask: Go {} at {}", go.version, go.program.display());
    chosen.into_iter().try_for_each(|suite| suite.run(&sh, &go))
}

impl Suite {
    fn run(&self, sh: &Shell, go: &Go) -> Result<()> {
        let Self { name, package, feature, .. } = self;
        let test = cmd!(sh, "cargo test --release -p {package} --features {feature} --test {name}");
        let test = match self.needs {
            Needs::Go => test.env("GO", &go.program),
            Needs::Oracle => test.env("GO_ORACLE", oracle::build(sh, go)?),
        };
        test.run().with_context(|| format!("suite {name}"))
    }
}
