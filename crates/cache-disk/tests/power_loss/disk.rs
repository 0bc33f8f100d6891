//! The disk that loses its power: an image, those who write to it, and its snapshots.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use tempfile::TempDir;
use test_attacks::Dice;
use test_attacks::mount::{Mounted, make_image};

use super::writer;

const GIB: u64 = 1 << 30;

const WRITERS: u64 = 2;

/// One way to make a file system, and to mount it.
struct Kind {
    mkfs: &'static [&'static str],
    options: &'static str,
    /// A snapshot has the UUID of what is mounted already, which one of them refuses by default.
    snapshot_options: &'static str,
}

/// Few inodes, so that it is made in a moment.
const MKFS_EXT4: &[&str] = &["mkfs.ext4", "-q", "-F", "-N", "32768"];

/// Journals are committed every second where that can be said, so that a name often gets to the
/// disk before its file.
const KINDS: [Kind; 4] = [
    Kind { mkfs: MKFS_EXT4, options: "commit=1", snapshot_options: "" },
    Kind { mkfs: MKFS_EXT4, options: "commit=1,noauto_da_alloc", snapshot_options: "" },
    Kind { mkfs: MKFS_EXT4, options: "commit=1,data=writeback", snapshot_options: "" },
    Kind { mkfs: &["mkfs.xfs", "-q"], options: "", snapshot_options: "nouuid" },
];

/// The XFS on which the images lie.
pub(crate) struct Host {
    // Unmounted before the folder is removed.
    mounted: Mounted,
    _folder: TempDir,
}

impl Host {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("host.img");
        make_image(&image, 16 * GIB, &["mkfs.xfs", "-q", "-m", "reflink=1"]);
        let mounted = Mounted::image(&image, "", folder.path().join("host"));
        Self { mounted, _folder: folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.mounted.path().join(name)
    }
}

/// A disk that is written to.
pub(crate) struct Live {
    // In this order: who writes, then what is written to.
    writers: Vec<Writer>,
    _mounted: Mounted,
    image: Image,
    kind: &'static Kind,
    acknowledged: Arc<Mutex<Acknowledged>>,
}

/// The durable puts that have returned: the content that each action led to last.
pub(crate) type Acknowledged = BTreeMap<u64, u64>;

impl Live {
    pub(crate) fn new(host: &Host, seed: u64, dice: &mut Dice) -> Self {
        let kind = dice.pick(&KINDS);
        let image = Image(host.path("live.img"));
        make_image(&image.0, GIB, kind.mkfs);
        let mounted = Mounted::image(&image.0, kind.options, host.path("live"));
        let dir = cache_in(mounted.path());
        fs::create_dir(&dir).unwrap();
        // Whoever makes the directory makes it last.
        File::open(mounted.path()).unwrap().sync_all().unwrap();
        let acknowledged = Arc::default();
        let writers = (0..WRITERS)
            .map(|number| Writer::start(&dir, seed, number, dice.seed(), Arc::clone(&acknowledged)))
            .collect();
        Self { writers, _mounted: mounted, image, kind, acknowledged }
    }

    pub(crate) fn acknowledged(&self) -> Acknowledged {
        self.acknowledged.lock().unwrap().clone()
    }

    /// What the disk holds at this moment.
    pub(crate) fn snapshot(&self, host: &Host, number: u64) -> Snapshot {
        for writer in &self.writers {
            assert!(!writer.is_over(), "a writer failed, see above");
        }
        let image = Image(host.path(&format!("snapshot-{number}.img")));
        let (from, to) = (File::open(&self.image.0).unwrap(), File::create(&image.0).unwrap());
        rustix::fs::ioctl_ficlone(&to, &from).unwrap();
        let at = host.path(&format!("snapshot-{number}"));
        let mounted = Mounted::image(&image.0, self.kind.snapshot_options, at);
        Snapshot { mounted, _image: image }
    }
}

/// What the disk held at one moment, its journal replayed.
pub(crate) struct Snapshot {
    mounted: Mounted,
    _image: Image,
}

impl Snapshot {
    /// The cache directory on it.
    pub(crate) fn dir(&self) -> PathBuf {
        cache_in(self.mounted.path())
    }
}

fn cache_in(mounted: &Path) -> PathBuf {
    mounted.join("cache")
}

/// A file that is removed again.
struct Image(PathBuf);

impl Drop for Image {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

/// A process that puts, and the thread that hears what it says.
struct Writer {
    process: Child,
    listener: Option<JoinHandle<()>>,
}

impl Writer {
    fn start(
        dir: &Path,
        seed: u64,
        number: u64,
        dice: u64,
        acknowledged: Arc<Mutex<Acknowledged>>,
    ) -> Self {
        let mut process = writer::command(dir, seed, number, dice).spawn().unwrap();
        let stdout = process.stdout.take().unwrap();
        let listener = thread::spawn(move || listen(stdout, &acknowledged));
        Self { process, listener: Some(listener) }
    }

    fn is_over(&self) -> bool {
        self.listener.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

fn listen(stdout: ChildStdout, acknowledged: &Mutex<Acknowledged>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if let Some((action, content)) = writer::acknowledged(&line) {
            acknowledged.lock().unwrap().insert(action, content);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        self.listener.take().map(JoinHandle::join);
    }
}
