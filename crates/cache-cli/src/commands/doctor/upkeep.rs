//! What is in the directory, who is at work there, and what those have left who are gone.

use std::path::Path;
use std::time::SystemTime;

use cache_core::Error;
use cache_default::Settings;
use cache_disk::{Contents, Examination, LastTrim, Trims};
use cache_remote::uploads_left;
use cache_run::runs_under_way;

use super::check::Check;
use crate::failure::in_one_line;
use crate::report::{self, count};

/// As many processes are named.
const NAMED: usize = 5;

const GO_ON: &str = "larder trim --force";

/// Counts what is in the cache.
pub(super) fn contents(found: &Contents) -> Check {
    let mut check = Check::of("contents").fine(format!(
        "{} and {}, {} on disk",
        count(found.entries, "entry", "entries"),
        count(found.outputs, "output", "outputs"),
        report::size(found.disk_bytes)
    ));
    if let Some(failure) = found.failures.first() {
        let more = match found.failures.len() as u64 {
            1 => String::new(),
            n => format!(" and {}", count(n - 1, "folder more", "folders more")),
        };
        check = check.wrong(
            format!("{}{more}", in_one_line(failure)),
            "give this user access to it, or remove what is in a folder's place",
        );
    }
    if let Some(path) = &found.an_unreadable {
        check = check.warning(
            format!(
                "this user cannot read {} of others, such as {}",
                count(found.unreadable, "file", "files"),
                path.display()
            ),
            "have them set a umask that lets others read, such as 0022, and chmod -R a+rX what is \
             there",
        );
    }
    check
}

/// Looks for what writers have left that are gone, and for what is none of the cache's.
pub(super) fn leftovers(found: &Contents, now: SystemTime) -> Check {
    let leftovers = &found.leftovers;
    let mut check = Check::of("leftovers");
    let files = |n| count(n, "temporary file", "temporary files");
    if leftovers.held > 0 {
        check = check.fine(format!("{} being written", files(leftovers.held)));
    }
    if leftovers.recent > 0 {
        check = check.fine(format!("{} that nobody holds, still young", files(leftovers.recent)));
    }
    if leftovers.abandoned > 0 {
        let oldest = leftovers.oldest.map(|oldest| report::age(oldest, now)).unwrap_or_default();
        check = check.warning(
            format!(
                "{} of writers that are gone, {}, the oldest {oldest} old",
                files(leftovers.abandoned),
                report::size(leftovers.abandoned_bytes)
            ),
            format!("the next trim removes them: {GO_ON} does it now"),
        );
    }
    if let Some(path) = &found.a_foreign {
        check = check.warning(
            format!(
                "{} none of the cache's, such as {}",
                match found.foreign {
                    1 => "1 file is".to_owned(),
                    n => format!("{n} files are"),
                },
                path.display()
            ),
            "larder leaves them alone; remove them if nobody needs them",
        );
    }
    or_none(check)
}

/// Looks which locks are held.
pub(super) fn locks(looked: &Examination, trims: &Result<Trims, Error>) -> Check {
    let mut check = Check::of("locks");
    if let Ok(Trims { running: Some(holder), .. }) = trims {
        let by = holder.process.map(|process| format!(" (process {process})")).unwrap_or_default();
        check = check.fine(format!("a trim is running{by}"));
    }
    let folder = looked.dir().join("larder/locks");
    let runs = match runs_under_way(&folder) {
        Ok(runs) => runs,
        Err(e) => {
            let text = format!("cannot list {}: {e}", folder.display());
            return check
                .wrong(text, "give this user access to it, or remove what is in its place");
        }
    };
    if !runs.processes.is_empty() {
        let commands = count(runs.processes.len() as u64, "command is", "commands are");
        let known: Vec<_> = runs.processes.iter().flatten().map(u32::to_string).collect();
        let known = match &known[..] {
            [] => String::new(),
            all if all.len() <= NAMED => format!(", by larder run as process {}", all.join(", ")),
            all => format!(", by larder run as process {}, …", all[..NAMED].join(", ")),
        };
        check = check.fine(format!("{commands} running{known}"));
    }
    if runs.orphans > 0 {
        let what = match runs.orphans {
            1 => "what a killed larder run has started is still running".to_owned(),
            n => format!("what {n} killed larder runs have started is still running"),
        };
        check = check.warning(what, "end it: an equal run waits for it, and then stores nothing");
    }
    match check.text.is_empty() {
        true => check.fine("nobody holds one"),
        false => check,
    }
}

/// Looks when the last trim was.
pub(super) fn last_trim(trims: &Result<Trims, Error>, now: SystemTime) -> Check {
    let check = Check::of("last trim");
    let trims = match trims {
        Ok(trims) => trims,
        Err(error) => {
            return check.wrong(in_one_line(error), "give this user access to it, or remove it");
        }
    };
    let check = match trims.last {
        // What to do about it is said of the clock.
        LastTrim::At(time) if time > now => {
            check.fine(format!("at {}, which is yet to come", report::moment(time)))
        }
        LastTrim::At(time) => {
            check.fine(format!("{} ago, at {}", report::age(time, now), report::moment(time)))
        }
        LastTrim::Never => check.fine("never; the next build does the first"),
        _ => check.warning(
            "trim.txt says no time, and counts as none",
            format!("the next trim writes it anew: {GO_ON} does it now"),
        ),
    };
    match trims.is_cut {
        true => check.fine("cut short, and the next one goes on there"),
        false => check,
    }
}

/// Looks what is left to upload.
pub(super) fn uploads(dir: &Path, settings: &Settings) -> Check {
    let check = Check::of("uploads");
    let store = settings.remote.value.as_ref().map(ToString::to_string);
    let left = match uploads_left(dir, store.as_deref()) {
        Ok(left) => left,
        Err(error) => {
            return check.wrong(
                in_one_line(&error),
                "give this user access to it, or remove what is in its place",
            );
        }
    };
    let mut check = check;
    if left.processes > 0 {
        let processes = count(left.processes, "process", "processes");
        check = check.fine(format!("{processes} at work that can upload"));
    }
    if left.here > 0 {
        let text = format!("{} left to upload", results(left.here));
        check = match settings.remote_access.value.writes() {
            true => check.fine(format!("{text}; the next build goes on with that")),
            false => check.warning(
                format!("{text}, and nothing is written to the store"),
                format!(
                    "remote-access is {} ({}): set it to read-write, or remove larder/uploads",
                    settings.remote_access.value.as_str(),
                    settings.remote_access.origin
                ),
            ),
        };
    }
    if left.elsewhere > 0 {
        check = check.warning(
            format!("{} left to upload to a store that is not named now", results(left.elsewhere)),
            "name it again to go on with that, or remove larder/uploads in the cache directory",
        );
    }
    or_none(check)
}

fn results(n: u64) -> String {
    count(n, "result is", "results are")
}

fn or_none(check: Check) -> Check {
    match check.text.is_empty() {
        true => check.fine("none"),
        false => check,
    }
}
