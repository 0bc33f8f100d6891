//! A cache directory with good entries, and what is outside of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use cache_core::{ActionId, Cache, CacheExt, FileName, OutputId, PutOptions, Source};
use cache_disk::DiskCache;
use test_attacks::Dice;
use test_attacks::hostile::{Outside, SECRET};

use crate::common::entry_path;

/// The name of the executables.
pub const TOOL: &str = "tool";

/// A cache directory with good entries, and what is outside of it.
pub struct World {
    pub dir: PathBuf,
    pub outside: Outside,
    /// What was stored for each action, whether it is still there or not.
    pub known: BTreeMap<ActionId, Vec<u8>>,
    /// All outputs that were ever stored.
    pub stored: BTreeSet<OutputId>,
    /// Actions whose entry may say anything, and lead to what is outside, if links are followed.
    pub lures: Vec<ActionId>,
    /// Outputs that are outside alone.
    pub secrets: Vec<Vec<u8>>,
}

impl World {
    pub fn new(folder: &Path, dice: &mut Dice) -> Self {
        let dir = folder.join("cache");
        fs::create_dir(&dir).unwrap();
        let cache = DiskCache::open(&dir).unwrap();
        let mut known = BTreeMap::new();
        for n in 0..10 {
            let bytes = match n {
                0 => dice.bytes(700_000),
                1 => Vec::new(),
                _ => {
                    let size = dice.below(5_000);
                    dice.bytes(size)
                }
            };
            let action = action(dice);
            let name = || FileName::new(TOOL).unwrap();
            let executable = (n % 4 == 2).then(name);
            let options = PutOptions { executable, ..PutOptions::default() };
            cache.put(&action, Source::Bytes(&bytes), &options).unwrap();
            known.insert(action, bytes);
        }
        // Two actions with one output.
        let (shared, twin) = (known.values().last().unwrap().clone(), action(dice));
        cache.put_bytes(&twin, &shared).unwrap();
        known.insert(twin, shared);
        let secrets: Vec<_> = (0..3).map(|n| [SECRET, &[n]].concat()).collect();
        let files = files_outside(known.keys(), &secrets);
        let outside = Outside::new(&folder.join("outside"), &files);
        let stored = known.values().map(|bytes| OutputId::of(bytes)).collect();
        Self { dir, outside, known, stored, lures: Vec::new(), secrets }
    }

    /// The path of a name in the directory.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.join(name)
    }

    /// The path of an output, which is a file or a folder.
    pub fn output_path(&self, output: &OutputId) -> PathBuf {
        let name = format!("{output}-d");
        self.dir.join(&name[..2]).join(name)
    }

    /// Whether the action leads to what was stored, in files that are where they belong. Asked of the
    /// system and not of the cache.
    pub fn is_intact(&self, action: &ActionId) -> bool {
        let Some(bytes) = self.known.get(action) else { return false };
        let output = OutputId::of(bytes);
        let says = format!("v1 {action} {output} {:20} ", bytes.len());
        let Some(entry) = self.read_inside(&entry_path(&self.dir, action)) else { return false };
        // A time may be negative, which makes the entry malformed.
        if entry.len() != 175 || !entry.starts_with(says.as_bytes()) || entry.contains(&b'-') {
            return false;
        }
        let path = self.output_path(&output);
        let path = match &*self.inside(&path) {
            [path] => path.clone(),
            _ => path,
        };
        self.read_inside(&path).is_some_and(|found| found == *bytes)
    }

    pub fn intact(&self) -> Vec<ActionId> {
        self.known.keys().copied().filter(|action| self.is_intact(action)).collect()
    }

    /// The paths of what is in a folder; of none that a link leads to.
    fn inside(&self, path: &Path) -> Vec<PathBuf> {
        let is_folder = |at: &Path| fs::symlink_metadata(at).is_ok_and(|found| found.is_dir());
        if !is_folder(path) || !path.parent().is_some_and(is_folder) {
            return Vec::new();
        }
        fs::read_dir(path).into_iter().flatten().flatten().map(|item| item.path()).collect()
    }

    /// What is in a file to which no link leads, if it is one and no tebibyte.
    fn read_inside(&self, path: &Path) -> Option<Vec<u8>> {
        let size = self.regular(path).ok()?;
        (size < 1 << 30).then(|| fs::read(path).ok())?
    }

    /// The size of a file to which no link leads; else what is wrong with it.
    pub fn regular(&self, path: &Path) -> Result<u64, String> {
        let below = path.strip_prefix(&self.dir).map_err(|_| "it is outside".to_owned())?;
        let mut at = self.dir.clone();
        let mut look = fs::symlink_metadata(&at).unwrap();
        for component in below {
            if !look.is_dir() {
                return Err(format!("{} is no folder", at.display()));
            }
            let is_name =
                matches!(Path::new(component).components().next(), Some(Component::Normal(_)));
            assert!(is_name, "{}", path.display());
            at.push(component);
            look = fs::symlink_metadata(&at).map_err(|e| e.to_string())?;
        }
        match look.is_file() {
            true => Ok(look.len()),
            false => Err(format!("{} is no file", at.display())),
        }
    }

    /// Removes the files in the 256 folders that are too large to be hashed.
    pub fn remove_what_takes_too_long_to_hash(&self, limit: u64) {
        let folders = (0..=255_u8).map(|byte| self.path(format!("{byte:02x}")));
        for path in folders.flat_map(|folder| self.inside(&folder)) {
            for path in self.inside(&path).into_iter().chain([path]) {
                if self.regular(&path).is_ok_and(|size| size > limit) {
                    fs::remove_file(path).unwrap();
                }
            }
        }
    }

    /// What is in the way of the folders of these names: all that are none.
    pub fn in_the_way(&self, folders: &[String]) -> Vec<PathBuf> {
        let paths = folders.iter().map(|name| self.path(name));
        let is_in_the_way = |path: &PathBuf| match fs::symlink_metadata(path) {
            Ok(found) => !found.is_dir(),
            Err(e) => e.kind() != ErrorKind::NotFound,
        };
        paths.filter(is_in_the_way).collect()
    }
}

/// The first two digits, which name a folder.
pub fn folder_of(id: impl ToString) -> String {
    id.to_string()[..2].to_owned()
}

pub fn action(dice: &mut Dice) -> ActionId {
    let bytes: [u8; 32] = dice.bytes(32).try_into().unwrap();
    bytes.into()
}

/// An entry's file.
pub fn entry_text(action: &ActionId, output: &OutputId, size: u64, time: i64) -> Vec<u8> {
    format!("v1 {action} {output} {size:20} {time:20}\n").into_bytes()
}

/// What a folder outside has: for every action an entry, which leads to an output that is there too;
/// what looks old and unused; and what Larder has in a folder of its own.
fn files_outside<'a>(
    actions: impl Iterator<Item = &'a ActionId>,
    secrets: &[Vec<u8>],
) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for secret in secrets {
        files.push((format!("{}-d", OutputId::of(secret)), secret.clone()));
    }
    let (output, size) = (OutputId::of(&secrets[0]), secrets[0].len() as u64);
    for action in actions {
        files.push((format!("{action}-a"), entry_text(action, &output, size, 1)));
    }
    for name in [
        "stray-a",
        "stray-d",
        "larder-0000000000000001.tmp",
        "counters",
        "counters.lock",
        "counters.new",
        "file-hashes",
        "size-limit",
        "trim-position",
        "trim.lock",
        "locks/lock",
        "uploads/0123456789abcdef/0123456789abcdef.journal",
        "fuzz/corpus",
    ] {
        files.push((name.to_owned(), SECRET.to_vec()));
    }
    files
}
