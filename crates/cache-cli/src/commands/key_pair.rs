//! `larder key-pair`: a key pair for signing what is written to a store.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use cache_default::Flags;
use cache_remote::KeyPair;
use serde::Serialize;

use crate::failure::{Exit, Failure, Role};
use crate::report::{self, Answers, PathJson};
use crate::session::Session;

/// The name of the file beside the settings file.
const NAME: &str = "signing-key";

/// Make a key pair for signing what is written to a store
///
/// Whoever can write to a store could put results there that feed every build. With a key pair,
/// writers sign what they upload, and readers take nothing else. The secret key goes to a new file
/// that only this user can read; one that is there is never written over. The public key is printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
On the machines that write to the store, give the file with the secret key to larder: signing-key in \
the settings file, or LARDER_SIGNING_KEY. It has to stay readable for its owner alone.

On those that read from it, give them the public key: trusted-keys in the settings file, a list, or \
LARDER_TRUSTED_KEYS, separated by commas. A result that is not signed with one of these keys is a \
miss with that reason. Machines that do both need both.

To change a key: make a new pair, trust both public keys, sign with the new one, and drop the old one \
when what it signed is gone from the store.

With --json: {public_key, id, file}, where id is the short name that messages have for the key.

Example:
  larder key-pair --output ci-signing-key")]
pub(crate) struct Args {
    /// The new file for the secret key [default: signing-key beside the settings file]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Serialize)]
struct Answer {
    public_key: String,
    id: String,
    file: PathJson,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let path = match &args.output {
        Some(path) => path.clone(),
        None => by_default(session)?,
    };
    let pair = KeyPair::generate()
        .map_err(|e| Failure::Other(format!("the system gives no random numbers: {e}")))?;
    write(&path, &format!("{}\n", pair.to_text())).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => Failure::Other(format!(
            "{} is there already, and a key is never written over; name another file with --output, \
             or move that one away",
            path.display()
        )),
        _ => Failure::file("write", &path, Role::Target)(e),
    })?;
    session.note(&format!("the secret key is in {}", path.display()));
    let public = pair.public();
    if session.json {
        let id = public.id().to_string();
        report::json(&Answer { public_key: public.to_string(), id, file: PathJson(path) })?;
        return Ok(Exit::Done);
    }
    let mut answers = Answers::new();
    answers.line(format_args!("{public}"))?;
    answers.finish()?;
    Ok(Exit::Done)
}

/// Beside the settings file, where no repository takes it in by mistake.
fn by_default(session: &Session) -> Result<PathBuf, Failure> {
    let settings = session.settings(Flags::default())?;
    let folder = settings.file.as_deref().and_then(Path::parent).ok_or_else(|| {
        let text = "there is no config folder for the secret key; name a file with --output";
        Failure::Usage(text.to_owned())
    })?;
    fs::create_dir_all(folder).map_err(Failure::file("make", folder, Role::Target))?;
    Ok(folder.join(NAME))
}

/// Writes a new file for this user alone: whole, or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.inspect_err(|_| _ = fs::remove_file(path))
}
