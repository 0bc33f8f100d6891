//! The attacks on Larder's promises: each is a test that says how often it did its worst.

mod attacks;
mod options;
mod page;

use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::go::Go;
use crate::{debian, fuzz, oracle, place};
use attacks::{ATTACKS, Amount, Attack, FUZZ, Needs, Run};
use options::Options;

/// What an attack came to.
struct Outcome {
    /// As the tests said it: `run: 1000 runs killed, 864 before they had ended`.
    held: Vec<String>,
    seconds: u64,
}

/// `cargo xtask torture`, with the options that its usage names.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let options = Options::parse(args)?;
    let sh = place::shell()?;
    let chosen = options.chosen();
    let planned: u64 = chosen.iter().map(|attack| attack.seconds()).sum();
    let planned = planned + if options.wants_fuzz() { fuzz::time_of_all(FUZZ.seconds)? } else { 0 };
    let share = options.seconds.map_or(1.0, |budget| (budget as f64 / planned as f64).min(1.0));
    let seed = options.seed.map_or_else(new_seed, Ok)?;
    println!(
        "xtask: {planned} s of attacks are planned; each gets {:.0} % of its time and rounds; \
         replay them all: cargo xtask torture --seed {seed}",
        share * 100.0
    );
    let mut outcomes = Vec::new();
    // One that breaks through, hours later, does not take along what held before.
    let mut held = |attack: &'static Attack, outcome: Outcome| -> Result<()> {
        if options.write {
            page::record(&sh, seed, attack, &outcome)?;
        }
        outcomes.push((attack, outcome));
        Ok(())
    };
    for attack in chosen {
        held(attack, attack.long(&sh, seed, share)?)?;
    }
    if options.wants_fuzz() {
        let begun = Instant::now();
        let seconds = ((FUZZ.seconds as f64 * share) as u32).max(1);
        let said = vec![fuzz::run_all(seconds)?];
        let seconds = begun.elapsed().as_secs();
        held(&FUZZ.attack, Outcome { held: said, seconds })?;
    }
    for (attack, outcome) in &outcomes {
        println!("{}: {} ({} s)", attack.name, outcome.held.join("; "), outcome.seconds);
    }
    println!("torture result: ok. {} attacks held; 0 broke through", outcomes.len());
    Ok(())
}

/// The short form of those attacks that neither the ordinary tests nor those against Go have, for they
/// mount file systems.
pub(crate) fn short(sh: &Shell) -> Result<()> {
    let all = ATTACKS.iter().flat_map(|attack| attack.runs);
    for run in all.filter(|run| run.needs.mounts()) {
        if let Some(reason) = run.needs.missing(sh)? {
            println!("{} NOT attacked: {reason}", run.test);
            continue;
        }
        run.start(sh, None, &[])?;
    }
    Ok(())
}

/// A new seed for all attacks. Seconds are enough: whoever starts two at once wants two machines.
fn new_seed() -> Result<u64> {
    Ok(std::time::UNIX_EPOCH.elapsed()?.as_secs())
}

impl Attack {
    fn seconds(&self) -> u64 {
        self.runs.iter().map(|run| run.seconds).sum()
    }

    /// The long form, of which every part has to have said that it held.
    fn long(&self, sh: &Shell, seed: u64, share: f64) -> Result<Outcome> {
        let begun = Instant::now();
        let mut outcome = Outcome { held: Vec::new(), seconds: 0 };
        for run in self.runs {
            if let Some(reason) = run.needs.missing(sh)? {
                bail!("torture: attack {}: {reason}", self.name);
            }
            let part = |n: u64| ((n as f64 * share) as u64).max(1).to_string();
            let mut variables = vec![("LARDER_SEED", seed.to_string())];
            match run.amount {
                Amount::Rounds(rounds) => variables.push(("LARDER_ROUNDS", part(rounds))),
                Amount::Seconds(seconds) => variables.push(("LARDER_SECONDS", part(seconds))),
            }
            let said = run.start(sh, Some("--release"), &variables)?;
            let held = said.lines().filter_map(|line| {
                let (_, rest) = line.split_once("attack ")?;
                let (name, rounds) = rest.split_once(" held: ")?;
                Some(format!("{name}: {}", rounds.trim()))
            });
            let before = outcome.held.len();
            outcome.held.extend(held);
            ensure!(outcome.held.len() > before, "torture: {} did not say that it held", run.test);
        }
        outcome.seconds = begun.elapsed().as_secs();
        Ok(outcome)
    }
}

impl Run {
    /// Runs the test, with these variables. Returns what it said.
    fn start(
        &self,
        sh: &Shell,
        profile: Option<&str>,
        variables: &[(&str, String)],
    ) -> Result<String> {
        let Self { package, test, .. } = self;
        if matches!(self.needs, Needs::Examples) {
            // Cargo does not build them when it is asked for one test.
            cmd!(sh, "cargo build {profile...} --package {package} --examples").quiet().run()?;
        }
        let mut command = cmd!(sh, "cargo test {profile...} --package {package}");
        if let Some(feature) = self.feature {
            command = command.args(["--features", feature]);
        }
        command = match test.split_once("::") {
            Some(("lib", _)) => command.arg("--lib"),
            Some((target, _)) => command.args(["--test", target]),
            None => command.args(["--test", test]),
        };
        command = command.args(["--", "--nocapture", "--test-threads=1"]);
        if let Some((_, filter)) = test.split_once("::") {
            command = command.arg(filter);
        }
        for (name, value) in variables {
            command = command.env(name, value);
        }
        command = self.needs.give(sh, command)?;
        println!("── {test}: {command}");
        let output = command.ignore_status().quiet().output().context("cargo")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr);
            bail!("{said}\n{told}\ntorture: {test} was broken; its seed and round stand above");
        }
        for line in said.lines().filter(|line| line.contains("attack ")) {
            println!("   {line}");
        }
        Ok(said)
    }
}

impl Needs {
    fn mounts(self) -> bool {
        matches!(self, Needs::Root | Needs::RootAndGo)
    }

    /// What is missing for it on this machine, and cannot be installed.
    fn missing(self, sh: &Shell) -> Result<Option<&'static str>> {
        let mounts = self.mounts();
        if mounts && !cfg!(target_os = "linux") {
            return Ok(Some("it mounts file systems, which is done on Linux alone"));
        }
        if mounts && cmd!(sh, "id -u").quiet().read()? != "0" {
            return Ok(Some("it mounts file systems: run this as root"));
        }
        Ok(None)
    }

    /// Installs what is needed, and tells the test where it is.
    fn give<'a>(self, sh: &'a Shell, command: xshell::Cmd<'a>) -> Result<xshell::Cmd<'a>> {
        let mut command = command;
        if self.mounts() {
            debian::need(sh, "mkfs.xfs", "-V", "xfsprogs")?;
            debian::need(sh, "mkfs.ext4", "-V", "e2fsprogs")?;
            debian::need(sh, "mkfs.vfat", "--help", "dosfstools")?;
        }
        if matches!(self, Needs::RootAndGo | Needs::Oracle) {
            let go = Go::find(sh)?;
            command = command.env("GO", &go.program);
            if matches!(self, Needs::Oracle) {
                command = command.env("GO_ORACLE", oracle::build(sh, &go)?);
            }
        }
        Ok(command)
    }
}
