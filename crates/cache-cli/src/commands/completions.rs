//! `larder completions`: for shells.

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::failure::Exit;
use crate::report::Answers;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  larder completions bash > ~/.local/share/bash-completion/completions/larder")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<Exit> {
    let mut script = Vec::new();
    let mut command = crate::args::Args::command();
    clap_complete::generate(args.shell, &mut command, "larder", &mut script);
    let mut answers = Answers::new();
    answers.bytes(&script)?;
    answers.finish()?;
    Ok(Exit::Done)
}
