//! The directory itself, and who may do what in it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cache_core::Error;
use cache_default::{DirError, Settings};
use cache_disk::{Examination, Rights, Trial};

use super::check::Check;
use super::within::within;
use crate::failure::{self, Failure, in_one_line};
use crate::report;
use crate::settings;

const ANOTHER: &str = "name another directory with --dir";

/// Where the cache is.
pub(super) enum Place {
    Here(Examination),
    /// It is not there yet; this folder is where it would be made.
    NotYet(Examination),
    Nowhere,
}

/// Looks whether there is a directory.
pub(super) fn directory(settings: &Settings, wait: Duration) -> (Check, Place) {
    let check = Check::of("directory");
    let origin = &settings.dir.origin;
    let dir = match settings.required_dir() {
        Ok(dir) => dir.to_owned(),
        Err(DirError::Off { .. }) => {
            let advice = format!("unset {origin}, or name a directory with --dir");
            return (
                check.warning(format!("off ({origin}): nothing is kept"), advice),
                Place::Nowhere,
            );
        }
        Err(error) => {
            let (text, advice) = parted(&settings::no_directory(&error, settings.names()));
            return (check.wrong(text, advice), Place::Nowhere);
        }
    };
    let shown = format!("{} ({origin})", dir.display());
    let opened = {
        let dir = dir.clone();
        within(wait, || Examination::of(dir))
    };
    match opened {
        Some(Ok(looked)) => (check.fine(shown), Place::Here(looked)),
        Some(Err(_)) if !dir.exists() => not_yet(check, &dir, &shown),
        Some(Err(Error::Io { source, path, .. })) => {
            let text = format!("{shown}: {source}");
            let failure = Failure::Directory { operation: "open", path, source };
            (check.wrong(text, failure::advice(&failure).unwrap_or(ANOTHER)), Place::Nowhere)
        }
        Some(Err(error)) => {
            (check.wrong(format!("{shown}: {}", cause(&error)), ANOTHER), Place::Nowhere)
        }
        None => {
            let text = format!("{shown} did not answer within {}", report::duration(wait));
            let advice = "see that its file system is there, or name another directory with --dir";
            (check.wrong(text, advice), Place::Nowhere)
        }
    }
}

/// Looks whether a directory that is not there can be made.
fn not_yet(check: Check, dir: &Path, shown: &str) -> (Check, Place) {
    let place = |text: String| {
        let advice = "make it, or name another directory with --dir";
        check.clone().wrong(format!("{shown} is not there and cannot be made: {text}"), advice)
    };
    if fs::symlink_metadata(dir).is_ok() {
        return (place("a link that leads nowhere is in its place".to_owned()), Place::Nowhere);
    }
    let Some(above) = dir.ancestors().skip(1).find(|path| path.exists()) else {
        return (place("no folder is there in which it would be".to_owned()), Place::Nowhere);
    };
    if !above.is_dir() {
        return (place(format!("{} is a file", above.display())), Place::Nowhere);
    }
    let parent = match Examination::of(above) {
        Ok(parent) => parent,
        Err(error) => {
            return (place(format!("{}: {}", above.display(), cause(&error))), Place::Nowhere);
        }
    };
    if is_closed(&parent) {
        let text = format!("this user may not write to {}", above.display());
        return (place(text), Place::NotYet(parent));
    }
    let text = format!("{shown} is not there yet; larder run and larder put make it");
    (check.fine(text), Place::NotYet(parent))
}

fn is_closed(looked: &Examination) -> bool {
    looked.rights().is_ok_and(|rights| rights.closed.iter().any(|path| path == looked.dir()))
}

/// Looks who may do what in the directory; `tried` is what came of writing to it.
pub(super) fn permissions(
    looked: &Examination,
    tried: &Result<Trial, Error>,
    settings: &Settings,
    is_read_only: bool,
) -> Check {
    let check = Check::of("permissions");
    let rights = match looked.rights() {
        Ok(rights) => rights,
        Err(error) => return check.wrong(in_one_line(&error), ANOTHER),
    };
    let check = match tried {
        Ok(trial) => umask(check.fine("readable and writable"), &rights, trial),
        Err(_) => check,
    };
    let check = everybody(check, &rights, looked.dir(), settings);
    // Of a file system that is read-only, all of them are.
    let is_closed = !rights.closed.is_empty() && !is_read_only;
    let check = match is_closed {
        true => check.wrong(
            format!("this user may not list and write to {}", named(&rights.closed)),
            give_back(looked.dir()),
        ),
        false => check,
    };
    let check = match tried {
        // That was said just now.
        Err(error) if is_closed && is(error, ErrorKind::PermissionDenied) => check,
        Err(error) => check.wrong(in_one_line(error), failure::advice(error).unwrap_or(ANOTHER)),
        Ok(_) => check,
    };
    owner(check, &rights, looked.dir())
}

