//! Whether what is shipped hashes with the processor's SHA instructions.
//!
//! It finds out at run time whether there are any, so that they are in the file says too little: a
//! debugger has to see one about to be executed.

use std::fs;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::{debian, dist};

/// Lets `larder hash` run until it comes to such an instruction. Fails when it ends without one;
/// where that cannot be known, says why.
pub(crate) fn run(sh: &Shell) -> Result<()> {
    let instruction = match of_this_processor() {
        Ok(instruction) => instruction,
        Err(reason) => {
            println!("not checked: {reason}");
            return Ok(());
        }
    };
    debian::need(sh, "gdb", "--version", "gdb")?;
    let larder = dist::build(sh)?;
    let without = "is it told to hash without, as by --cfg sha2_backend=\"soft\"?";

    let listing = cmd!(sh, "objdump --disassemble --no-show-raw-insn {larder}").quiet().read()?;
    let uses = listing.lines().filter(|line| line.contains(instruction));
    let addresses = uses.filter_map(|line| Some(line.trim().split_once(':')?.0));
    let breaks: Vec<String> = addresses.map(|at| format!("--eval-command=break *0x{at}")).collect();
    ensure!(!breaks.is_empty(), "{} has no {instruction} in it: {without}", larder.display());

    let scratch = tempfile::tempdir()?;
    let file = scratch.path().join("file");
    fs::write(&file, "a few bytes\n")?;
    // Says where it has stopped; fails when it has not.
    let said = cmd!(sh, "gdb --batch --nx {breaks...} --eval-command=run")
        .args(["--eval-command=x/i $pc", "--args"])
        .args([larder.as_path(), "hash".as_ref(), file.as_path()])
        .quiet()
        .ignore_status()
        .read()?;
    let stop = said.lines().find_map(|line| line.strip_prefix("=> "));
    let stop = stop.filter(|stop| stop.contains(instruction)).with_context(|| {
        format!("larder hash ended without executing {instruction}: {without} gdb says:\n{said}")
    })?;
    println!("stopped at {stop}");
    Ok(())
}

/// The instruction that does most of a SHA-256, as the disassembler writes it, or why there is none
/// to look for.
fn of_this_processor() -> Result<&'static str, &'static str> {
    #[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
    let (instruction, is_there) = ("sha256rnds2", std::is_x86_feature_detected!("sha"));
    #[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "aarch64"))]
    let (instruction, is_there) = ("sha256h", std::arch::is_aarch64_feature_detected!("sha2"));
    #[cfg(not(all(
        target_os = "linux",
        target_env = "gnu",
        any(target_arch = "x86_64", target_arch = "aarch64")
    )))]
    return Err(
        "a debugger finds the instructions by their addresses, which are fixed in what is \
                shipped for Linux on x86-64 and aarch64 alone",
    );
    #[allow(unreachable_code)]
    if is_there { Ok(instruction) } else { Err("this processor has no SHA instructions") }
}
