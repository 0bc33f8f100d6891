//! What the command line asks for.

use anyhow::{Context, Result, bail, ensure};

use super::attacks::{self, ATTACKS, Attack, FUZZ};

pub(super) struct Options {
    /// How long all of it may take, in seconds. `None`: as long as it takes.
    pub(super) seconds: Option<u64>,
    pub(super) seed: Option<u64>,
    /// Whether the page is written.
    pub(super) write: bool,
    only: Option<String>,
}

impl Options {
    pub(super) fn parse(args: &[&str]) -> Result<Options> {
        let mut options = Options { seconds: None, seed: None, write: false, only: None };
        let mut args = args.iter();
        while let Some(option) = args.next() {
            let mut number = || -> Result<u64> {
                let value =
                    args.next().with_context(|| format!("torture: {option} has no value"))?;
                value.parse().with_context(|| format!("torture: {option} {value:?} is no number"))
            };
            match *option {
                "--minutes" => options.seconds = Some(60 * number()?.max(1)),
                "--seed" => options.seed = Some(number()?),
                "--write" => options.write = true,
                name if options.only.is_none() && !name.starts_with('-') => {
                    ensure!(is_known(name), "torture: no attack {name}; there are: {}", names());
                    options.only = Some(name.to_owned());
                }
                _ => bail!("torture: {option} is not an option; see cargo xtask help"),
            }
        }
        Ok(options)
    }

    /// The attacks that are tests and wanted.
    pub(super) fn chosen(&self) -> Vec<&'static Attack> {
        let is_wanted = |attack: &&Attack| self.wants(attack.name);
        ATTACKS.iter().filter(is_wanted).collect()
    }

    pub(super) fn wants_fuzz(&self) -> bool {
        self.wants(FUZZ.attack.name)
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == name)
    }
}

fn is_known(name: &str) -> bool {
    attacks::all().any(|known| known.name == name)
}

fn names() -> String {
    attacks::all().map(|attack| attack.name).collect::<Vec<_>>().join(", ")
}
