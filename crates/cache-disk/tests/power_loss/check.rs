//! What a snapshot has to hold.

use std::fmt;
use std::fs::{self, File};
use std::ops::AddAssign;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cache_core::{ActionId, Cache, CacheExt, Check, Lookup, MissReason, PutOptions, Source};
use cache_disk::{CheckUpOptions, DiskCache, Outcome, TrimOptions};
use test_attacks::Dice;

use super::common::{action, names};
use super::disk::{Acknowledged, Snapshot};
use super::work;

/// So many of the results that are misses now are put again, in each snapshot.
const PUT_AGAIN: usize = 12;

/// What was seen in snapshots.
#[derive(Default)]
pub(crate) struct Seen {
    /// Durable puts that were looked up.
    durable: u64,
    /// All entries, and those of them that `get_bytes` had the right bytes for.
    entries: u64,
    right: u64,
    /// Entries of puts that were not durable whose outputs are gone or have another size,
    short: u64,
    /// or have the right size and other bytes.
    wrong: u64,
    /// Entries that are none.
    malformed: u64,
    leftovers: u64,
}

impl Seen {
    /// How many outputs the loss of power has damaged.
    pub(crate) fn damaged(&self) -> u64 {
        self.short + self.wrong
    }
}

impl AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        self.durable += other.durable;
        self.entries += other.entries;
        self.right += other.right;
        self.short += other.short;
        self.wrong += other.wrong;
        self.malformed += other.malformed;
        self.leftovers += other.leftovers;
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { durable, entries, right, short, wrong, malformed, leftovers } = self;
        write!(
            f,
            "{durable} looks at durable puts, {right} of {entries} entries with the right bytes, \
             {short} with short outputs, {wrong} with outputs of the right size and wrong bytes, \
             {malformed} malformed, {leftovers} leftovers"
        )
    }
}

/// Checks a snapshot in which these durable puts have to be.
pub(crate) fn check(snapshot: Snapshot, acknowledged: &Acknowledged, seed: u64, dice: u64) -> Seen {
    let dir = snapshot.dir();
    let cache = DiskCache::open(&dir).unwrap();
    let check = Checked { cache, dir, acknowledged, seed };
    let mut seen = Seen::default();
    check.durable_puts_are_there();
    let missed = check.nothing_wrong_is_given(&mut seen);
    check.a_put_mends(&missed, &mut Dice::new(dice));
    check.a_trim_clears(&mut seen);
    check.a_repair_leaves_nothing_bad();
    check.durable_puts_are_there();
    seen.durable += acknowledged.len() as u64;
    seen
}

struct Checked<'a> {
    cache: DiskCache,
    dir: PathBuf,
    acknowledged: &'a Acknowledged,
    seed: u64,
}

