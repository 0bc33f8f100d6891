//! What the kernel says of processes and of the machine, in files.

use std::fs;
use std::time::Duration;

/// A field, by its name, of such a file, in bytes: there it is in `kB`. `None`: no such field, as of a
/// process that has ended, or no such file, as on another system.
pub(crate) fn bytes(file: &str, field: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(name, _)| *name == field)?;
    value.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// How much processor time a process has used so far. `None`: it has ended, or this system does not
/// say so in a file.
pub(crate) fn processor_time(process: u32) -> Option<Duration> {
    // In hundredths of a second, whatever the kernel's own step is: see proc(5) and USER_HZ.
    const STEP: Duration = Duration::from_millis(10);
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // After the name of the program, which may have anything in it; user and system time are the
    // 12th and 13th from there.
    let mut fields = text.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut steps = || fields.next()?.parse::<u32>().ok();
    Some(STEP * (steps()? + steps()?))
}
