//! `larder man`: manual pages.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use clap::CommandFactory;

use crate::failure::{Exit, Failure, Role};
use crate::report::Answers;

/// Print the manual page, or write every command's page into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  larder man --out ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// Write larder.1 and a page for each command into DIR, which is made when it is not there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<Exit> {
    let command = crate::args::Args::command();
    if let Some(dir) = &args.out {
        fs::create_dir_all(dir).map_err(Failure::file("make", dir, Role::Target))?;
        clap_mangen::generate_to(command, dir).map_err(Failure::file(
            "write to",
            dir,
            Role::Target,
        ))?;
        return Ok(Exit::Done);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    let mut answers = Answers::new();
    answers.bytes(&page)?;
    answers.finish()?;
    Ok(Exit::Done)
}
