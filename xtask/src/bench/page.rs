//! `docs/BENCHMARKS.md` and its plots.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::options::Options;
use super::plot::{self, Plot};
use super::table::Table;

pub(super) fn write(
    docs: &Path,
    machine: &[(&str, String)],
    options: &Options,
    tables: &[Table],
) -> Result<()> {
    let mut page = HOW_TO_READ.to_owned();
    page += "\n## The machine\n\n| | |\n| --- | --- |\n";
    for (name, value) in machine {
        page += &format!("| {name} | {value} |\n");
    }
    page += &format!("| rounds | {} |\n| small entries | {} |\n", options.rounds, options.entries);
    page += &format!("| entries of the large directory | {} |\n", options.many);
    let folder = docs.join("benchmarks");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for table in tables {
        let title = table.title;
        page += &format!("\n## {}: {title}\n\n{}\n\n", table.name, table.about);
        for plot in Plot::all_of(table) {
            let name = format!("{}-{}.svg", table.name, plot.name);
            let path = folder.join(&name);
            fs::write(&path, plot::draw(&plot)?)
                .with_context(|| format!("cannot write {}", path.display()))?;
            page += &format!("![{}](benchmarks/{name})\n\n", plot.title);
        }
        page += &table.markdown();
    }
    let path = docs.join("BENCHMARKS.md");
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
}

const HOW_TO_READ: &str = "\
# Benchmarks

What the operations cost, each beside what it can be measured by. `cargo xtask bench --write` wrote
this page; do not edit it.

## How to read it

Everything in a table was measured in one run, in turn, round by round, so that what disturbs one
column disturbs the others. A cell has the median of all rounds, and in brackets the first and the
third quartile where they differ from it. *Ratio* is Larder's median by that of the first column:
lower is better, 1 is the same. *Asked* is the highest ratio, the most seconds more, or the most bytes
that Larder asks of itself; a row that costs more says MISSED, and one that costs more than `cacache`
BEHIND. Absolute times hold for the machine below alone; ratios carry further, but not to another file
system.

## How to run it again

```sh
cargo xtask bench                     # the short tables, in memory
cargo xtask bench --only go --dir .   # one table, on the disk under the workspace
cargo xtask bench --only scale        # a million entries: 10 GB, minutes
cargo xtask bench --only remote       # builds with a store: a quarter of an hour
cargo xtask bench --json FILE         # for a program
cargo xtask bench --write             # all tables, and this page
```

`--rounds N` and `--entries N` change how much is measured, `--many N` how many entries the large
directory has. It needs what the checks need ([CONTRIBUTING.md](../CONTRIBUTING.md)); run it on a
machine that does nothing else.
";
