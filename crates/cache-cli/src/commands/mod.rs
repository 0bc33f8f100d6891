//! The commands, one file each: what a command takes, and what it does with it.

pub(crate) mod clean;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod env;
pub(crate) mod get;
pub(crate) mod hash;
pub(crate) mod key;
pub(crate) mod key_pair;
pub(crate) mod ls;
pub(crate) mod man;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod put;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod stats;
pub(crate) mod trim;
pub(crate) mod verify;

use anyhow::Result;

use crate::args::Command;
use crate::failure::Exit;
use crate::session::Session;

/// Runs a command.
pub(crate) fn run(command: Command, session: &Session) -> Result<Exit> {
    match command {
        Command::Serve(args) => serve::run(&args, session),
        Command::Get(args) => get::run(&args, session),
        Command::Put(args) => put::run(&args, session),
        Command::Run(args) => Ok(run::run(args, session)),
        Command::Key(args) => key::run(&args, session),
        Command::Hash(args) => hash::run(&args, session),
        Command::Ls(args) => ls::run(&args, session),
        Command::Stats(args) => stats::run(&args, session),
        Command::Verify(args) => verify::run(&args, session),
        Command::Trim(args) => trim::run(&args, session),
        Command::Clean(args) => clean::run(&args, session),
        Command::Push(args) => push::run(&args, session),
        Command::Pull(args) => pull::run(&args, session),
        Command::KeyPair(args) => key_pair::run(&args, session),
        Command::Env(args) => env::run(&args, session),
        Command::Doctor(args) => doctor::run(&args, session),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
