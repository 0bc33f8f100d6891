//! The go command's own script tests, with plain `go` and with `larder serve`: as many must pass.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::go::{self, Go};
use crate::{dist, place};

/// Which scripts run, by the beginnings of their names.
#[derive(Clone, Copy)]
pub(crate) enum Chosen {
    /// All about building, caching, testing, vetting and cleaning: six minutes on two cores, twice.
    All,
    /// Those that look into the cache: one minute, twice.
    Core,
}

impl Chosen {
    fn pattern(self) -> &'static str {
        match self {
            Chosen::All => "build_|cache_|clean_|env_gocacheprog|list_export|test_|vet(_|$)",
            Chosen::Core => {
                "build_cache|cache_|clean_|env_gocacheprog|list_export|test_cache|vet(_|$)"
            }
        }
    }
}

/// The longest that one run of them may take, as Go writes it.
const TIMEOUT: &str = "30m";

/// Where the scripts' environment gets its cache directory, and what it gets with that.
const CACHE: &str = "\"GOCACHE=\" + testGOCACHE,";
const CACHE_AND_HELPER: &str =
    "\"GOCACHE=\" + testGOCACHE, \"GOCACHEPROG=\" + os.Getenv(\"SCRIPTS_GOCACHEPROG\"),";

/// The script tests of a Go, built, in a copy of its GOROOT.
struct Scripts<'a> {
    sh: &'a Shell,
    version: &'a str,
    folder: tempfile::TempDir,
}

/// By its name, whether a script has passed, failed or been skipped.
type Results = BTreeMap<String, String>;

/// Runs the scripts with plain `go`, then with `larder serve`. Whatever passes with the one must
/// pass with the other.
pub(crate) fn run(sh: &Shell, go: &Go, chosen: Chosen) -> Result<()> {
    let larder = dist::build(sh)?;
    let scripts = Scripts::build(sh, go)?;
    let plain = scripts.run("plain go", None, chosen)?;
    let helper = format!("'{}' serve", larder.display());
    let served = scripts.run("larder serve", Some(helper), chosen)?;
    let mut worse = 0;
    for (name, with_plain) in &plain {
        let with_larder = served.get(name).map_or("lost", String::as_str);
        if with_plain != with_larder {
            println!("script {name}: {with_plain} with plain go, {with_larder} with larder serve");
            worse += usize::from(with_plain == "PASS");
        }
    }
    ensure!(worse == 0, "Go {}: {worse} scripts pass with plain go only", go.version);
    Ok(())
}

impl<'a> Scripts<'a> {
    fn build(sh: &'a Shell, go: &'a Go) -> Result<Self> {
        eprintln!("xtask: building the script tests of Go {}", go.version);
        let folder = tempfile::Builder::new().prefix("go-scripts-").tempdir()?;
        let scripts = Self { sh, version: &go.version, folder };
        let (from, root) = (&go.root, scripts.path("goroot"));
        cmd!(sh, "cp -R {from} {root}").quiet().run().context("cannot copy GOROOT")?;
        let source = root.join("src/cmd/go/script_test.go");
        let text = fs::read_to_string(&source)
            .with_context(|| format!("cannot read Go's own {}", source.display()))?;
        ensure!(
            text.matches(CACHE).count() == 1,
            "{} does not give scripts their cache directory where it used to",
            source.display()
        );
        fs::write(&source, text.replace(CACHE, CACHE_AND_HELPER))?;
        let test = scripts.path("scripts.test");
        go::shielded(sh, &scripts.path("goroot/bin/go"))
            .args(["test", "-c", "-o"])
            .args([test.as_os_str(), "cmd/go".as_ref()])
            .env("GOCACHE", scripts.path("cache"))
            .quiet()
            .run()
            .context("cannot build the script tests")?;
        Ok(scripts)
    }

    /// Runs them, with a helper or without, on a copy of the cache that building them left.
    fn run(&self, title: &str, helper: Option<String>, chosen: Chosen) -> Result<Results> {
        let begun = Instant::now();
        let sh = self.sh;
        let (filled, cache, tmp) = (self.path("cache"), self.path(title), self.path("tmp"));
        cmd!(sh, "cp -R {filled} {cache}").quiet().run()?;
        fs::create_dir_all(&tmp)?;
        let root = self.path("goroot");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(root.join("bin")).chain(std::env::split_paths(&path));
        let output = {
            let _dir = sh.push_dir(root.join("src/cmd/go"));
            go::shielded(sh, &self.path("scripts.test"))
                .arg(format!("-test.run=TestScript/^({})", chosen.pattern()))
                .arg(format!("-test.timeout={TIMEOUT}"))
                .arg("-test.v")
                .env("PATH", std::env::join_paths(path)?)
                .env("GOROOT", &root)
                .env("GOCACHE", &cache)
                .env("TMPDIR", &tmp)
                .env("SCRIPTS_GOCACHEPROG", helper.unwrap_or_default())
                .quiet()
                .ignore_status()
                .output()?
        };
        let name = format!("scripts-{}-{}.log", self.version, title.replace(' ', "-"));
        let log = place::target()?.join(name);
        fs::write(&log, &output.stdout)?;
        let results = results(&String::from_utf8_lossy(&output.stdout));
        let count = |result: &str| results.values().filter(|found| *found == result).count();
        println!(
            "scripts with {title}: {} passed, {} failed, {} skipped, in {} s ({})",
            count("PASS"),
            count("FAIL"),
            count("SKIP"),
            begun.elapsed().as_secs(),
            log.display()
        );
        ensure!(count("PASS") > 0, "no script passed: see {}", log.display());
        Ok(results)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Reads the output of `-test.v`: `    --- PASS: TestScript/NAME (1.23s)`.
fn results(output: &str) -> Results {
    let result = |line: &str| {
        let (result, rest) = line.strip_prefix("    --- ")?.split_once(": TestScript/")?;
        Some((rest.split(' ').next()?.to_owned(), result.to_owned()))
    };
    output.lines().filter_map(result).collect()
}
