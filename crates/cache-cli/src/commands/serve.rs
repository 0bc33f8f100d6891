//! `larder serve`: the cache as the go command's helper.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use cache_default::{Directory, Flags, Names, Settings, parse_max_age, process_env};
use cache_disk::DiskCache;
use cache_prog_server::{Options, ServeError, Stop, Tally, serve};

use crate::args::{MaxSize, max_size};
use crate::counters::{self, Kind, Used};
use crate::failure::{Exit, Failure};
use crate::report::{self, count};
use crate::session::Session;
use crate::settings::{self, NAMES};

/// How long the trim at the end may take: the go command waits for it. What is left is for the next
/// one.
const CLOSE_BUDGET: Duration = Duration::from_millis(200);

/// What to do instead of talking to this command.
const FOR_GO: &str = "this command is for the go command: GOCACHEPROG=\"larder serve\" go build";

/// The go command's directory, with all other settings Larder's own.
const BY_GO: Names = Names {
    dir: Names::GO.dir,
    required_since: Names::GO.required_since,
    readme: Names::GO.readme,
    ..NAMES
};

/// Serve the cache to the go command, as its GOCACHEPROG
///
/// The go command starts this command and asks it for results of builds over stdin and stdout.
/// Then the directory is the go command's own, as GOCACHE names it: turning Larder on or off loses
/// nothing. What goes wrong in the cache costs time, never the build.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With both GOCACHE and GOCACHEPROG in its environment it was started by the go command. Then another \
--dir is refused, for the go command moves files out of any directory but GOCACHE, and LARDER_DIR \
is ignored, as is the settings file's dir. A helper that GOCACHEPROG, LARDER_PROG or that file names \
is always ignored: this is one.

With -v, one line at the end says what was done; -vv logs as -v does in other commands.

SIGTERM finishes what is in hand. SIGINT is ignored: Ctrl-C reaches the whole group, and `go run` \
needs its cache while the program that it runs shuts down.

Example:
  GOCACHEPROG=\"larder serve --max-size 10GiB\" go build ./...")]
pub(crate) struct Args {
    /// Remove, at the end, what was not used for this long [default: the settings file's max-age,
    /// else 5d]
    #[arg(long, value_name = "AGE", value_parser = parse_max_age)]
    max_age: Option<Duration>,
    /// Remove, at the end, the least recently used until no more than this is left, or off [default:
    /// LARDER_MAX_SIZE, else the settings file's max-size, else no limit]
    #[arg(long, value_name = "SIZE", value_parser = max_size)]
    max_size: Option<MaxSize>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let stop = Stop::default();
    // From the first moment on: Ctrl-C may come at any.
    signals(&stop)?;
    let cache = open(args, session)?;
    let dir = cache.dir().to_owned();
    if io::stdin().is_terminal() {
        session.note(&format!("waiting for requests on stdin, which is a terminal; {FOR_GO}"));
    }
    let options = Options { stop, ..Options::default() };
    let tally = serve(cache, io::stdin(), io::stdout(), &options);
    let tally = tally.map_err(|error| match error {
        ServeError::Output(e) => Failure::Output(e).into(),
        // The go command's own mistakes need no such advice.
        ServeError::Input(_) if !is_by_go() => Failure::Other(format!("{error}; {FOR_GO}")).into(),
        error => anyhow::Error::new(error),
    })?;
    counters::record(&dir, &counted(&tally));
    if session.verbose {
        report::message(&closing_line(&tally));
    }
    Ok(Exit::Done)
}

/// SIGTERM stops what is being served, SIGINT does nothing.
#[cfg(unix)]
fn signals(stop: &Stop) -> Result<(), Failure> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let failed = |e| Failure::Other(format!("cannot listen for signals: {e}"));
    let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(failed)?;
    let stop = stop.clone();
    let listen = move || {
        signals.forever().filter(|signal| *signal == SIGTERM).for_each(|_| stop.stop());
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(failed)?;
    Ok(())
}

/// Elsewhere the end of the input is what ends it.
#[cfg(not(unix))]
fn signals(_: &Stop) -> Result<(), Failure> {
    Ok(())
}

/// Opens the directory alone, whatever helper is named: this is one, and would start itself.
fn open(args: &Args, session: &Session) -> Result<Arc<DiskCache>> {
    let flags = Flags {
        max_size: settings::max_size_flag(args.max_size),
        max_age: settings::max_age_flag(args.max_age),
        ..Flags::default()
    };
    let settings = if is_by_go() {
        check_against_go(session.dir_flag(), settings::resolve(&BY_GO, flags)?)?
    } else {
        session.settings(flags)?
    };
    if let Directory::At(dir) = &settings.dir.value
        && dir.to_str().is_none()
    {
        return Err(Failure::Usage(format!(
            "cannot serve {}: its name is not UTF-8, and the protocol has no other paths; \
             rename it, or name another directory",
            dir.display()
        ))
        .into());
    }
    let opening = session.opening(&settings).without_helper().close_budget(CLOSE_BUDGET);
    Ok(settings::open(opening, &settings)?.directory)
}

/// The directory that the go command names, as it is spelled: it copies a file whose path begins
/// with exactly that, and moves any other one out of the helper's store.
fn check_against_go(flag: Option<&Path>, settings: Settings) -> Result<Settings, Failure> {
    let no_directory = |error| settings::no_directory(&error, &BY_GO);
    let dir = settings.required_dir().map_err(no_directory)?;
    // By the text: two spellings of one directory are two prefixes.
    match flag {
        Some(flag) if flag.as_os_str() != dir.as_os_str() => Err(Failure::Usage(format!(
            "--dir is {}, but GOCACHE is {}: the go command moves files out of any other directory; \
             leave --dir out of GOCACHEPROG, and set GOCACHE to what you want",
            flag.display(),
            dir.display()
        ))),
        _ => Ok(settings),
    }
}

/// Whether the go command started this.
fn is_by_go() -> bool {
    is_set(Names::GO.dir) && is_set(Names::GO.prog)
}

/// Whether a variable has a value; an empty one counts as none, as everywhere in Go.
fn is_set(variable: &str) -> bool {
    process_env(variable).is_some_and(|value| !value.is_empty())
}

fn counted(tally: &Tally) -> Used {
    let Tally { hits, misses, puts, .. } = *tally;
    Used { hits, misses, puts, ..Used::new(Kind::Serve) }
}

fn closing_line(tally: &Tally) -> String {
    format!(
        "{}, {}, {}, {}, {} in, {} out, {}, {:.1} s",
        count(tally.gets, "get", "gets"),
        count(tally.hits, "hit", "hits"),
        count(tally.misses, "miss", "misses"),
        count(tally.puts, "put", "puts"),
        report::size(tally.bytes_in),
        report::size(tally.bytes_out),
        count(tally.errors, "error", "errors"),
        tally.time.as_secs_f64()
    )
}
