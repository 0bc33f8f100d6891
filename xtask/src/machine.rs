//! What was measured on.

use std::fs;
use std::path::Path;

use xshell::{Shell, cmd};

use crate::proc;

/// One line for each thing that a reader needs to know. What the system does not say is left out.
pub(crate) fn describe(sh: &Shell, dir: &Path) -> Vec<(&'static str, String)> {
    let flags = of_processor("flags").unwrap_or_default();
    let sha = if flags.split(' ').any(|flag| flag == "sha_ni") { "yes" } else { "no" };
    let memory = proc::bytes("/proc/meminfo", "MemTotal")
        .map(|bytes| format!("{} GiB", (bytes + (1 << 29)) >> 30));
    let first_line = |output: Result<String, xshell::Error>| {
        output.ok().and_then(|text| text.lines().next().map(|line| line.trim().to_owned()))
    };
    let files = first_line(cmd!(sh, "stat -f -c %T {dir}").quiet().ignore_stderr().read());
    let rust = first_line(cmd!(sh, "rustc --version").quiet().read());
    let go = crate::go::Go::find(sh).ok().map(|go| go.version);
    let load = fs::read_to_string("/proc/loadavg").ok();
    let load = load.and_then(|load| load.split(' ').next().map(str::to_owned));
    let lines = [
        ("processor", processor()),
        ("its SHA instructions", (!flags.is_empty()).then(|| sha.to_owned())),
        ("memory", memory),
        ("kernel", kernel()),
        ("file system", files),
        ("Rust", rust),
        ("Go", go),
        ("load at the start", load),
    ];
    lines.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// How many processors there are, and which.
pub(crate) fn processor() -> Option<String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    of_processor("model name").map(|model| format!("{cores} × {model}"))
}

/// The kernel's version, without what its builder put behind it.
pub(crate) fn kernel() -> Option<String> {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    kernel.trim().split('-').next().map(str::to_owned)
}

fn of_processor(name: &str) -> Option<String> {
    let processors = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = processors.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
}
