//! A large file hashed, beside the bare SHA-256 of as many bytes.

use std::fs::File;
use std::io::Write;

use anyhow::{Context, Result};
use xshell::cmd;

use super::process::Process;
use super::rounds::Rounds;
use super::table::Table;
use super::{Bench, build};
use crate::dist;

const SIZE: u64 = 1 << 30;

pub(super) fn table(bench: &Bench) -> Result<Table> {
    let (sh, rounds) = (&bench.sh, bench.options.rounds);
    let floor = build(sh, "cache-disk", "floor")?;
    let larder = dist::build(sh)?;
    let file = bench.dir.join("1g");
    write(&file).with_context(|| format!("bench: cannot write 1 GiB to {}", file.display()))?;
    let ours = Process::new(larder, &bench.dir, &bench.dir).args(["hash", "1g"]);
    let bytes = SIZE.to_string();
    let (mut bare, mut hashed) = (Rounds::default(), Rounds::default());
    for round in 1..=rounds {
        eprintln!("xtask: hash, round {round} of {rounds}");
        bare.add(&cmd!(sh, "{floor} --sha256 {bytes}").quiet().read()?)?;
        hashed.insert("hash-1g", ours.time()?.of_transfer(SIZE));
    }
    std::fs::remove_file(&file)?;
    let columns = [("SHA-256 alone", &bare), ("Larder", &hashed)];
    Ok(Table::of("hash", "a file of 1 GiB hashed", ABOUT, &columns))
}

const ABOUT: &str = "\
`larder hash` of a file of 1 GiB, as a whole process, beside the SHA-256 of as many bytes, a piece of
memory hashed again and again.";

fn write(path: &std::path::Path) -> std::io::Result<()> {
    let piece: Vec<u8> =
        (0..1_u32 << 18).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect();
    let mut file = File::create(path)?;
    (0..SIZE / piece.len() as u64).try_for_each(|_| file.write_all(&piece))
}
