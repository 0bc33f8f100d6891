//! Somebody who can change what is stored, behind the back of everybody who trusts it.

use std::fs;
use std::path::{Path, PathBuf};

/// Changes the objects of a store that keeps them as files under their keys.
pub struct Liar {
    folder: PathBuf,
}

impl Liar {
    /// For the objects in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The keys of all objects that begin with `prefix`, sorted.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let mut keys = Vec::new();
        self.collect(&self.folder, &mut keys);
        keys.retain(|key| key.starts_with(prefix));
        keys.sort();
        keys
    }

    fn collect(&self, folder: &Path, keys: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.collect(&path, keys);
            } else {
                let key = path.strip_prefix(&self.folder).unwrap();
                keys.push(key.to_str().unwrap().replace('\\', "/"));
            }
        }
    }

    /// The bytes of the object.
    pub fn read(&self, key: &str) -> Vec<u8> {
        fs::read(self.folder.join(key)).unwrap()
    }

    /// Gives the object these bytes; there need not be one.
    pub fn replace(&self, key: &str, bytes: &[u8]) {
        let path = self.folder.join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Flips the lowest bit of one byte.
    pub fn flip(&self, key: &str, at: usize) {
        let mut bytes = self.read(key);
        bytes[at] ^= 1;
        self.replace(key, &bytes);
    }

    /// Leaves only the first bytes.
    pub fn truncate(&self, key: &str, length: usize) {
        let bytes = self.read(key);
        self.replace(key, &bytes[..length]);
    }

    /// Gives each of two objects the other's bytes.
    pub fn swap(&self, one: &str, other: &str) {
        let (bytes, others) = (self.read(one), self.read(other));
        self.replace(one, &others);
        self.replace(other, &bytes);
    }

    /// Removes the object.
    pub fn remove(&self, key: &str) {
        fs::remove_file(self.folder.join(key)).unwrap();
    }
}
