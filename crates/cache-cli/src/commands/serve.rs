//! `larder serve`: the cache as the go command's helper.

use std::env;
use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use cache_default::{
    Directory, Flag, Flags, Names, Opened, RemoteAccess, RemoteCache, Settings, parse_max_age,
    parse_remote_access, parse_upload_wait, process_env,
};
use cache_prog_server::{Options, ServeError, Stop, Tally, serve};
use cache_remote::Counts;

use crate::args::{MaxSize, max_size};
use crate::counters::{self, Kind, Used};
use crate::failure::{self, Exit, Failure};
use crate::remote::{ScopeValue, StoreFlag, scope, scope_flag};
use crate::report::{self, count};
use crate::session::Session;
use crate::settings::{self, NAMES};
use crate::streams;

/// How long the trim at the end may take: the go command waits for it. What is left is for the next
/// one.
const CLOSE_BUDGET: Duration = Duration::from_millis(200);

/// How many requests are answered at once with a store behind the directory. Most of them wait for
/// it, and together they wait no longer than one alone.
const WORKERS: NonZeroUsize = const { NonZeroUsize::new(32).unwrap() };

/// How long uploads go on when nobody waits for this process any more.
const UPLOADING: Duration = Duration::from_secs(60);

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
/// nothing. What goes wrong in the cache costs time, not the build: but for a disk without any room,
/// on which the go command has nowhere to keep what it compiles.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With both GOCACHE and GOCACHEPROG in its environment it was started by the go command. Then another \
--dir is refused, for the go command moves files out of any directory but GOCACHE, and LARDER_DIR \
is ignored, as is the settings file's dir. A helper that GOCACHEPROG, LARDER_PROG or that file names \
is always ignored: this is one.

With a store, a lookup asks the directory, then the store; what is stored is uploaded behind the \
build. At the start, what the last build of the same scope used is fetched in bulk; at the end, what \
this one used is written down for the next. At the end uploads are waited for as upload-wait says; \
then stdout and stderr are closed, which is what the go command waits for, and uploads go on for up to \
60 s. Where nothing is waited for, few go up until then, so that the build has the processors. What is \
left is sent by the next process. A store that has had nothing for a while, or costs more time than it \
saves, is not asked each time. Nothing that a store does fails a build.

With -v, one line at the end says what was done; -vv logs as -v does in other commands.

SIGTERM finishes what is in hand. SIGINT is ignored: Ctrl-C reaches the whole group, and `go run` \
needs its cache while the program that it runs shuts down.

Examples:
  GOCACHEPROG=\"larder serve --max-size 10GiB\" go build ./...
  GOCACHEPROG=\"larder serve --remote s3://bucket/go?region=eu-central-1\" go build ./...")]
pub(crate) struct Args {
    #[command(flatten)]
    store: StoreFlag,
    /// What is done with the store: read-write, read-only or write-only [default:
    /// LARDER_REMOTE_ACCESS, else the settings file's remote-access, else read-write]
    #[arg(long, value_name = "ACCESS", value_parser = parse_remote_access)]
    remote_access: Option<RemoteAccess>,
    /// How long to wait at the end for uploads while they are getting through [default:
    /// LARDER_UPLOAD_WAIT, else the settings file's upload-wait, else 10s where CI is set, else 0s]
    #[arg(long, value_name = "TIME", value_parser = parse_upload_wait)]
    upload_wait: Option<Duration>,
    /// Which builds have a list in common, or off [default: LARDER_SCOPE, else the settings file's
    /// scope, else {repository}/{branch}/{os}/{arch}/{go}]
    #[arg(long, value_name = "TEMPLATE", value_parser = scope)]
    scope: Option<ScopeValue>,
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
    let is_over = Arc::<AtomicBool>::default();
    // From the first moment on: Ctrl-C may come at any.
    signals(&stop, &is_over)?;
    let Opened { cache, directory, remote, .. } = open(args, session)?;
    if io::stdin().is_terminal() {
        session.note(&format!("waiting for requests on stdin, which is a terminal; {FOR_GO}"));
    }
    let mut options = Options { local_lookups: remote.is_none(), stop, ..Options::default() };
    if remote.is_some() {
        options.workers = WORKERS;
    }
    let exit = match serve(cache, io::stdin(), io::stdout(), &options) {
        Ok(tally) => {
            counters::record(&directory, &counted(&tally));
            if session.verbose {
                report::message(&closing_line(&tally, remote.as_deref()));
            }
            Exit::Done
        }
        // Told now: later nobody listens.
        Err(error) => failure::tell(in_our_words(error).as_ref()),
    };
    if let Some(remote) = remote {
        is_over.store(true, Ordering::Relaxed);
        upload_on(&remote);
    }
    Ok(exit)
}

