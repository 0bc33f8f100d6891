//! What is outside of the directory.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use filetime::FileTime;
use rustix::fs::{CWD, FileType, Mode, mknodat};

/// What stands in every file outside, and so in no answer.
pub const SECRET: &[u8] = b"what is outside of the directory";

/// Unix seconds: long ago, so that a trim through a link would take it, and so that reading it leaves
/// a newer access time.
const THEN: i64 = 1_000_000_000;

/// Files and folders that nobody may read, list, write to or remove.
pub struct Outside {
    folder: PathBuf,
    kept: BTreeMap<PathBuf, Kept>,
}

#[derive(Debug, PartialEq, Eq)]
struct Kept {
    mode: u32,
    modified: (i64, i64),
    accessed: (i64, i64),
    what: What,
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    File(Vec<u8>),
    Folder(Vec<OsString>),
    Other,
}

impl Outside {
    /// Makes it in `folder`, which is not there. `files` are what a folder in it has, by name, as
    /// `locks/lock`.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub fn new(folder: &Path, files: &[(String, Vec<u8>)]) -> Self {
        let mut outside = Self { folder: folder.to_owned(), kept: BTreeMap::new() };
        fs::create_dir_all(outside.folder()).expect("the folder outside");
        fs::write(outside.file(), SECRET).expect("a file outside");
        fs::write(outside.linked(), "a file with another name").expect("a file to be linked");
        mknodat(CWD, outside.fifo(), FileType::Fifo, Mode::from_raw_mode(0o644), 0)
            .expect("a named pipe outside");
        for (name, bytes) in files {
            let path = outside.folder().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder outside");
            fs::write(path, bytes).expect("a file outside");
        }
        outside.keep(folder);
        // It may be another's as well, who may use it.
        outside.kept.remove(&outside.linked());
        outside
    }

    /// A file.
    pub fn file(&self) -> PathBuf {
        self.folder.join("file")
    }

    /// A folder with the files that were asked for.
    pub fn folder(&self) -> PathBuf {
        self.folder.join("folder")
    }

    /// A named pipe, at whose other end nobody is.
    pub fn fifo(&self) -> PathBuf {
        self.folder.join("fifo")
    }

    /// A file for hard links. It is in the directory too then, and has its times from there.
    pub fn linked(&self) -> PathBuf {
        self.folder.join("linked")
    }

    /// A path at which nothing is, nor may be made.
    pub fn nothing(&self) -> PathBuf {
        self.folder.join("nothing")
    }

    /// Asserts that nothing was read, listed, written to, made or removed.
    ///
    /// # Panics
    ///
    /// When something was; `after` says what might have done it.
    pub fn assert_untouched(&self, after: &str) {
        // The times first: looking closer changes them.
        for (path, kept) in &self.kept {
            let found = fs::symlink_metadata(path).unwrap_or_else(|e| {
                panic!("after {after}, {} outside is gone: {e}", path.display())
            });
            let is = (found.mode(), modified(&found), accessed(&found));
            let was = (kept.mode, kept.modified, kept.accessed);
            assert_eq!(is, was, "after {after}, {}: mode, mtime, atime", path.display());
        }
        for (path, kept) in &self.kept {
            assert_eq!(look(path), kept.what, "after {after}, {}", path.display());
            set_times(path);
        }
        let linked = fs::read(self.linked());
        assert_eq!(linked.ok().as_deref(), Some(&b"a file with another name"[..]), "after {after}");
    }

    /// Makes everything in a folder old, and remembers it.
    fn keep(&mut self, path: &Path) {
        let what = look(path);
        if let What::Folder(names) = &what {
            names.iter().for_each(|name| self.keep(&path.join(name)));
        }
        set_times(path);
        let found = fs::symlink_metadata(path).expect("what is outside");
        let kept = Kept {
            mode: found.mode(),
            modified: modified(&found),
            accessed: accessed(&found),
            what,
        };
        self.kept.insert(path.to_owned(), kept);
    }
}

fn look(path: &Path) -> What {
    let kind = fs::symlink_metadata(path).expect("what is outside").file_type();
    if kind.is_dir() {
        let names = fs::read_dir(path).expect("a folder outside").flatten();
        let mut names: Vec<_> = names.map(|entry| entry.file_name()).collect();
        names.sort();
        What::Folder(names)
    } else if kind.is_file() {
        What::File(fs::read(path).expect("a file outside"))
    } else {
        assert!(kind.is_fifo(), "{}", path.display());
        What::Other
    }
}

/// The access is older than the change: so it is written down, when there is another.
fn set_times(path: &Path) {
    let time = |seconds| FileTime::from_unix_time(seconds, 0);
    filetime::set_symlink_file_times(path, time(THEN - 1), time(THEN)).expect("old times");
}

fn modified(found: &Metadata) -> (i64, i64) {
    (found.mtime(), found.mtime_nsec())
}

fn accessed(found: &Metadata) -> (i64, i64) {
    (found.atime(), found.atime_nsec())
}
