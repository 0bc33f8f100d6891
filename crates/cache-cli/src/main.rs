//! `larder`: a build artifact cache on the command line.

#![deny(missing_docs)]

mod args;
mod commands;
mod counters;
mod failure;
mod log;
mod progress;
mod report;
mod session;
mod settings;
mod target;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::failure::Exit;
use crate::session::Session;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            return match failure::usage(&error) {
                Exit::Usage if args::is_of_run() => Exit::Of(commands::run::FAILED),
                exit => exit,
            }
            .into();
        }
    };
    log::start(args.log_level());
    let session = Session::new(args.global);
    let exit = commands::run(args.command, &session);
    exit.unwrap_or_else(|error| failure::tell(error.as_ref())).into()
}
