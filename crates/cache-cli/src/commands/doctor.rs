//! `larder doctor`: looks at everything around the cache and says what is wrong.

mod check;
mod directory;
mod go;
mod helper;
mod machine;
mod store;
mod upkeep;
mod within;

use std::time::{Duration, SystemTime};

use anyhow::Result;
use cache_core::Error;
use cache_default::{Directory, Flags, Settings, parse_upload_wait, process_env};
use cache_disk::{Examination, FileSystem, Trial};
use serde::Serialize;

use self::check::{Check, State};
use self::directory::Place;
use self::machine::Times;
use crate::failure::{Exit, in_one_line};
use crate::remote::StoreFlag;
use crate::report::{self, Answers};
use crate::session::Session;

/// Look at everything around the cache and say what is wrong
///
/// Each line is one check. It is fine, a warning (it works, but) or wrong (it does not work); what to
/// do about the last two is said after it. The exit code is 1 when something is wrong.
///
/// To see whether a build could write to the directory, a file is written there and removed again. The
/// helper is started and ended, and the store is asked for something it does not have. Nothing else is
/// done: no directory is made, and nothing is stored. What is in the outputs is what larder verify
/// checks.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Checks:
  directory    where it is, what says so, and whether it is there
  permissions  who may read it and write to it
  file system  its kind, such as nfs, and whether it locks and keeps times
  free space   room for more files, and for the size limit
  clock        against the files and the marks of use in the cache
  contents     how much is in the cache, and whether it can be read
  leftovers    temporary files, and what is none of the cache's
  locks        who trims, and which commands are running
  last trim    when it was
  uploads      what is left to upload to a store
  helper       whether LARDER_PROG starts, and what it can do
  store        whether LARDER_REMOTE can be reached and read
  keys         with which uploads are signed, and whose results are taken
  go           what GOCACHE and GOCACHEPROG say

Without a directory there is nothing to say about what is in it; keys and go are left out where there is \
no store, and where nothing is told to go.

With --json: {checks}, an array of {name, state, text, advice} in the order above. state is fine, warning \
or wrong; advice is null when it is fine.

Examples:
  larder doctor
  larder doctor --json | jq -r '.checks[] | select(.state == \"wrong\").text'
  larder doctor --remote 's3://bucket/go?region=eu-central-1'")]
pub(crate) struct Args {
    #[command(flatten)]
    store: StoreFlag,
    /// How long the directory, the helper and the store may take to answer, each of them
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_upload_wait)]
    wait: Duration,
}

#[derive(Serialize)]
struct Answer {
    checks: Vec<Check>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let settings = session.settings(Flags { remote: args.store.flag()?, ..Flags::default() })?;
    let checks = checks(&settings, args.wait);
    let is_wrong = checks.iter().any(|check| check.state == State::Wrong);
    if session.json {
        report::json(&Answer { checks })?;
    } else {
        let mut answers = Answers::new();
        for check in &checks {
            answers.line(format_args!("{}", report::printable(&line(check))))?;
        }
        answers.finish()?;
    }
    Ok(if is_wrong { Exit::No } else { Exit::Done })
}

fn line(check: &Check) -> String {
    let Check { name, state, text, advice } = check;
    let advice = advice.as_ref().map(|advice| format!(": {advice}")).unwrap_or_default();
    format!("{:<7}  {name:<11}  {text}{advice}", state.name())
}

fn checks(settings: &Settings, wait: Duration) -> Vec<Check> {
    let (first, place) = directory::directory(settings, wait);
    let mut checks = vec![first];
    match &place {
        Place::Here(looked) => checks.extend(inside(looked, settings)),
        Place::NotYet(parent) => checks.extend(below(parent.file_system(), None, settings, 0)),
        Place::Nowhere => {}
    }
    if !matches!(place, Place::Here(_)) {
        checks.push(machine::clock(SystemTime::now(), &Times::default()));
    }
    let dir = match &settings.dir.value {
        Directory::At(dir) => Some(dir.as_path()),
        _ => None,
    };
    checks.push(helper::helper(settings, wait));
    checks.push(store::store(settings, wait));
    checks.extend(store::keys(settings));
    checks.extend(go::go(dir, &process_env));
    checks
}

/// What there is to say about a directory that is there.
fn inside(looked: &Examination, settings: &Settings) -> Vec<Check> {
    let (contents, trims, tried) = (looked.contents(), looked.trims(), looked.try_writing());
    let found = looked.file_system();
    let now = SystemTime::now();
    let times = Times {
        off: tried.as_ref().ok().map(|trial| trial.clock_off),
        newest_use: contents.newest_use,
        last_trim: trims.as_ref().ok().map(|trims| trims.last),
    };
    let is_read_only = found.as_ref().is_ok_and(|found| found.is_read_only);
    let mut checks = vec![directory::permissions(looked, &tried, settings, is_read_only)];
    checks.extend(below(found, tried.as_ref().ok(), settings, contents.disk_bytes));
    checks.extend([
        machine::clock(now, &times),
        upkeep::contents(&contents),
        upkeep::leftovers(&contents, now),
        upkeep::locks(looked, &trims),
        upkeep::last_trim(&trims, now),
        upkeep::uploads(looked.dir(), settings),
    ]);
    checks
}

/// What there is to say about what a directory stands on; `used` is what the cache in it takes, in
/// bytes.
fn below(
    found: Result<FileSystem, Error>,
    trial: Option<&Trial>,
    settings: &Settings,
    used: u64,
) -> Vec<Check> {
    let limit = settings.max_size.value.map(|limit| (limit, &settings.max_size.origin));
    match found {
        Ok(found) => vec![
            machine::file_system(&found, trial),
            machine::free_space(&(&found).into(), limit, used),
        ],
        Err(error) => {
            let advice = "name another directory with --dir";
            vec![Check::of("file system").wrong(in_one_line(&error), advice)]
        }
    }
}
