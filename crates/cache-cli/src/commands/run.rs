//! `larder run`: a command's result from the cache, or the command.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use cache_hash::FileHashMemo;
use cache_run::{
    DescribeError, End, Options, Outcome, RunError, Runner, Signals, Stdin, Streams, Task,
    project_root, read_stdin,
};

use crate::counters::{self, Kind, Used};
use crate::failure::{self, Exit, Failure, Role};
use crate::remote;
use crate::session::Session;
use passing::{Cursor, Passing};
use words::Told;
pub(crate) use words::advice;

mod passing;
mod words;

/// The exit code for everything that goes wrong beside the command.
pub(crate) const FAILED: u8 = 125;

/// What keeps the results of `larder run` apart from every other program's.
const SALT: &str = "larder run";

/// Run a command once for its inputs, and replay its result after that
///
/// The first time, the command runs, and its output appears as it comes. After that, as long as
/// nothing changed that it was declared to depend on, its output files, stdout, stderr and exit code
/// come from the cache, and it does not run.
///
/// Nothing changed means: the same command line, the same contents of the executable, the same
/// inputs (names, contents and mode bits), the same values of the declared variables, the same
/// working directory within the project, the same kind of machine. Where the project lies makes no
/// difference. What is not declared is ignored: when a file changes that the command reads but that
/// is no input, the old result is replayed. Without --input no file counts but the executable.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "larder run [OPTIONS] -- COMMAND [ARGUMENT]...",
    after_help = "\
An output counts as made when it is there after the command, even if it was there before. Of an \
output folder everything is stored, also what was in it before the command ran; when it is replayed, \
other files in it stay.

What is called .git is left out of folders and globs, and so are the outputs. A glob in quotes is \
larder's: ** goes through folders.

The command's stdin is empty, unless it is an input: --input -. Its stdout and stderr are pipes, for \
which many programs leave colours out; most have a flag that forces them. -q leaves out what larder \
says about the run.

Ctrl-C reaches the command, and nothing is stored then. Two equal runs at the same time run the \
command once: the second one waits.

Exit codes: the command's own, and 128 and the number when a signal ends it; 127 when there is no \
such command, 126 when it cannot be executed, 125 for everything else that goes wrong.

Environment:
  LARDER_DIR    the cache directory, or off: then the command just runs
  LARDER_PROG   the command of a helper (a GOCACHEPROG) to ask instead, or off
  LARDER_REMOTE the store that is shared with other machines, or off
  LARDER_DEBUG  verify=1: run everything, and compare the output files, and they
                alone, with what is stored; hash=1: show what is hashed

