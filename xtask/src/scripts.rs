//! The go command's own script tests, with and without `larder serve`: as many must pass.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::go::Go;
use crate::place;

/// Which scripts run, by the beginnings of their names: those about building, caching, testing,
/// vetting and cleaning.
const CHOSEN: &[&str] =
    &["build_", "cache_", "clean_", "env_cache", "env_gocacheprog", "list_export", "test_", "vet"];

/// The longest that one run of them may take.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// Where the scripts' environment names their cache directory, and what is put there.
const ENVIRONMENT: &str = "\"GOCACHE=\" + testGOCACHE,";
const WITH_HELPER: &str =
    "\"GOCACHE=\" + testGOCACHE, \"GOCACHEPROG=\" + os.Getenv(\"SCRIPTS_GOCACHEPROG\"),";

/// A copy of GOROOT, in which the scripts may be given a helper.
struct Copy<'a> {
    sh: &'a Shell,
    go: Go,
    folder: tempfile::TempDir,
}

/// What a run of the scripts gave: by name, whether it passed, failed or was skipped.
type Results = BTreeMap<String, String>;

/// Runs the scripts with plain `go`, then with `larder serve`. What passed the first time must pass
/// the second.
pub(crate) fn run(sh: &Shell, go: &Go) -> Result<()> {
    cmd!(sh, "cargo build --release --package cache-cli").run()?;
    let larder = place::target()?.join(format!("release/larder{}", std::env::consts::EXE_SUFFIX));
    let copy = Copy::new(sh, go)?;
    let plain = copy.run("plain", "")?;
    let helped = copy.run("larder", &format!("'{}' serve", larder.display()))?;
    for (name, result) in &helped {
        match plain.get(name) {
            Some(plain) if plain == result => {}
            plain => {
                let plain = plain.map_or("-", String::as_str);
                println!("script {name}: {plain} with plain go, {result} with larder serve");
            }
        }
    }
    let worse: Vec<&str> = passed(&plain).filter(|name| !passed(&helped).any(|n| n == *name)).collect();
    ensure!(worse.is_empty(), "scripts that pass with plain go only: {}", worse.join(", "));
    Ok(())
}

fn passed(results: &Results) -> impl Iterator<Item = &str> {
    results.iter().filter(|(_, result)| *result == "PASS").map(|(name, _)| name.as_str())
}

impl<'a> Copy<'a> {
    fn new(sh: &'a Shell, go: &Go) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("go-scripts-").tempdir()?;
        let (from, root) = (&go.root, folder.path().join("goroot"));
        cmd!(sh, "cp -R {from} {root}").quiet().run().context("cannot copy GOROOT")?;
        let source = root.join("src/cmd/go/script_test.go");
        let text = fs::read_to_string(&source).with_context(|| format!("{}", source.display()))?;
        ensure!(
            text.matches(ENVIRONMENT).count() == 1,
            "{} does not set GOCACHE as it used to: see where scripts get their environment",
            source.display()
        );
        fs::write(&source, text.replace(ENVIRONMENT, WITH_HELPER))?;
        let program = root.join("bin").join(go.program.file_name().unwrap_or_default());
        let go = Go { program, root, version: go.version.clone() };
        let copy = Self { sh, go, folder };
        eprintln!("xtask: building the script tests of Go {}", go_version(&copy));
        let (test, cache) = (copy.path("scripts.test"), copy.path("cache"));
        let build = copy.go.cmd(sh).args(["test", "-c", "-o"]).arg(&test).arg("cmd/go");
        build.env("GOCACHE", &cache).quiet().run().context("cannot build the script tests")?;
        Ok(copy)
    }
}