fn in_our_words(error: ServeError) -> anyhow::Error {
    match error {
        ServeError::Output(e) => Failure::Output(e).into(),
        // The go command's own mistakes need no such advice.
        ServeError::Input(_) if !is_by_go() => Failure::Other(format!("{error}; {FOR_GO}")).into(),
        error => anyhow::Error::new(error),
    }
}

/// Goes on with the uploads when whoever started this process does not wait for it any more.
fn upload_on(remote: &RemoteCache) {
    if let Err(e) = streams::let_go() {
        // Somebody waits, and waited as long as the settings say.
        return tracing::warn!("uploads do not go on: cannot let go of stdout and stderr: {e}");
    }
    // Nor is the place kept from being removed or unmounted where the build was.
    env::set_current_dir("/").ok();
    remote.finish(UPLOADING);
}

/// SIGTERM stops what is being served, SIGINT does nothing. When all that `is_over`, both end the
/// process at once: what is left to upload is written down.
#[cfg(unix)]
fn signals(stop: &Stop, is_over: &Arc<AtomicBool>) -> Result<(), Failure> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    let failed = |e| Failure::Other(format!("cannot listen for signals: {e}"));
    let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(failed)?;
    let (stop, is_over) = (stop.clone(), is_over.clone());
    let listen = move || {
        for signal in signals.forever() {
            if is_over.load(Ordering::Relaxed) {
                emulate_default_handler(signal).ok();
            } else if signal == SIGTERM {
                stop.stop();
            }
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(failed)?;
    Ok(())
}

/// Elsewhere the end of the input is what ends it.
#[cfg(not(unix))]
fn signals(_: &Stop, _: &Arc<AtomicBool>) -> Result<(), Failure> {
    Ok(())
}

/// Opens the directory, with the store behind it, whatever helper is named: this is one, and would
/// start itself.
fn open(args: &Args, session: &Session) -> Result<Opened> {
    let flags = Flags {
        remote: args.store.flag()?,
        remote_access: args.remote_access.map(|value| Flag { name: "--remote-access", value }),
        upload_wait: args.upload_wait.map(|value| Flag { name: "--upload-wait", value }),
        scope: scope_flag(args.scope.clone()),
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
    settings::open(opening, &settings)
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

fn closing_line(tally: &Tally, remote: Option<&RemoteCache>) -> String {
    let mut line = format!(
        "{}, {}, {}, {}, {} in, {} out, {}, {:.1} s",
        count(tally.gets, "get", "gets"),
        count(tally.hits, "hit", "hits"),
        count(tally.misses, "miss", "misses"),
        count(tally.puts, "put", "puts"),
        report::size(tally.bytes_in),
        report::size(tally.bytes_out),
        count(tally.errors, "error", "errors"),
        tally.time.as_secs_f64()
    );
    if let Some(remote) = remote {
        line += &about_store(&remote.counts(), remote.uploads_left());
    }
    line
}

/// What came from the store and went there, and what did not.
fn about_store(counts: &Counts, left: u64) -> String {
    let mut text = format!(
        "; store: {} fetched, {}, {} uploaded, {}",
        counts.fetched,
        report::size(counts.fetched_bytes),
        counts.uploaded,
        report::size(counts.uploaded_bytes),
    );
    for (n, what) in [
        (left, "to be uploaded"),
        (counts.refused, "refused"),
        (counts.failed, "not answered"),
        (counts.not_asked, "not asked"),
    ] {
        if n > 0 {
            text += &format!(", {n} {what}");
        }
    }
    text
}
