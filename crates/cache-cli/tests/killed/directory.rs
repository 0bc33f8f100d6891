//! What stands in a cache directory: nothing that has no place there, and nothing locked.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use test_attacks::Dice;

use crate::project::wait_until;

/// What stands beside the 256 folders.
const AT_THE_TOP: [&str; 3] = ["README", "larder", "trim.txt"];

/// What stands in `larder/`.
const OURS: [&str; 9] = [
    "counters",
    "counters.lock",
    "counters.new",
    "file-hashes",
    "file-hashes.new",
    "locks",
    "size-limit",
    "trim-position",
    "trim.lock",
];

/// How long a leftover is left alone.
pub(crate) const LEFTOVER_AGE: Duration = Duration::from_secs(10 * 60);

/// What stands in a cache directory.
#[derive(Default)]
pub(crate) struct Found {
    /// Entries and outputs.
    pub(crate) kept: Vec<PathBuf>,
    /// Temporary files and folders.
    pub(crate) leftovers: Vec<PathBuf>,
    /// The locks of runs.
    pub(crate) locks: Vec<PathBuf>,
    ours: Vec<PathBuf>,
}

impl Found {
    /// Looks when every process has ended: asserts that each name has a place and no lock is held.
    pub(crate) fn in_directory(dir: &Path) -> Self {
        let mut found = Self::default();
        for (name, path) in items(dir) {
            if name.len() == 2 && is_hex(&name) {
                found.folder(&name, &path);
            } else {
                assert!(AT_THE_TOP.contains(&&*name), "{} has no place there", path.display());
                found.ours.extend(path.is_file().then_some(path));
            }
        }
        for (name, path) in items(&dir.join("larder")) {
            assert!(OURS.contains(&&*name), "{} has no place there", path.display());
            found.ours.extend(path.is_file().then_some(path));
        }
        for (name, path) in items(&dir.join("larder/locks")) {
            let key = name.strip_suffix("-command").unwrap_or(&name);
            assert!(key.len() == 64 && is_hex(key), "{} is no lock", path.display());
            found.locks.push(path);
        }
        found.assert_unlocked();
        found
    }

    fn folder(&mut self, folder: &str, path: &Path) {
        for (name, path) in items(path) {
            let id = name.strip_suffix("-a").or(name.strip_suffix("-d")).unwrap_or_default();
            if id.len() == 64 && is_hex(id) && id.starts_with(folder) {
                self.kept.push(path);
                continue;
            }
            let number = name.strip_prefix("larder-").and_then(|name| name.strip_suffix(".tmp"));
            let is_leftover = number.is_some_and(|number| number.len() == 16 && is_hex(number));
            assert!(is_leftover, "{} has no place there", path.display());
            self.leftovers.push(path);
        }
    }

    fn assert_unlocked(&self) {
        // A command whose `larder run` was killed has this one for as long as it goes on.
        wait_until("what killed runs have started has ended", || {
            self.locks.iter().all(|path| !is_locked(path))
        });
        for path in [&self.ours, &self.kept, &self.leftovers].into_iter().flatten() {
            assert!(!is_locked(path), "{} is locked, and nobody is there", path.display());
        }
    }

    /// How many leftovers the next trim has to remove.
    pub(crate) fn old_leftovers(&self) -> usize {
        let margin = Duration::from_secs(5);
        let is_old = |path: &&PathBuf| {
            let mtime = fs::symlink_metadata(path).and_then(|it| it.modified());
            let age = mtime.expect("a leftover").elapsed().unwrap_or_default();
            let is_near = age + margin > LEFTOVER_AGE && age < LEFTOVER_AGE + margin;
            assert!(!is_near, "{}: nothing is made about that old", path.display());
            age > LEFTOVER_AGE
        };
        self.leftovers.iter().filter(is_old).count()
    }
}

fn items(folder: &Path) -> Vec<(String, PathBuf)> {
    let listed = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Vec::new(),
        listed => listed.expect("a folder"),
    };
    let item = |item: fs::DirEntry| (item.file_name().into_string().expect("UTF-8"), item.path());
    listed.map(|listed| item(listed.expect("an item"))).collect()
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_locked(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => match file.try_lock() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(e)) => panic!("{}: {e}", path.display()),
        },
        // What a killed run has started removes its lock when it ends.
        Err(e) if e.kind() == ErrorKind::NotFound => false,
        Err(e) => panic!("{}: {e}", path.display()),
    }
}

/// Makes a file or a folder look as if nobody had touched it for so long.
pub(crate) fn make_old(path: &Path, age: Duration) {
    let then = SystemTime::now() - age;
    File::open(path).and_then(|file| file.set_modified(then)).expect("an older mtime");
}

/// Gives an entry or an output wrong bytes.
pub(crate) fn damage(path: &Path, dice: &mut Dice) {
    if !path.is_dir() {
        return damage_file(path, dice);
    }
    if dice.one_in(3) {
        return fs::write(path.join("another"), "one too many").expect("a file");
    }
    for (_, path) in items(path) {
        damage_file(&path, dice);
    }
}

fn damage_file(path: &Path, dice: &mut Dice) {
    let mut file = OpenOptions::new().read(true).write(true).open(path).expect("a file");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("its bytes");
    match dice.below(3) {
        0 if !bytes.is_empty() => file.set_len(bytes.len() as u64 / 2).expect("a cut"),
        1 if !bytes.is_empty() => {
            let at = dice.below(bytes.len());
            file.seek(std::io::SeekFrom::Start(at as u64)).expect("a place");
            file.write_all(&[bytes[at].wrapping_add(1)]).expect("a wrong byte");
        }
        _ => file.write_all(b"more").expect("bytes at the end"),
    }
}
