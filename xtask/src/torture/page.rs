//! `docs/RELIABILITY.md`.

use std::fs;

use anyhow::{Context, Result};
use xshell::Shell;

use super::Outcome;
use super::attacks::Attack;
use crate::{machine, place};

pub(super) fn write(sh: &Shell, seed: u64, outcomes: &[(&Attack, Outcome)]) -> Result<()> {
    let mut page = HOW_TO_READ.to_owned();
    page += "| attack | what it does | the last long run | minutes |\n| --- | --- | --- | --- |\n";
    for (attack, outcome) in outcomes {
        let Attack { name, about, .. } = attack;
        let minutes = outcome.seconds.div_ceil(60);
        page += &format!("| {name} | {about} | {} | {minutes} |\n", outcome.held.join("; "));
    }
    page +=
        "\nNothing broke through in that run. It was dealt from this seed, on this machine:\n\n";
    page += &format!("| | |\n| --- | --- |\n| seed | {seed} |\n");
    for (name, value) in machine::describe(sh, &place::target()?) {
        page += &format!("| {name} | {value} |\n");
    }
    page += FOUND;
    for (attack, _) in outcomes.iter().filter(|(attack, _)| !attack.found.is_empty()) {
        page += &format!("\n### {}\n\n", attack.name);
        for found in attack.found {
            page += &format!("- {found}\n");
        }
    }
    let path = place::root()?.join("docs/RELIABILITY.md");
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
}

const HOW_TO_READ: &str = "\
# Reliability

What Larder promises is attacked by tests that anyone can run. `cargo xtask torture --write` wrote this
page; do not edit it.

```sh
cargo xtask torture                # all of it, as below: hours, as root on Linux
cargo xtask torture --minutes 30   # the same in less time, each attack in its share of it
cargo xtask torture kill           # one attack
cargo xtask torture --seed N       # the same choices again
```

Each attack has a short form in `cargo xtask ci`. An attack that breaks through says in which round, and
which seed replays it; what it deals is the same again, though not when the scheduler lets it happen.
What is promised stands in [FORMAT.md](FORMAT.md), [REMOTE.md](REMOTE.md) and
[SECURITY.md](../SECURITY.md).

";

const FOUND: &str = "
## What the attacks have found

Each was mended, and a test shows it since then.
";
