//! What stands in the 256 folders, and when it was used by its mtime.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::SystemTime;

use cache_core::OutputId;
use filetime::FileTime;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Entry,
    Output,
    Leftover,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) mtime: SystemTime,
    /// With what is in it, when it is a folder.
    pub(crate) has_blocks: bool,
    /// A link cannot be used, nor be given another mtime.
    pub(crate) is_link: bool,
}

/// What was found, by its name relative to the cache's folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Survey {
    pub(crate) files: BTreeMap<String, Found>,
}

impl Survey {
    pub(crate) fn of(dir: &Path) -> Self {
        let mut files = BTreeMap::new();
        for folder in names(dir).into_iter().filter(|name| name.len() == 2) {
            for name in names(&dir.join(&folder)) {
                let kind = match () {
                    () if name.ends_with("-a") => Kind::Entry,
                    () if name.ends_with("-d") => Kind::Output,
                    () if name.ends_with(".tmp") => Kind::Leftover,
                    () => panic!("{folder}/{name} is none of ours"),
                };
                let path = dir.join(&folder).join(&name);
                let found = Found {
                    kind,
                    mtime: mtime(&path).unwrap(),
                    has_blocks: has_blocks(&path),
                    is_link: path.is_symlink(),
                };
                files.insert(format!("{folder}/{name}"), found);
            }
        }
        Self { files }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let items = fs::read_dir(folder).unwrap();
    items.map(|item| item.unwrap().file_name().into_string().unwrap()).collect()
}

fn has_blocks(path: &Path) -> bool {
    let metadata = fs::symlink_metadata(path).unwrap();
    #[cfg(unix)]
    let blocks = std::os::unix::fs::MetadataExt::blocks(&metadata);
    #[cfg(not(unix))]
    let blocks = metadata.len();
    blocks > 0 || (metadata.is_dir() && names(path).iter().any(|name| has_blocks(&path.join(name))))
}

/// An mtime, of a link itself; `None` where there is nothing.
pub(crate) fn mtime(path: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(path).ok().map(|metadata| metadata.modified().unwrap())
}

/// Sets an mtime, of a link itself. The file system may keep another one.
pub(crate) fn set_mtime(path: &Path, time: SystemTime) {
    let time = FileTime::from_system_time(time);
    filetime::set_symlink_file_times(path, time, time).unwrap();
}

/// Makes a temporary file as a killed writer leaves it, or a folder with an executable in it.
pub(crate) fn new_leftover(dir: &Path, folder: u8, number: u64, is_folder: bool) -> String {
    let name = format!("{folder:02x}/larder-{number:016x}.tmp");
    let path = dir.join(&name);
    fs::create_dir_all(if is_folder { &path } else { path.parent().unwrap() }).unwrap();
    let file = if is_folder { path.join("tool") } else { path };
    File::create(file).unwrap();
    name
}

/// Makes a link that leads nowhere under an output's name.
#[cfg(unix)]
pub(crate) fn new_link(dir: &Path, output: &OutputId) -> String {
    let name = name_of(output, "d");
    fs::create_dir_all(dir.join(&name).parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.join(&name)).unwrap();
    name
}

/// The name of an entry's or an output's file.
pub(crate) fn name_of(id: &dyn std::fmt::Display, suffix: &str) -> String {
    let id = id.to_string();
    format!("{}/{id}-{suffix}", &id[..2])
}
