//! `larder man`: manual pages.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use clap::CommandFactory;
use clap_mangen::Man;

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
    // Help is no command with a page.
    let mut command = crate::args::Args::command().disable_help_subcommand(true);
    command.build();
    if let Some(dir) = &args.out {
        fs::create_dir_all(dir).map_err(Failure::file("make", dir, Role::Target))?;
        for command in command.get_subcommands().chain([&command]) {
            let man = Man::new(command.clone());
            let path = dir.join(man.get_filename());
            let page = page(&man)?;
            fs::write(&path, page).map_err(Failure::file("write", &path, Role::Target))?;
        }
        return Ok(Exit::Done);
    }
    let mut answers = Answers::new();
    answers.bytes(page(&Man::new(command))?.as_bytes())?;
    answers.finish()?;
    Ok(Exit::Done)
}

/// The page as clap makes it, but for what stands after the options: that gets the heading of such
/// things, and its tables and examples, which are indented, keep their lines.
fn page(man: &Man) -> Result<String> {
    let mut roff = Vec::new();
    man.render(&mut roff)?;
    let roff = String::from_utf8_lossy(&roff);
    let Some((before, notes)) = roff.split_once("\n.SH EXTRA\n") else {
        return Ok(roff.into_owned());
    };
    let mut page = format!("{before}\n.SH NOTES\n");
    let mut is_kept = false;
    for line in notes.lines() {
        if line.starts_with("  ") != is_kept {
            is_kept = !is_kept;
            page += if is_kept { ".nf\n" } else { ".fi\n" };
        }
        page += line;
        page.push('\n');
    }
    if is_kept {
        page += ".fi\n";
    }
    Ok(page)
}
