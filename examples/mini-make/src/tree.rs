//! The project's files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use cache_core::OutputId;
use cache_hash::FileHashMemo;

/// What the files in `bin`, `include` and `lib` were when the build began.
pub struct Tree {
    root: PathBuf,
    files: BTreeMap<String, OutputId>,
}

impl Tree {
    /// Hashes the files of the project in the working folder.
    pub fn read(hashes: &FileHashMemo) -> Result<Self> {
        let mut tree = Self { root: env::current_dir()?, files: BTreeMap::new() };
        for folder in ["bin", "include", "lib"] {
            tree.add(folder, hashes)?;
        }
        Ok(tree)
    }

    fn add(&mut self, path: &str, hashes: &FileHashMemo) -> Result<()> {
        if !Path::new(path).is_dir() {
            self.files.insert(path.to_owned(), hashes.hash(path)?);
            return Ok(());
        }
        let failed = || format!("cannot list {path}");
        for item in fs::read_dir(path).with_context(failed)? {
            let name = item.with_context(failed)?.file_name();
            let name = name.to_str().filter(|name| !name.contains(char::is_whitespace));
            let name = name.with_context(|| format!("a name in {path} has a space in it"))?;
            self.add(&format!("{path}/{name}"), hashes)?;
        }
        Ok(())
    }

    /// The `.c` files in a folder.
    pub fn sources(&self, folder: &str) -> Vec<String> {
        let within = |file: &str| Path::new(file).parent() == Some(Path::new(folder));
        self.files.keys().filter(|file| within(file) && file.ends_with(".c")).cloned().collect()
    }

    /// The files that have the same name as `file`: those that an `#include` of it could mean.
    pub fn namesakes(&self, file: &str) -> impl Iterator<Item = &String> {
        let name = Path::new(file).file_name();
        self.files.keys().filter(move |other| Path::new(other).file_name() == name)
    }

    /// Makes sure that a file that was read is what it was when the build began. What lies outside
    /// of the three folders is taken to be so.
    pub fn check(&self, file: &str, hashes: &FileHashMemo) -> Result<()> {
        // A compiler spells it as it found it: `lib/../include/table.h`.
        let path = fs::canonicalize(file).with_context(|| format!("cannot find {file}"))?;
        let Ok(inside) = path.strip_prefix(&self.root) else { return Ok(()) };
        match inside.to_str().and_then(|inside| self.files.get(inside)) {
            Some(before) => ensure!(
                hashes.hash(&path)? == *before,
                "{file} changed while it was read; build again"
            ),
            None => ensure!(
                inside.starts_with("build"),
                "{file} was read but is new, or is in none of bin, include and lib; build again"
            ),
        }
        Ok(())
    }
}
