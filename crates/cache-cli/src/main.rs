//! `larder`: a build artifact cache on the command line.

#![deny(missing_docs)]

mod args;
mod commands;
mod counters;
mod failure;
mod file_size;
mod interrupt;
mod log;
mod progress;
mod remote;
mod report;
mod session;
mod settings;
mod streams;
mod target;
mod transfer;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::failure::Exit;
use crate::session::Session;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let command = args::command_named();
            let exit = failure::usage(&error, command.as_deref());
            return as_of(exit, command.as_deref() == Some("run")).into();
        }
    };
    if let Err(error) = args.check() {
        return as_of(failure::tell(&error), matches!(args.command, Command::Run(_))).into();
    }
    log::start(args.log_level());
    file_size::fail_over_the_limit();
    let session = Session::new(args.global);
    let exit = commands::run(args.command, &session);
    exit.unwrap_or_else(|error| failure::tell(error.as_ref())).into()
}

/// `larder run` has an exit code of its own for a wrong command line.
fn as_of(exit: Exit, is_run: bool) -> Exit {
    match exit {
        Exit::Usage if is_run => Exit::Of(commands::run::FAILED),
        exit => exit,
    }
}
