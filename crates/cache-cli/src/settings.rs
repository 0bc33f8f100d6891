//! The settings in force: [`cache_default`]'s, with the command's flags, and their errors in its
//! words.

use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use anyhow::Result;
use bytesize::ByteSize;
use cache_default::{
    DirError, Flag, Flags, Names, OpenError, Opened, Opening, Settings, SettingsError, process_env,
};

use crate::failure::{Failure, Role};
use crate::session::about_directory;

/// The names that `larder` goes by.
pub(crate) const NAMES: Names = Names::LARDER;

/// Resolves the settings under these names.
pub(crate) fn resolve(names: &Names, flags: Flags) -> Result<Settings, Failure> {
    Settings::resolve(names, flags, &process_env).map_err(|error| match error {
        SettingsError::Dir(error) => no_directory(&error, names),
        error => Failure::Usage(error.to_string()),
    })
}

/// The flag `--dir`, as it was written.
pub(crate) fn dir_flag(dir: Option<&Path>) -> Result<Option<Flag<PathBuf>>, Failure> {
    dir.map(|dir| {
        let value = absolute(dir).map_err(Failure::file("find", dir, Role::Input))?;
        Ok(Flag { name: "--dir", value })
    })
    .transpose()
}

/// The flag `--max-size`.
pub(crate) fn max_size_flag(size: Option<ByteSize>) -> Option<Flag<Option<u64>>> {
    size.map(|size| Flag { name: "--max-size", value: Some(size.as_u64()) })
}

/// The flag `--max-age`.
pub(crate) fn max_age_flag(age: Option<humantime::Duration>) -> Option<Flag<Duration>> {
    age.map(|age| Flag { name: "--max-age", value: age.into() })
}

/// What the user is told when there is no cache directory. The go command's own has no flag.
pub(crate) fn no_directory(error: &DirError, names: &Names) -> Failure {
    let advice = if names.dir == NAMES.dir { "; name a directory with --dir" } else { "" };
    Failure::Usage(format!("{error}{advice}"))
}

/// Opens a cache; what goes wrong is told in the command's words.
pub(crate) fn open(opening: Opening<'_>, settings: &Settings) -> Result<Opened> {
    opening.open().map_err(|error| match error {
        OpenError::Dir(DirError::Create { dir: path, source }) => {
            Failure::Directory { path, source }.into()
        }
        OpenError::Dir(error) => no_directory(&error, settings.names()).into(),
        OpenError::Directory(error) => about_directory(error),
        OpenError::Helper { source, .. } => Failure::Other(format!(
            "{source}; mend the helper's command, which comes from {}, set it to off, or go on \
             without it by on-helper-failure = \"continue\" in the settings file{}",
            settings.prog.origin,
            settings.file.as_ref().map(|file| format!(" {}", file.display())).unwrap_or_default(),
        ))
        .into(),
        error => error.into(),
    })
}
