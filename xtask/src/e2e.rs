//! The tests against the real Go.

use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::go::Go;
use crate::scripts::{self, Chosen};
use crate::{debian, oracle, place, tool};

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
    /// Which of its tests run when the suite is not asked for, by the beginning of their names.
    /// `None`: all.
    short: Option<&'static str>,
}

/// What a suite is given in its environment, and on the machine.
enum Needs {
    /// `GO`: the `go` command.
    Go,
    /// `GO_ORACLE`: the oracle, and `GO`.
    Oracle,
    /// `GO`, and the programs of Debian's that keep objects.
    Stores,
    /// `GO`, and `GARAGE`: the `garage` command.
    Cluster,
}

const SUITES: &[Suite] = &[
    Suite {
        name: "differential",
        package: "cache-disk",
        feature: "go-oracle",
        needs: Needs::Oracle,
        with_oldest: None,
        short: None,
    },
    Suite {
        name: "races",
        package: "cache-disk",
        feature: "go-oracle",
        needs: Needs::Oracle,
        with_oldest: None,
        short: None,
    },
    Suite {
        name: "go_build",
        package: "cache-cli",
        feature: "go",
        needs: Needs::Go,
        with_oldest: None,
        short: None,
    },
    Suite {
        name: "go_json",
        package: "cache-prog-wire",
        feature: "go",
        needs: Needs::Go,
        with_oldest: None,
        short: None,
    },
    Suite {
        name: "go_helper",
        package: "cache-cli",
        feature: "go",
        needs: Needs::Go,
        with_oldest: Some("standard_library::what_was_built_through_larder"),
        short: None,
    },
    Suite {
        name: "go_remote",
        package: "cache-cli",
        feature: "go",
        needs: Needs::Stores,
        with_oldest: None,
        short: None,
    },
    Suite {
        name: "go_hostile_store",
        package: "cache-cli",
        feature: "go",
        needs: Needs::Go,
        with_oldest: None,
        short: Some("network::"),
    },
    Suite {
        name: CLUSTER,
        package: "cache-cli",
        feature: "go",
        needs: Needs::Cluster,
        with_oldest: None,
        short: None,
    },
];

/// The suite with a cluster. To build its store takes a quarter of an hour, so it runs where that was
/// done, and where it is asked for.
const CLUSTER: &str = "go_garage";

/// Where there is no garage, this version is built.
const GARAGE: &str = "2.5.0";

/// Go's own script tests, which are no target of ours: with all Gos only, for they take long.
const SCRIPTS: &str = "scripts";

/// `cargo xtask e2e [--all-go | --cluster] [SUITE]`: every suite, or the one of that name, with the
/// newest Go and in part with the oldest. `--all-go`: with every Go, and Go's script tests as well.
/// `--cluster`: the suite with a cluster, whose store is built if need be. A suite that is asked for
/// runs whole, and builds the whole standard library where it builds a part of it otherwise.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let (flags, names): (Vec<&str>, Vec<&str>) =
        options.iter().partition(|option| option.starts_with('-'));
    let (mut all_go, mut names) = (false, names);
    for flag in flags {
        match flag {
            "--all-go" => all_go = true,
            "--cluster" => names.push(CLUSTER),
            _ => bail!("e2e has no option {flag}; there are --all-go and --cluster"),
        }
    }
    ensure!(names.len() <= 1, "e2e takes one suite, or none for all");
    let name = names.first().copied();
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
    let is_asked_for = name.is_some();
    if is_asked_for || all_go {
        sh.set_var("LARDER_LONG", "1");
    }
    for suite in &chosen {
        if suite.name == CLUSTER && !is_asked_for && !tool::is_there(&sh, "garage")? {
            eprintln!(
                "xtask: suite {CLUSTER} is left out: no garage here; e2e --cluster builds it"
            );
            continue;
        }
        suite.run(&sh, &go, suite.short.filter(|_| !is_asked_for && !all_go))?;
    }
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
            Needs::Oracle => test.env("GO_ORACLE", oracle::build(sh, go)?).env("GO", &go.program),
            Needs::Stores => {
                debian::need(sh, "redis-server", "--version", "redis-server")?;
                debian::need(sh, "nginx", "-v", "nginx-light")?;
                test.env("GO", &go.program)
            }
            Needs::Cluster => {
                let garage = tool::find(sh, "garage", GARAGE)?;
                test.env("GO", &go.program).env("GARAGE", garage)
            }
        };
        test.arg("--").args(part).run().with_context(|| format!("suite {name}"))?;
        eprintln!("xtask: suite {name}, Go {}: {} s", go.version, begun.elapsed().as_secs());
        Ok(())
    }
}
