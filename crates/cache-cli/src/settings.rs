//! The settings in force: [`cache_default`]'s, with the command's flags, and their errors in its
//! words.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use anyhow::Result;
use cache_core::Error;
use cache_default::{
    DirError, Flag, Flags, KeyFileProblem, Names, NoUserFolder, OpenError, Opened, Opening, Origin,
    Settings, SettingsError, StartError, process_env,
};

use crate::args::MaxSize;
use crate::failure::Failure;

/// The names that `larder` goes by.
pub(crate) const NAMES: Names = Names::LARDER;

/// Resolves the settings under these names.
pub(crate) fn resolve(names: &Names, flags: Flags) -> Result<Settings, Failure> {
    Settings::resolve(names, flags, &process_env).map_err(|error| match error {
        SettingsError::Dir(error) => no_directory(&error, names),
        SettingsError::NoConfigFolder { name, source } => Failure::Usage(format!(
            "there is no place for the settings file {name}: {}; make it one, or unset it",
            no_folder(&source)
        )),
        error => Failure::Usage(error.to_string()),
    })
}

/// The flag `--dir`, as it was written.
pub(crate) fn dir_flag(dir: Option<&Path>) -> Result<Option<Flag<PathBuf>>, Failure> {
    let Some(dir) = dir else { return Ok(None) };
    if dir == "off" {
        // As a folder's name it is more likely a mistake than meant.
        return Err(Failure::Usage(
            "--dir takes no off; write ./off for a folder of that name, or set LARDER_DIR=off to \
             turn the cache off"
                .to_owned(),
        ));
    }
    let value = absolute(dir).map_err(|e| {
        Failure::Other(format!("cannot find the working directory: {e}; change to another"))
    })?;
    Ok(Some(Flag { name: "--dir", value }))
}

/// The flag `--max-size`.
pub(crate) fn max_size_flag(size: Option<MaxSize>) -> Option<Flag<Option<u64>>> {
    size.map(|MaxSize(value)| Flag { name: "--max-size", value })
}

/// The flag `--max-age`.
pub(crate) fn max_age_flag(age: Option<Duration>) -> Option<Flag<Duration>> {
    age.map(|value| Flag { name: "--max-age", value })
}

/// What the user is told when there is no cache directory. The go command's own has no flag, and its
/// users know these errors.
pub(crate) fn no_directory(error: &DirError, names: &Names) -> Failure {
    if names.dir != NAMES.dir {
        return Failure::Usage(error.to_string());
    }
    Failure::Usage(match error {
        DirError::NotAbsolute { variable, found } => {
            format!(
                "{}; make it one, or name a directory with --dir",
                not_absolute(variable, found)
            )
        }
        DirError::NotDefined { variable, source } => format!(
            "there is no place for the cache: {}; set {variable}, or name a directory with --dir",
            no_folder(source)
        ),
        error => format!("{error}; name a directory with --dir"),
    })
}

/// Why one of the user's folders is not known.
fn no_folder(error: &NoUserFolder) -> String {
    match error {
        NoUserFolder::XdgOrHome { variable } => format!("neither {variable} nor HOME is set"),
        NoUserFolder::Relative { variable, found } => not_absolute(variable, found),
        NoUserFolder::Home => "HOME is not set".to_owned(),
        NoUserFolder::Windows { variable } => format!("%{variable}% is not set"),
        error => error.to_string(),
    }
}

fn not_absolute(variable: &str, found: &OsStr) -> String {
    format!("{variable} is {found:?}, which is not an absolute path")
}

/// Opens a cache; what goes wrong is told in the command's words.
pub(crate) fn open(opening: Opening<'_>, settings: &Settings) -> Result<Opened> {
    let opened = opening.open();
    if let Ok(opened) = &opened {
        let dir = opened.directory.dir().display();
        tracing::info!("the cache directory is {dir} ({})", settings.dir.origin);
        if let (Some(_), Some(address)) = (&opened.remote, &settings.remote.value) {
            tracing::info!("the store is {address} ({})", settings.remote.origin);
        }
    }
    opened.map_err(|error| match error {
        OpenError::Dir(DirError::Create { dir: path, source }) => {
            Failure::Directory { operation: "make", path, source }.into()
        }
        OpenError::Dir(error) => no_directory(&error, settings.names()).into(),
        OpenError::Directory(Error::Io { path, source, .. }) => match source.kind() {
            ErrorKind::NotFound => Failure::NoCache { path }.into(),
            _ => Failure::Directory { operation: "open", path, source }.into(),
        },
        OpenError::Directory(ref error @ Error::WorldWritable { ref dir }) => {
            Failure::Other(about_world_writable(error, dir, settings)).into()
        }
        OpenError::Directory(error) => error.into(),
        OpenError::Helper { source, .. } => {
            let origin = &settings.prog.origin;
            let problem = helper_problem(&source, origin);
            let file = match &settings.file {
                Some(file) => file.display().to_string(),
                None => "the settings file".to_owned(),
            };
            Failure::Other(format!(
                "{problem}; correct {origin} or set it to off; \
                 on-helper-failure = \"continue\" in {file} goes on without a helper"
            ))
            .into()
        }
        error => no_store(error).into(),
    })
}

/// What to do about a directory that everybody can write to.
fn about_world_writable(error: &Error, dir: &Path, settings: &Settings) -> String {
    let remedy = match is_shared(dir) {
        true => "name a folder of your own",
        false => "end that with chmod -R o-w",
    };
    let allow = match settings.names().allow_world_writable {
        Some(variable) => format!(", or allow it with {variable}=1"),
        None => String::new(),
    };
    format!("{error}; {remedy}{allow}")
}

/// Whether a directory is meant for everybody to write to, as `/tmp` is.
fn is_shared(dir: &Path) -> bool {
    #[cfg(unix)]
    return std::fs::metadata(dir)
        .is_ok_and(|found| std::os::unix::fs::MetadataExt::mode(&found) & 0o1000 != 0);
    #[cfg(not(unix))]
    return dir.as_os_str().is_empty();
}

/// Why the helper that `origin` names does not start.
pub(crate) fn helper_problem(error: &StartError, origin: &Origin) -> String {
    match error {
        StartError::Spawn { program, source } => {
            format!("cannot start the cache helper {program:?} ({origin}): {source}")
        }
        error => format!("{error} ({origin})"),
    }
}

/// What the user is told when there is no store. Names and keys are settings, and wrong ones are the
/// user's to correct.
pub(crate) fn no_store(error: OpenError) -> Failure {
    match error {
        OpenError::HelperAndStore { .. } => Failure::Usage(error.to_string()),
        OpenError::Store { source, origin } if source.is_mistake() => Failure::Usage(format!(
            "{source} ({origin}); correct it, or set it to off to do without a store"
        )),
        OpenError::SigningKey { source, origin } => Failure::Usage(format!(
            "{source} ({origin}){}",
            match source.problem {
                KeyFileProblem::OpenToOthers { .. } => "",
                _ => "; name the file that larder key-pair has made, or set it to off",
            }
        )),
        error => Failure::Other(error.to_string()),
    }
}
