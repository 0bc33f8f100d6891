//! A directory with a million entries.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use super::process::Process;
use super::rounds::Rounds;
use super::table::Table;
use super::{Bench, build, empty};
use crate::{dist, generate, proc};

/// What a large one is set beside.
const FEW: usize = 20_000;
/// Outputs of this many bytes, for a check-up that is bound by reading and hashing.
const LARGE: usize = 16 << 20;
const LARGE_OUTPUTS: usize = 32;

pub(super) fn table(bench: &Bench) -> Result<Table> {
    let (sh, rounds, many) = (&bench.sh, bench.options.rounds, bench.options.many);
    let floor = build(sh, "cache-disk", "floor")?;
    let rows = build(sh, "cache-disk", "rows")?;
    let larder = dist::build(sh)?;
    let dirs = ["few", "crowded", "outputs"].map(|name| bench.dir.join(name));
    let [few, crowded, outputs] = &dirs;
    check_room(sh, &bench.dir, many as u64 * generate::BYTES_PER_ENTRY)?;
    eprintln!("xtask: scale, making a directory with {many} entries");
    generate::directory(few, FEW as u64)?;
    generate::directory(crowded, many as u64)?;
    put_large(&larder, outputs)?;

    let ours = |dir: &Path, args: &[&str]| {
        let cache = ["--quiet".as_ref(), "--dir".as_ref(), dir.as_os_str()];
        Process::new(&larder, &bench.dir, &bench.dir).args(cache).args(args.iter().copied())
    };
    let bare = |dir: &Path, what: &str| {
        let args = ["--dir".as_ref(), dir.as_os_str(), what.as_ref()];
        Process::new(&floor, &bench.dir, &bench.dir).args(args)
    };
    let walk = bare(crowded, "--walk");
    let commands = [
        ("trim-none", &walk, ours(crowded, &["trim", "--force"])),
        ("stats", &walk, ours(crowded, &["stats"])),
        ("ls", &walk, ours(crowded, &["ls", "--limit", "20"])),
        ("verify", &bare(crowded, "--hash"), ours(crowded, &["verify"])),
        ("verify-16m-outputs", &bare(outputs, "--hash"), ours(outputs, &["verify"])),
    ];
    let [mut other, mut measured] = [(); 2].map(|()| Rounds::default());
    let hits = |dir: &Path, n: usize, column: &mut Rounds| -> Result<()> {
        let n = n.to_string();
        column.add(&cmd!(sh, "{rows} --dir {dir} --hits {n}").quiet().read()?)
    };
    for round in 1..=rounds {
        eprintln!("xtask: scale, round {round} of {rounds}");
        hits(few, FEW, &mut other)?;
        hits(crowded, many, &mut measured)?;
        for (row, beside, command) in &commands {
            let bytes = if *row == "verify-16m-outputs" { LARGE * LARGE_OUTPUTS } else { 0 } as u64;
            other.insert(row, beside.time()?.of_transfer(bytes));
            measured.insert(row, command.time()?.of_transfer(bytes));
        }
    }
    for (row, _, command) in &commands {
        if let Some(peak) = command.peak_memory()? {
            measured.insert(&format!("{row}-memory"), peak);
        }
    }
    dirs.iter().try_for_each(|dir| empty(dir))?;
    let columns = [("the other", &other), ("Larder", &measured)];
    Ok(Table::of("scale", "a directory with a million entries", ABOUT, &columns))
}

const ABOUT: &str = "\
`get-hit` is one lookup in a directory of a million entries, beside one in a directory of 20,000.
`trim-none` (`larder trim --force` with nothing to remove), `stats` and `ls` (`--limit 20`) are whole
processes beside a bare walk in one thread that looks at every file of the same directory; `stats`
reads every entry besides, with all cores. `verify` is beside a bare reading and hashing of every file
with all cores; the outputs there have up to 1 KiB, and `verify-16m-outputs` is the same for outputs of
16 MiB. Rows of `memory` are the most that a process had resident.";

/// Fails where so many bytes would fill the folder, or the memory that it is made of.
fn check_room(sh: &Shell, dir: &Path, needed: u64) -> Result<()> {
    let table = cmd!(sh, "df -P -k {dir}").quiet().read()?;
    let kib = table.lines().last().and_then(|line| line.split_whitespace().nth(3));
    let kib =
        kib.and_then(|kib| kib.parse::<u64>().ok()).context("bench: df gave no free space")?;
    let mut free = kib * 1024;
    if table.contains("tmpfs")
        && let Some(available) = proc::bytes("/proc/meminfo", "MemAvailable")
    {
        free = free.min(available);
    }
    ensure!(
        free > needed,
        "bench: {} has no room for {} MiB; give --dir a folder that has, or fewer --many",
        dir.display(),
        needed >> 20
    );
    Ok(())
}

fn put_large(larder: &Path, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir)?;
    let source = dir.with_extension("source");
    for n in 0..LARGE_OUTPUTS {
        fs::write(&source, (n as u64).to_le_bytes().repeat(LARGE / 8))?;
        let id = format!("{n:064x}");
        let put = Process::new(larder, dir, dir).args(["--quiet", "--dir", ".", "put", &id]);
        put.args([&source]).time()?;
    }
    Ok(fs::remove_file(source)?)
}
