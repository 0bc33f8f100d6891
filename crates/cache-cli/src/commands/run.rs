//! `larder run`: a command's result from the cache, or the command.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use cache_default::Opened;
use cache_hash::FileHashMemo;
use cache_run::{
    DescribeError, End, NotStored, Note, Options, Outcome, RunError, Runner, Signals, Stdin,
    Streams, Task, project_root, read_stdin,
};

use crate::counters::{self, Kind, Used};
use crate::failure::{self, Exit, Failure, Role};
use crate::report;
use crate::session::Session;

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
/// difference. What is not declared is taken to make none: a file that the command reads without its
/// being an input is not looked at.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "larder run [OPTIONS] -- COMMAND [ARGUMENT]...",
    after_help = "\
The command's stdin is empty, unless it is an input: --input -. Its stdout and stderr are pipes, for
which many programs leave colours out; most have a flag that forces them.

What is called .git is left out of folders and globs, and so are the outputs. A glob in quotes is
larder's: ** goes through folders.

Ctrl-C reaches the command, and nothing is stored then. Two equal runs at the same time run the
command once: the second one waits.

Exit codes: the command's own, and 128 and the number when a signal ends it; 127 when there is no
such command, 126 when it cannot be executed, 125 for everything else that goes wrong.

Example:
  larder run --input 'src/**/*.[ch]' --output hello --env CFLAGS -- make hello
  larder run --input 'src/**/*.[ch]' --output hello --env CFLAGS --explain -- make hello"
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
    /// A name for --explain to find the last run by [default: the command line]
    #[arg(long)]
    name: Option<String>,
    /// The project's folder, from which names count [default: the nearest folder upwards with a
    /// .git, else the working directory]
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
    let Some(opened) = session.open_cache()? else {
        session.note("the cache is off: running the command, and storing nothing");
        return run_uncached(&args);
    };
    let begun = Instant::now();
    let (task, stdin) = task(&args)?;
    let dir = opened.directory.dir();
    let ours = dir.join("larder");
    let files = FileHashMemo::open(ours.join("file-hashes")).with_trace(opened.trace().clone());
    let signals = Signals::new();
    let keys = opened.keys(SALT);
    let runner =
        Runner { cache: &*opened.cache, keys: &keys, files: &files, locks: &ours.join("locks") };
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
            stdout: &mut unbuffered(&io::stdout())?,
            stderr: &mut unbuffered(&io::stderr())?,
            notes: &mut |note| tell(note, session),
        },
    );
    if let Err(e) = files.save() {
        session.note(&format!("the hashes of the inputs are not remembered: {e}"));
    }
    if let Ok(outcome) = &ran {
        session.note(&closing_line(outcome));
        counters::record(dir, &used(outcome, begun.elapsed()));
    }
    if was_interrupted(&ran, &signals) {
        // A helper is ended in order before this process is.
        drop(opened);
        signals.die_of_received();
        return Ok(Exit::Of(FAILED));
    }
    // From here on Ctrl-C ends this process: a trim may take a while.
    drop(signals);
    let exit = Exit::Of(exit_code(ran?.code()));
    close(&opened, session);
    Ok(exit)
}

/// Whether this process ends by the signal that it got: unless the command took it for nothing
/// special, and exited by itself.
fn was_interrupted(ran: &Result<Outcome, RunError>, signals: &Signals) -> bool {
    signals.received().is_some()
        && !matches!(ran, Ok(Outcome::Ran { end: End::Exited(_), .. }) | Err(RunError::NotMade(_)))
}

fn close(opened: &Opened, session: &Session) {
    if let Err(error) = opened.cache.close() {
        // The command has run, or was replayed.
        session.note(&format!("the trim after it failed: {error}"));
    }
}

fn task(args: &Args) -> Result<(Task, Option<Stdin>)> {
    let dir = std::env::current_dir().map_err(|e| {
        Failure::Other(format!("cannot find the working directory: {e}; change to another"))
    })?;
    let root = match &args.root {
        // Without links and `..`, as the working directory is: one begins with the other.
        Some(root) => fs::canonicalize(root).map_err(Failure::file("find", root, Role::Input))?,
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

fn tell(note: &Note<'_>, session: &Session) {
    match note {
        // It was asked for, so -q does not silence it.
        Note::Explanation(explanation) => report::lines(&explanation.to_string()),
        note => session.note(&note.to_string()),
    }
}

fn closing_line(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Replayed { exit: 0, saved } => format!("replayed, saving {}", time(*saved)),
        Outcome::Replayed { exit, saved } => {
            format!("replayed a failure with exit code {exit}, saving {}", time(*saved))
        }
        Outcome::Ran { took, stored: Ok(()), .. } => format!("ran in {}, and stored", time(*took)),
        Outcome::Ran { took, stored: Err(why), .. } => {
            let advice = match why {
                NotStored::Exited(_) => " (--cache-failures stores that too)",
                _ => "",
            };
            format!("ran in {}, and not stored: {}{advice}", time(*took), failure::in_one_line(why))
        }
    }
}

/// How long a command ran, for people.
fn time(time: Duration) -> String {
    match time.as_secs() {
        0 if time < Duration::from_millis(100) => format!("{} ms", time.as_millis()),
        0..60 => format!("{:.2} s", time.as_secs_f64()),
        seconds => humantime::format_duration(Duration::from_secs(seconds)).to_string(),
    }
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

/// What a process can exit with.
fn exit_code(code: i32) -> u8 {
    // Only where codes have more than eight bits; what is no success must not become one.
    u8::try_from(code).unwrap_or(FAILED)
}

/// What to do about a failure of a run.
pub(crate) fn advice(error: &RunError) -> Option<&'static str> {
    Some(match error {
        RunError::NotMade(_) => "check what it writes, and how the --output is written",
        RunError::Describe(DescribeError::ToolNotFoundInPath(_)) => {
            "install it, or name it by its path"
        }
        RunError::Describe(DescribeError::ToolNotFound(_)) => "check its name",
        RunError::Describe(DescribeError::ToolNotExecutable(_)) => {
            "make it executable with chmod +x, or name a program"
        }
        RunError::Changed => "run it again",
        _ => return None,
    })
}

/// Runs the command as if it had been called without this one.
fn run_uncached(args: &Args) -> Result<Exit> {
    let (name, arguments) = args.command.split_first().ok_or(DescribeError::NoCommand)?;
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

/// A standard stream without a buffer: what a command writes is seen when it writes it.
#[cfg(unix)]
fn unbuffered(stream: &impl std::os::fd::AsFd) -> Result<File, Failure> {
    Ok(stream.as_fd().try_clone_to_owned().map_err(Failure::Output)?.into())
}

#[cfg(windows)]
fn unbuffered(stream: &impl std::os::windows::io::AsHandle) -> Result<File, Failure> {
    Ok(stream.as_handle().try_clone_to_owned().map_err(Failure::Output)?.into())
}
