//! Opening a cache.

use std::path::{PathBuf, absolute};
use std::time::{Duration, SystemTime};

use cache_core::{ActionId, Error, Result};

use crate::clock::Clock;
use crate::disk::{DiskCache, Reverse};
use crate::root::Root;

/// What was not used for five days is trimmed. A month of Go developers' use showed that
/// essentially all reuse comes within five days of the use before (golang.org/issue/22990).
pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// How a [`DiskCache`] is opened. Made by [`DiskCache::builder`].
pub struct Builder {
    dir: PathBuf,
    clock: Clock,
    verify: Option<Reverse>,
    max_age: Duration,
    max_size: Option<u64>,
    close_budget: Option<Duration>,
    allows_world_writable: bool,
}

impl Builder {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            clock: Clock::System,
            verify: None,
            max_age: DEFAULT_MAX_AGE,
            max_size: None,
            close_budget: None,
            allows_world_writable: false,
        }
    }

    /// The clock that entries' times, marks of use and trims go by, instead of the system's.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::Given(Box::new(now));
        self
    }

    /// Opens in verify mode: every lookup misses, and every put is compared with what is stored. A
    /// difference is [`Error::VerifyMismatch`], for which `reverse` says what an action ID was
    /// hashed from, when it knows.
    pub fn verify(
        mut self,
        reverse: impl Fn(&ActionId) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.verify = Some(Box::new(reverse));
        self
    }

    /// How long after its last use a file is trimmed on closing; [`DEFAULT_MAX_AGE`] when not said.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// The size on disk, in bytes, down to which closing trims; no limit when not said.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = Some(bytes);
        self
    }

    /// How long the trim on closing may take; what is left is for the next one. No limit when not
    /// said.
    pub fn close_budget(mut self, budget: Duration) -> Self {
        self.close_budget = Some(budget);
        self
    }

    /// Whether a directory is opened that everybody can write to, and so put wrong results into. Off
    /// when not said: it is refused then, also one whose sticky bit keeps everybody from removing what
    /// is others'. Only the directory's mode counts, on Unix.
    pub fn allow_world_writable(mut self, allow: bool) -> Self {
        self.allows_world_writable = allow;
        self
    }

    /// Opens the cache. Writes nothing, and looks at nothing but the directory itself.
    ///
    /// # Errors
    ///
    /// When the directory is not there, is not a directory or cannot be opened, and
    /// [`Error::WorldWritable`] when everybody can write to it and that was not
    /// [allowed](Self::allow_world_writable).
    pub fn open(self) -> Result<DiskCache> {
        // The paths that it gives out must lead to the outputs from any working directory. An
        // absolute one stays as it is spelled, `//` and all: the go command goes by the spelling.
        let dir = match self.dir.is_absolute() {
            true => self.dir,
            false => absolute(&self.dir).map_err(Error::io("find", &self.dir))?,
        };
        let root = Root::open(dir)?;
        if root.is_world_writable() && !self.allows_world_writable {
            return Err(Error::WorldWritable { dir: root.path().to_owned() });
        }
        Ok(DiskCache {
            root,
            clock: self.clock,
            verify: self.verify,
            max_age: self.max_age,
            max_size: self.max_size,
            close_budget: self.close_budget,
            closed: Default::default(),
            new_outputs: Default::default(),
            last_entry_replaced: Default::default(),
        })
    }
}
