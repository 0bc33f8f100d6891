//! `docs/RELIABILITY.md`.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use super::Outcome;
use super::attacks::{self, Attack};
use crate::{machine, place};

/// Writes an attack's last run into the page; what it says of the other attacks stays.
pub(super) fn record(sh: &Shell, seed: u64, attack: &Attack, outcome: &Outcome) -> Result<()> {
    let path = place::root()?.join("docs/RELIABILITY.md");
    let old = match fs::read_to_string(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => String::new(),
        read => read.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let day = cmd!(sh, "date -u +%F").quiet().read()?;
    let mut run = format!("{day}, {} min, seed {seed}", outcome.seconds.div_ceil(60));
    let kernel = machine::kernel().map(|version| format!("kernel {version}"));
    for said in [machine::processor(), kernel].into_iter().flatten() {
        run += &format!(", {said}");
    }
    let page = with(&old, attack.name, &outcome.held.join("; "), &run);
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
}

/// The page with another run of the attack of that name.
fn with(old: &str, name: &str, held: &str, run: &str) -> String {
    let mut page = HOW_TO_READ.to_owned();
    for attack in attacks::all() {
        let (held, run) = if attack.name == name {
            (held, run)
        } else {
            kept(old, attack.name).unwrap_or(("not run long yet", ""))
        };
        page += &format!("| {} | {} | {held} | {run} |\n", attack.name, attack.about);
    }
    page += FOUND;
    for attack in attacks::all().filter(|attack| !attack.found.is_empty()) {
        page += &format!("\n### {}\n\n", attack.name);
        for found in attack.found {
            page += &format!("- {found}\n");
        }
    }
    page
}

/// What a page has in the last two columns of an attack's row.
fn kept<'a>(page: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let row = page.lines().find(|line| line.starts_with(&format!("| {name} | ")))?;
    let mut cells = row.trim_end_matches('|').rsplitn(3, '|');
    let (run, held) = (cells.next()?, cells.next()?);
    Some((held.trim(), run.trim()))
}

const HOW_TO_READ: &str = "\
# Reliability

What Larder promises is attacked by tests that anyone can run. `cargo xtask torture --write` wrote this
page; do not edit it.

```sh
cargo xtask torture                # all of it: hours, as root on Linux
cargo xtask torture --minutes 30   # the same in less time, each attack in its share of it
cargo xtask torture kill           # one attack
cargo xtask torture --seed N       # the same choices again
```

Each attack has a short form in `cargo xtask ci`. An attack that breaks through says in which round, and
which seed replays it; what it deals is the same again, though not when the scheduler lets it happen.
What is promised stands in [FORMAT.md](FORMAT.md), [REMOTE.md](REMOTE.md) and
[SECURITY.md](../SECURITY.md).

Only a run in which everything held gets into this table: what breaks through is mended first, and stands
below.

| attack | what it does | how much of it | when, and on what |
| --- | --- | --- | --- |
";

const FOUND: &str = "
## What the attacks have found

Each was mended, and a test shows it since then.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_takes_the_place_of_the_last_one_and_others_stay() {
        let page = with("", "kill", "5 kills", "2026-01-02, 3 min");
        let page = with(&page, "soak", "7 puts", "2026-01-03, 4 min");
        assert_eq!(kept(&page, "kill"), Some(("5 kills", "2026-01-02, 3 min")));
        let page = with(&page, "kill", "6 kills", "2026-01-04, 3 min");
        assert_eq!(kept(&page, "kill"), Some(("6 kills", "2026-01-04, 3 min")));
        assert_eq!(kept(&page, "soak"), Some(("7 puts", "2026-01-03, 4 min")));
        assert_eq!(kept(&page, "races"), Some(("not run long yet", "")));
        assert_eq!(page, with(&page, "kill", "6 kills", "2026-01-04, 3 min"));
    }
}