/// Who can put a wrong result there, where everybody can write.
fn everybody(check: Check, rights: &Rights, dir: &Path, settings: &Settings) -> Check {
    if rights.open_to_all.is_empty() {
        return check;
    }
    let text = format!(
        "everybody can write to {}, and so put wrong results there",
        named(&rights.open_to_all)
    );
    let close = match rights.mode {
        // As of /tmp, which is meant to be so.
        Some(mode) if mode & 0o1000 != 0 => "name a folder of your own with --dir".to_owned(),
        _ => format!("chmod -R o-w {}", quoted(dir)),
    };
    let allowed = &settings.allow_world_writable;
    match (rights.open_to_all.iter().any(|path| path == dir), allowed.value) {
        (true, false) => check.wrong(format!("{text}: it is not used"), close),
        (true, true) => {
            check.warning(format!("{text}, which is allowed ({})", allowed.origin), close)
        }
        (false, _) => check.warning(text, close),
    }
}

/// To whom the directory belongs.
fn owner(check: Check, rights: &Rights, dir: &Path) -> Check {
    let (Some(owner), Some(user)) = (rights.owner, rights.user) else { return check };
    if owner == user {
        return check;
    }
    let text = format!("it belongs to {}, and this is {}", the_user(owner), the_user(user));
    match user {
        0 => check.warning(
            text,
            "run larder as the user to whom it belongs: what root puts there, that user cannot \
             remove",
        ),
        _ => check.warning(text, give_back(dir)),
    }
}

/// Where a group may write to the directory, what one member puts there is for the others too.
fn umask(check: Check, rights: &Rights, trial: &Trial) -> Check {
    let is_shared = rights.mode.is_some_and(|mode| mode & 0o020 != 0);
    match trial.mode {
        Some(mode) if is_shared && mode & 0o040 == 0 => check.warning(
            "its group can write there, and cannot read what this user puts there",
            "set a umask that lets the group read, such as 0002",
        ),
        _ => check,
    }
}

fn give_back(dir: &Path) -> String {
    let dir = quoted(dir);
    format!("after a build as another user, sudo chown -R \"$(id -un)\" {dir} gives it back")
}

/// The first of some paths, to whom it belongs, and how many more there are.
fn named(paths: &[PathBuf]) -> String {
    let Some(first) = paths.first() else { return String::new() };
    let shown = format!("{}{}", first.display(), whose(first));
    match paths.len() as u64 - 1 {
        0 => shown,
        more => format!("{shown} and {}", report::count(more, "folder more", "folders more")),
    }
}

/// To whom a path belongs, where that can be told.
fn whose(path: &Path) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let owner = fs::symlink_metadata(path).map(|found| the_user(found.uid()));
        owner.map(|owner| format!(" (of {owner})")).unwrap_or_default()
    }
    #[cfg(not(unix))]
    {
        _ = path;
        String::new()
    }
}

fn the_user(number: u32) -> String {
    match number {
        0 => "root".to_owned(),
        number => format!("user {number}"),
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    match path.chars().all(is_plain) {
        true => path,
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// What the system said, when it said something.
fn source(error: &Error) -> Option<&io::Error> {
    match error {
        Error::Io { source, .. } => Some(source),
        _ => None,
    }
}

fn is(error: &Error, kind: ErrorKind) -> bool {
    source(error).is_some_and(|source| source.kind() == kind)
}

fn cause(error: &Error) -> String {
    source(error).map_or_else(|| in_one_line(error), ToString::to_string)
}

/// A message of what is wrong; what to do.
pub(super) fn parted(message: &dyn std::fmt::Display) -> (String, String) {
    let message = message.to_string();
    match message.split_once("; ") {
        Some((text, advice)) => (text.to_owned(), advice.to_owned()),
        None => (message, String::new()),
    }
}
