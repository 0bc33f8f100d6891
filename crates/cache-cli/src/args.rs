//! What the user said. Help, completions and manual pages come from these definitions too.

use std::path::PathBuf;

use cache_core::{ActionId, ParseIdError, ParseIdProblem};
use cache_default::{WrongValue, parse_max_size};
use clap::{ArgAction, CommandFactory, Parser, Subcommand};

use crate::commands::{
    clean, completions, doctor, env, get, hash, key, key_pair, ls, man, pull, push, put, run,
    serve, stats, trim, verify,
};
use crate::failure::Failure;

/// A build artifact cache in a directory, byte-compatible with the go command's
///
/// Larder keeps the results of repeatable computations: an action ID, which describes a
/// computation, leads to an output, the bytes that it produced. A directory that the go command
/// wrote is a Larder cache and the other way round, both at once.
#[derive(Debug, Parser)]
#[command(
    name = "larder",
    version,
    after_help = "\
Exit codes:
  0  done
  1  the answer is no: a miss, or something bad found
  2  the command line or a setting is wrong
  3  failed

`larder run` ends with its command's, or with 125 to 127 for a failure of its own.

Environment:
  LARDER_DIR       the cache directory, an absolute path, or off
  LARDER_PROG      the command of a cache helper (a GOCACHEPROG) that
                   larder run asks first, or off
  LARDER_REMOTE    the address of a store that is shared with other machines,
                   such as s3://bucket/prefix, or off; `larder env --help` has
                   the variables that say how it is used
  LARDER_MAX_SIZE  the size limit that is kept, such as 10GiB, or off
  LARDER_ALLOW_WORLD_WRITABLE
                   1: use a directory that everybody can write to
  LARDER_DEBUG     verify=1: compare results with what is stored, and run
                   everything (of larder run, output files are compared);
                   hash=1: show what is hashed
  NO_COLOR, CLICOLOR, CLICOLOR_FORCE
                   whether messages are coloured

Settings file: larder/config.toml in the user's config folder; `larder env` shows where, and what is \
in force.

Example:
  id=$(larder key cc -O2 \"$(larder hash hello.c)\")
  larder get \"$id\" -o hello.o || { cc -O2 -c hello.c && larder put \"$id\" hello.o; }"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    /// Refuses `--json` for a command that has no answer to give in it.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let name = match self.command {
            Command::Run(_) => "run",
            Command::Serve(_) => "serve",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
            _ => return Ok(()),
        };
        match self.global.json {
            true => Err(Failure::Usage(format!(
                "larder {name} has no answer to give in JSON; leave --json out"
            ))),
            false => Ok(()),
        }
    }

    /// How loudly to log: as often as `-v` was given, but for `serve`, where the first asks for its
    /// closing line and the go command's users see what is logged, once less.
    pub(crate) fn log_level(&self) -> u8 {
        let once_less = matches!(self.command, Command::Serve(_));
        self.global.verbose.saturating_sub(once_less.into())
    }
}

/// Which command a command line that was not understood names.
pub(crate) fn command_named() -> Option<String> {
    let understood = Args::command().ignore_errors(true).try_get_matches().ok()?;
    understood.subcommand_name().map(str::to_owned)
}

/// The flags that every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// The cache directory [default: LARDER_DIR, else the settings file's dir, else larder in the
    /// user's cache folder]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub(crate) dir: Option<PathBuf>,
    /// Answer in JSON: times in RFC 3339, sizes in bytes
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// Say nothing but answers and errors
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// Log to stderr what is done; twice for more, three times for everything
    #[arg(
        short,
        long,
        global = true,
        action = ArgAction::Count,
        conflicts_with = "quiet",
        help_heading = "Global options"
    )]
    pub(crate) verbose: u8,
}

/// How a command ends the lines of its answer.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct LineEnd {
    /// End each line with a NUL instead of a line feed, as xargs -0 and sort -z read them
    #[arg(short = '0', long)]
    null: bool,
}

impl LineEnd {
    /// The byte at the end of a line; JSON has its own.
    pub(crate) fn byte(self, json: bool) -> Result<u8, Failure> {
        without_json(json, self.null, "--null")?;
        Ok(if self.null { b'\0' } else { b'\n' })
    }
}

/// Refuses a flag that says how another answer than the one in JSON looks. clap sees that itself only
/// when `--json` stands after the command's name.
pub(crate) fn without_json(json: bool, is_given: bool, flag: &str) -> Result<(), Failure> {
    if json && is_given {
        let text = format!("{flag} and --json ask for two different answers; leave one out");
        return Err(Failure::Usage(text));
    }
    Ok(())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(run::Args),
    Serve(serve::Args),
    Get(get::Args),
    Put(put::Args),
    Key(key::Args),
    Hash(hash::Args),
    Ls(ls::Args),
    Stats(stats::Args),
    Verify(verify::Args),
    Trim(trim::Args),
    Clean(clean::Args),
    Push(push::Args),
    Pull(pull::Args),
    KeyPair(key_pair::Args),
    Env(env::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Reads an action ID from the command line.
pub(crate) fn action_id(text: &str) -> Result<ActionId, String> {
    text.parse().map_err(|error: ParseIdError| {
        let its = match error.problem() {
            problem @ ParseIdProblem::Length { .. } => format!("has {problem}"),
            problem => format!("its {problem}"),
        };
        format!(
            "it must be an action ID, and {its}; \
             derive one with `larder key`, or take one from `larder ls`"
        )
    })
}

/// A size limit on the command line, in bytes; `None`: there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MaxSize(pub(crate) Option<u64>);

/// Reads a size limit from the command line.
pub(crate) fn max_size(text: &str) -> Result<MaxSize, WrongValue> {
    parse_max_size(text).map(MaxSize)
}

/// Reads a number of things from the command line.
pub(crate) fn number(text: &str) -> Result<usize, &'static str> {
    text.parse().map_err(|_| "it must be a whole number, such as 10")
}