Examples:
  larder run --input 'src/**/*.[ch]' --output hello --env CC -- make hello
  larder run --name hello --explain --input src --output hello -- make hello"
)]
pub(crate) struct Args {
    /// What the command reads: a file, a folder with everything in it, a glob, or - for stdin; may
    /// be given again
    #[arg(long, value_name = "GLOB")]
    input: Vec<OsString>,
    /// What the command makes: a file, or a folder with everything in it; may be given again
    #[arg(long, value_name = "PATH")]
    output: Vec<PathBuf>,
    /// An environment variable that makes a difference; may be given again
    #[arg(long, value_name = "NAME")]
    env: Vec<OsString>,
    /// A name for --explain to find the last run by, also when the command line changed [default:
    /// the command line]
    #[arg(long)]
    name: Option<String>,
    /// The project's folder, to which names are relative, so that it may lie anywhere [default: the
    /// nearest folder upwards with a .git, else the working directory]
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Leave out of folders and globs what .gitignore and .ignore say
    #[arg(long)]
    ignore_files: bool,
    /// Keep the result of a command that fails, too
    #[arg(long)]
    cache_failures: bool,
    /// Run the command although its result is there, and store the new one
    #[arg(long)]
    force: bool,
    /// Say, when the command has to run, what changed since its last run
    #[arg(long)]
    explain: bool,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs it. A failure of this command is told here, for it has exit codes of its own.
pub(crate) fn run(args: Args, session: &Session) -> Exit {
    run_or_replay(args, session).unwrap_or_else(|error| {
        let code = error.downcast_ref().map_or(FAILED, RunError::exit_code);
        match failure::tell(error.as_ref()) {
            Exit::Done => Exit::Done,
            _ => Exit::Of(code),
        }
    })
}

fn run_or_replay(args: Args, session: &Session) -> Result<Exit> {
    let (opened, upload_wait) = match session.open_cache() {
        Ok(Some(opened)) => opened,
        Ok(None) => {
            session.note("the cache is off: running the command, and storing nothing");
            return run_uncached(&args);
        }
        Err(error) if error.downcast_ref().is_some_and(Failure::is_of_the_disk) => {
            let problem = failure::with_advice(error.as_ref());
            session.note(&format!("{problem}; running the command, and storing nothing"));
            return run_uncached(&args);
        }
        Err(error) => return Err(error),
    };
    let begun = Instant::now();
    let (task, stdin) = task(&args)?;
    let signals = Signals::new();
    let (told, cursor) = (Told::new(session), Cursor::default());
    // What is wrong in the directory keeps no command from being run.
    let locks = opened.directory.own_folder("locks").map_err(|e| {
        told.tell_failure("there is no lock, so that an equal run would run the command too", &e);
    });
    let files = match opened.directory.own_folder("") {
        Ok(ours) => FileHashMemo::open(ours.join("file-hashes")),
        Err(_) => FileHashMemo::new(),
    };
    let files = files.with_trace(opened.trace().clone());
    let keys = opened.keys(SALT);
    let locks = locks.as_deref().ok();
    let runner = Runner { cache: &*opened.cache, keys: &keys, files: &files, locks };
    let options = Options {
        cache_failures: args.cache_failures,
        force: args.force,
        explain: args.explain,
        signals: Some(&signals),
    };
    let ran = runner.run(
        &task,
        &options,
        &mut Streams {
            stdin: stdin.as_ref().map(|stdin| &stdin.file),
            stdout: &mut Passing::stdout(&cursor)?,
            stderr: &mut Passing::stderr(&cursor)?,
            notes: &mut |note| told.note(note, args.cache_failures),
        },
    );
    if session.progress() {
        // Somebody is there to see the line that follows.
        cursor.end_line();
    }
    if let Err(e) = files.save() {
        told.tell_failure("the hashes of the inputs are not remembered", &e);
    }
    if let Ok(outcome) = &ran {
        told.tell(told.closing_line(outcome));
        counters::record(&opened.directory, &used(outcome, begun.elapsed()));
    }
    if was_interrupted(&ran, &signals) {
        // A helper is ended in order before this process is.
        drop(opened);
        signals.die_of_received();
        return Ok(Exit::Of(FAILED));
    }
    // From here on Ctrl-C ends this process: a trim may take a while.
    drop(signals);
    let outcome = ran?;
    let has_stored = matches!(outcome, Outcome::Ran { stored: Ok(_), .. });
    let exit = Exit::Of(exit_code(outcome.code()));
    // The command has run, or was replayed, whatever comes of this.
    if let Err(error) = opened.cache.close() {
        told.tell_failure("closing the cache failed", &error);
    }
    if has_stored {
        remote::finish(&opened, upload_wait, session);
    }
    Ok(exit)
}

/// Whether this process ends by the signal that it got: unless the command took it for nothing
/// special, and exited by itself.
fn was_interrupted(ran: &Result<Outcome, RunError>, signals: &Signals) -> bool {
    signals.received().is_some()
        && !matches!(ran, Ok(Outcome::Ran { end: End::Exited(_), .. }) | Err(RunError::NotMade(_)))
}

fn task(args: &Args) -> Result<(Task, Option<Stdin>)> {
    let dir = std::env::current_dir().map_err(|e| {
        Failure::Other(format!("cannot find the working directory: {e}; change to another"))
    })?;
    let root = match &args.root {
        Some(root) => named_root(root, &dir)?,
        None => project_root(&dir),
    };
    let is_stdin = |input: &&OsString| *input == "-";
    let stdin = match args.input.iter().any(|input| is_stdin(&input)) {
        false => None,
        true => {
            let name = Path::new("standard input");
            let read = read_stdin(&mut io::stdin().lock());
            Some(read.map_err(Failure::file("read", name, Role::Input))?)
        }
    };
    let task = Task {
        command: args.command.clone(),
        dir,
        root,
        inputs: args.input.iter().filter(|input| !is_stdin(input)).cloned().collect(),
        ignore_files: args.ignore_files,
        outputs: args.output.clone(),
        env: args.env.clone(),
        name: args.name.clone(),
        stdin: stdin.as_ref().map(|stdin| stdin.output),
    };
    Ok((task, stdin))
}

fn used(outcome: &Outcome, elapsed: Duration) -> Used {
    let mut used = Used::new(Kind::Run);
    match outcome {
        Outcome::Replayed { saved, .. } => {
            used.hits = 1;
            used.saved = saved.saturating_sub(elapsed);
        }
        Outcome::Ran { stored, .. } => {
            used.misses = 1;
            used.puts = stored.is_ok().into();
        }
    }
    used
}

/// The project's folder that the user named. Like the working directory it is without links and
/// `..`: one begins with the other.
fn named_root(named: &Path, dir: &Path) -> Result<PathBuf, Failure> {
    let root = fs::canonicalize(named).map_err(Failure::file("find", named, Role::Input))?;
    let problem = match root.is_dir() {
        false => "is not a folder; name the project's folder",
        true if !dir.starts_with(&root) => {
            "does not have the working directory in it; name a folder that has, or change to one in it"
        }
        true => return Ok(root),
    };
    Err(Failure::Usage(format!("--root {} {problem}", named.display())))
}

/// What a process can exit with.
fn exit_code(code: i32) -> u8 {
    // Only where codes have more than eight bits; what is no success must not become one.
    u8::try_from(code).unwrap_or(FAILED)
}

/// Runs the command as if it had been called without this one.
fn run_uncached(args: &Args) -> Result<Exit> {
    let command = args.command.split_first().filter(|(name, _)| !name.is_empty());
    let (name, arguments) = command.ok_or(RunError::Describe(DescribeError::NoCommand))?;
    let mut command = std::process::Command::new(name);
    command.args(arguments);
    if !args.input.iter().any(|input| input == OsStr::new("-")) {
        // As in a run with the cache.
        command.stdin(std::process::Stdio::null());
    }
    let failed = |source| RunError::Start { program: name.into(), source };
    #[cfg(unix)]
    return Err(failed(std::os::unix::process::CommandExt::exec(&mut command)).into());
    #[cfg(not(unix))]
    return Ok(Exit::Of(exit_code(
        command.status().map_err(failed)?.code().unwrap_or(FAILED.into()),
    )));
}
