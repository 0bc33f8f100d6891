//! The tests against the real Go.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::go::Go;
use crate::scripts::{self, Chosen};
use crate::{oracle, place};

/// A test target that needs Go.
struct Suite {
    /// The test target's name, and the suite's.
    name: &'static str,
    package: &'static str,
    /// The feature that the target is behind, so that the ordinary tests need no Go.
    feature: &'static str,
    needs: Needs,
    /// Which of its tests run with the oldest Go, by the beginning of their names; all of them run
    /// with every Go when that is asked for. `None`: the suite is for the newest alone.
    with_oldest: Option<&'static str>,
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
        with_oldest: None,
    },
    Suite {
        name: "go_build",
        package: "cache-cli",
        feature: "go",
        needs: Needs::Go,
        with_oldest: None,
    },
    Suite {
        name: "go_json",
        package: "cache-prog-wire",
        feature: "go",
        needs: Needs::Go,
        with_oldest: None,
    },
    Suite {
        name: "go_helper",
        package: "cache-cli",
        feature: "go",
        needs: Needs::Go,
        with_oldest: Some("standard_library::what_was_built_through_larder"),
    },
];

/// Go's own script tests, which are no target of ours: with all Gos only, for they take long.
const SCRIPTS: &str = "scripts";

/// `cargo xtask e2e [--all-go] [SUITE]`: every suite, or the one of that name, with the newest Go
/// and in part with the oldest. `--all-go`: with every Go, and Go's script tests as well.
pub(crate) fn run(name: Option<&str>, all_go: bool) -> Result<()> {
    let chosen: Vec<&Suite> =
        SUITES.iter().filter(|suite| name.is_none_or(|name| name == suite.name)).collect();
    let with_scripts = name.map_or(all_go, |name| name == SCRIPTS);
    if chosen.is_empty() && !with_scripts {
        let names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        bail!("no such suite; there are: {}, {SCRIPTS}", names.join(", "));
    }
    let sh = place::shell()?;
    let go = Go::find(&sh)?;
    announce(&go);
    chosen.iter().try_for_each(|suite| suite.run(&sh, &go, None))?;
    if with_scripts {
        scripts::run(&sh, &go, Chosen::All)?;
    }
    for version in Go::older(&go, all_go) {
        let go = Go::of_version(&sh, version)?;
        announce(&go);
        for suite in &chosen {
            match suite.with_oldest {
                Some(_) if all_go => suite.run(&sh, &go, None)?,
                Some(part) => suite.run(&sh, &go, Some(part))?,
                None => {}
            }
        }
        if with_scripts && all_go {
            scripts::run(&sh, &go, Chosen::Core)?;
        }
    }
    Ok(())
}

fn announce(go: &Go) {
    eprintln!("xtask: Go {} at {}", go.version, go.program.display());
}

impl Suite {
    /// Runs the suite's tests, or those whose names begin with `part`.
    fn run(&self, sh: &Shell, go: &Go, part: Option<&str>) -> Result<()> {
        let Self { name, package, feature, .. } = self;
        let begun = Instant::now();
        let test = cmd!(sh, "cargo test --release -p {package} --features {feature} --test {name}");
        let test = match self.needs {
            Needs::Go => test.env("GO", &go.program),
            Needs::Oracle => test.env("GO_ORACLE", oracle::build(sh, go)?),
        };
        test.arg("--").args(part).run().with_context(|| format!("suite {name}"))?;
        eprintln!("xtask: suite {name}, Go {}: {} s", go.version, begun.elapsed().as_secs());
        Ok(())
    }
}
