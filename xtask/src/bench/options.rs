//! What the command line asks for.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::{BY_DEFAULT, TABLES};

pub(super) struct Options {
    /// The folder to work in. Memory by default, so that the caches are measured and not a disk.
    pub(super) dir: PathBuf,
    pub(super) rounds: usize,
    pub(super) entries: usize,
    /// How many entries the large directory has.
    pub(super) many: usize,
    /// The tables that are wanted, by name.
    only: Option<Vec<String>>,
    /// Where the tables go in JSON.
    pub(super) json: Option<PathBuf>,
    /// Whether the page and its plots are written.
    pub(super) write: bool,
}

impl Options {
    pub(super) fn parse(args: &[&str]) -> Result<Options> {
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let mut options = Options {
            dir,
            rounds: 5,
            entries: 20_000,
            many: 1_000_000,
            only: None,
            json: None,
            write: false,
        };
        let mut args = args.iter();
        while let Some(option) = args.next() {
            if *option == "--write" {
                options.write = true;
                continue;
            }
            let value = args.next().with_context(|| {
                format!("bench: {option} is not an option, or has no value; see cargo xtask help")
            })?;
            match *option {
                "--dir" => options.dir = std::path::absolute(value)?,
                "--rounds" => options.rounds = number(option, value)?,
                "--entries" => options.entries = number(option, value)?,
                "--many" => options.many = number(option, value)?,
                "--only" => options.only = Some(tables(value)?),
                "--json" => options.json = Some(std::path::absolute(value)?),
                _ => bail!("bench: {option} is not an option; see cargo xtask help"),
            }
        }
        ensure!(
            !options.write || options.only.is_none(),
            "bench: --write is for all tables; leave out --only"
        );
        Ok(options)
    }

    /// Whether a table is to be made. The long ones are made when they are asked for, and for the
    /// page.
    pub(super) fn wants(&self, table: &str) -> bool {
        match &self.only {
            Some(only) => only.iter().any(|name| name == table),
            None => self.write || BY_DEFAULT.contains(&table),
        }
    }
}

fn tables(names: &str) -> Result<Vec<String>> {
    let all: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
    for name in names.split(',') {
        ensure!(
            all.contains(&name),
            "bench: there is no table {name}; there are: {}",
            all.join(", ")
        );
    }
    Ok(names.split(',').map(str::to_owned).collect())
}

fn number(option: &str, value: &str) -> Result<usize> {
    let n = value.parse().with_context(|| format!("bench: {option} {value:?} is no number"))?;
    ensure!(n > 0, "bench: {option} must be at least 1");
    Ok(n)
}
