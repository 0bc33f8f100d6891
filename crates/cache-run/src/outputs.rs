//! What stands under the declared outputs' names after a command.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::Text;
use crate::task::OutputPlace;

/// How the names of temporary files begin and end that stand beside what they will replace. Those
/// of a process that was killed are nobody's output.
pub(crate) const TEMPORARY: (&str, &str) = (".larder-", ".tmp");

/// Something that the command made.
pub(crate) struct Product {
    pub(crate) path: PathBuf,
    pub(crate) is: ProductKind,
}

pub(crate) enum ProductKind {
    File { mode: u32, state: State },
    Folder { mode: u32 },
    Link { to: Text },
}

/// What is there, and the declared names under which there is nothing.
pub(crate) struct Products {
    /// By name, so each folder before what is in it, and each once although one declared output
    /// may lie in another.
    pub(crate) there: BTreeMap<Text, Product>,
    pub(crate) missing: Vec<PathBuf>,
}

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    size: u64,
    modified: Option<SystemTime>,
    /// Device, inode and ctime, where there are such things.
    identity: [i64; 4],
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            let (device, inode) = (metadata.dev() as i64, metadata.ino() as i64);
            [device, inode, metadata.ctime(), metadata.ctime_nsec()]
        };
        #[cfg(not(unix))]
        let identity = [0; 4];
        Self { size: metadata.len(), modified: metadata.modified().ok(), identity }
    }
}

impl Products {
    /// Fails for a file that is no longer as it was when it was gathered: somebody else writes to
    /// it, and what was read of it may not be what the command made.
    pub(crate) fn are_still_there(&self) -> Result<(), OutputProblem> {
        for Product { path, is } in self.there.values() {
            if let ProductKind::File { state, .. } = is {
                let now = fs::symlink_metadata(path).map_err(failed_to("look at", path))?;
                if State::of(&now) != *state {
                    return Err(OutputProblem::Changed(path.clone()));
                }
            }
        }
        Ok(())
    }
}

/// Why what is there cannot be stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputProblem {
    /// It is a device, a pipe or a socket.
    #[error("output {} is neither a file nor a folder nor a link", .0.display())]
    Special(PathBuf),
    /// Something else wrote to it after the command had ended.
    #[error("output {} was changed by something else while it was stored", .0.display())]
    Changed(PathBuf),
    /// A declared output is a symbolic link, and what it leads to is not stored with it.
    #[error(
        "output {} is a symbolic link to {}, which is no declared output: declare that too",
        path.display(), to.display()
    )]
    LeadsOutside {
        /// The link.
        path: PathBuf,
        /// What it leads to.
        to: PathBuf,
    },
    /// The system refused an operation.
    #[error("cannot {operation} output {}: {source}", path.display())]
    Io {
        /// What was attempted, as a verb.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn failed_to(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OutputProblem {
    move |source| OutputProblem::Io { operation, path: path.to_owned(), source }
}

/// Looks at everything under the declared outputs.
pub(crate) fn gather(declared: &[OutputPlace]) -> Result<Products, OutputProblem> {
    let mut products = Products { there: BTreeMap::new(), missing: Vec::new() };
    let mut to_do = Vec::new();
    for OutputPlace { name, path } in declared {
        match fs::symlink_metadata(path) {
            Ok(found) => {
                if found.is_symlink() {
                    leads_inside(path, declared)?;
                }
                to_do.push((name.clone(), path.clone(), found));
            }
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                products.missing.push(path.clone());
            }
            Err(e) => return Err(failed_to("look at", path)(e)),
        }
    }
    while let Some((name, path, found)) = to_do.pop() {
        if products.there.contains_key(&name) {
            continue;
        }
        let kind = found.file_type();
        let is = if kind.is_file() {
            ProductKind::File { mode: mode(&found), state: State::of(&found) }
        } else if kind.is_symlink() {
            let to = fs::read_link(&path).map_err(failed_to("read", &path))?;
            ProductKind::Link { to: Text::from(to.into_os_string()) }
        } else if kind.is_dir() {
            for item in fs::read_dir(&path).map_err(failed_to("read", &path))? {
                let item = item.map_err(failed_to("read", &path))?;
                let file_name = item.file_name();
                let file_name = file_name.as_encoded_bytes();
                if is_temporary(file_name) {
                    continue;
                }
                let found = item.metadata().map_err(failed_to("look at", &item.path()))?;
                to_do.push((inside(&name, file_name), item.path(), found));
            }
            ProductKind::Folder { mode: mode(&found) }
        } else {
            return Err(OutputProblem::Special(path));
        };
        products.there.insert(name, Product { path, is });
    }
    Ok(products)
}

/// Whether a file name is one of [`TEMPORARY`] files.
pub(crate) fn is_temporary(name: &[u8]) -> bool {
    name.starts_with(TEMPORARY.0.as_bytes()) && name.ends_with(TEMPORARY.1.as_bytes())
}

/// The name of what is called `item` in the folder `name`.
fn inside(name: &Text, item: &[u8]) -> Text {
    let name = name.as_bytes();
    let separator: &[u8] = if name.is_empty() || name.ends_with(b"/") { b"" } else { b"/" };
    Text::from([name, separator, item].concat())
}

/// A link that is declared itself may stand before what the command really wrote to: replaying the
/// link alone would leave old bytes there. A dangling one hides nothing.
fn leads_inside(path: &Path, declared: &[OutputPlace]) -> Result<(), OutputProblem> {
    let Ok(to) = fs::canonicalize(path) else { return Ok(()) };
    // The others are compared by where they really are, but not followed themselves.
    let is_inside = declared.iter().any(|place| {
        let Some((folder, name)) = place.path.parent().zip(place.path.file_name()) else {
            return true;
        };
        fs::canonicalize(folder).is_ok_and(|folder| to.starts_with(folder.join(name)))
    });
    if is_inside { Ok(()) } else { Err(OutputProblem::LeadsOutside { path: path.to_owned(), to }) }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o7777
}

/// Elsewhere a mode is whether it can be written to.
#[cfg(not(unix))]
fn mode(metadata: &Metadata) -> u32 {
    if metadata.permissions().readonly() { 0o444 } else { 0o666 }
}