impl Checked<'_> {
    /// `get_file` that looks at the size alone has every durable put that had returned: an action
    /// that was put again has that content or one that was put later.
    fn durable_puts_are_there(&self) {
        for (&n, &content) in self.acknowledged {
            let found = self.cache.get_file(&action(n), Check::Size).unwrap();
            let path = match found {
                Lookup::Hit((_, path)) => path,
                Lookup::Miss(reason) => {
                    panic!("durable put {n:x} of {content:x} is lost: {reason}")
                }
            };
            let body = fs::read(&path).unwrap();
            let found = work::content_in(&body).unwrap_or_default();
            assert!(
                body == work::body(self.seed, found) && work::belongs(n, found) && found >= content,
                "durable put {n:x} of {content:x}: {} has {} wrong bytes",
                path.display(),
                body.len(),
            );
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert!(mode & 0o111 != 0 || work::executable(found).is_none(), "mode {mode:o}");
        }
    }

    /// Of every entry, `get_bytes` gives what was put or a miss. Returns what missed.
    fn nothing_wrong_is_given(&self, seen: &mut Seen) -> Vec<u64> {
        let mut missed = Vec::new();
        for n in actions(&self.dir) {
            seen.entries += 1;
            let unchecked = self.cache.get_file(&action(n), Check::Size).unwrap();
            let reason = match self.cache.get_bytes(&action(n), u64::MAX).unwrap() {
                Lookup::Hit((entry, bytes)) => {
                    let content = work::content_in(&bytes).unwrap_or_default();
                    assert!(
                        bytes == work::body(self.seed, content)
                            && entry.size == bytes.len() as u64
                            && work::belongs(n, content),
                        "action {n:x} gives {} wrong bytes",
                        bytes.len()
                    );
                    seen.right += 1;
                    continue;
                }
                Lookup::Miss(reason) => reason,
            };
            match reason {
                MissReason::OutputChecksum(_) => {
                    assert!(unchecked.is_hit(), "action {n:x}");
                    seen.wrong += 1;
                }
                MissReason::OutputSize { .. } | MissReason::OutputGone(_) => seen.short += 1,
                MissReason::Malformed(_) => seen.malformed += 1,
                reason => panic!("action {n:x}: {reason}"),
            }
            missed.push(n);
        }
        missed
    }

    /// What is a miss now is there after the next put, durable or not.
    fn a_put_mends(&self, missed: &[u64], dice: &mut Dice) {
        for _ in 0..PUT_AGAIN.min(missed.len()) {
            let n = *dice.pick(missed);
            // A put that was going on, and had not returned, may have left its entry too.
            let content = match work::belongs(n, n) {
                true => n,
                false => work::version(n, u64::from(u16::MAX)),
            };
            let body = work::body(self.seed, content);
            let executable = work::executable(content);
            let options = PutOptions { durable: dice.one_in(2), executable, ..Default::default() };
            self.cache.put(&action(n), Source::Bytes(&body), &options).unwrap();
            let path = self.cache.get_file(&action(n), Check::Size).unwrap().hit().unwrap().1;
            assert!(fs::read(path).unwrap() == body, "action {n:x} after a put");
        }
    }

    fn a_trim_clears(&self, seen: &mut Seen) {
        let long_ago = SystemTime::now() - Duration::from_secs(11 * 60);
        for path in leftovers(&self.dir) {
            File::open(path).unwrap().set_modified(long_ago).unwrap();
            seen.leftovers += 1;
        }
        let options = TrimOptions { force: true, ..TrimOptions::default() };
        let report = self.cache.trim(&options).unwrap();
        assert!(report.failures.is_empty() && report.by_age == Outcome::Done, "{report:?}");
        let left = leftovers(&self.dir);
        assert!(left.is_empty(), "{left:?}");
    }

    fn a_repair_leaves_nothing_bad(&self) {
        let repair = CheckUpOptions { repair: true, ..CheckUpOptions::default() };
        let report = self.cache.check_up(&repair).unwrap();
        assert!(report.failures.is_empty() && report.unsettled == 0, "{report:?}");
        assert!(report.bad.iter().all(|bad| bad.removed), "{report:?}");
        let report = self.cache.check_up(&CheckUpOptions::default()).unwrap();
        assert!(report.bad.is_empty() && report.failures.is_empty(), "{report:?}");
    }
}

/// The numbers of all actions that have a file.
fn actions(dir: &Path) -> Vec<u64> {
    let names = names(dir);
    let actions = names.iter().filter_map(|name| name.strip_suffix("-a")?.parse().ok());
    actions.map(|action: ActionId| number(&action)).collect()
}

fn number(action: &ActionId) -> u64 {
    u64::from_le_bytes(*action.as_bytes().first_chunk().expect("32 bytes"))
}

/// The temporary files and folders.
fn leftovers(dir: &Path) -> Vec<PathBuf> {
    let folders = (0..=255_u8).map(|folder| dir.join(format!("{folder:02x}")));
    let files = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "tmp")).collect()
}
