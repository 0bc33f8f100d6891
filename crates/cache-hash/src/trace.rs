//! Saying what was hashed: lines while it happens, and the way back from an ID afterwards.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cache_core::ActionId;

use crate::bounded::Bounded;

/// A place for the trace's lines; [`Default`] is none.
///
/// The lines are those of the go command under `GODEBUG=gocachehash=1`, so that tools and eyes
/// that know one know the other:
///
/// | line | when |
/// | --- | --- |
/// | `HASH[name]` | a hash begins |
/// | `HASH[name]: "text"` | bytes are hashed, the salt first; quoted as Go's `%q` does |
/// | `HASH[name]: hex` | a sum is taken |
/// | `HASH subkey hex "description" = hex` | a subkey is derived |
/// | `HASH file: hex` | a file was read and hashed |
/// | `HASH file: error` | a file could not be hashed; the error's text is this crate's own |
///
/// ```
/// use cache_hash::{KeySpace, Trace};
///
/// let keys = KeySpace::new("mytool 1.2.0").with_trace(Trace::new(|line| eprintln!("{line}")));
/// # let _ = keys.hash("example").sum();
/// ```
#[derive(Clone, Default)]
pub struct Trace {
    sink: Option<Arc<Sink>>,
}

type Sink = dyn Fn(&str) + Send + Sync;

impl Trace {
    /// A trace that calls `sink` with each line, without a line break at its end, on the thread
    /// that hashes.
    pub fn new(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { sink: Some(Arc::new(sink)) }
    }

    pub(crate) fn line(&self, line: fmt::Arguments<'_>) {
        if let Some(sink) = &self.sink {
            sink(&line.to_string());
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.sink.is_some() { "Trace(on)" } else { "Trace(off)" })
    }
}

/// What action IDs were made of, to explain an ID when a cache in verify mode complains about it.
/// A clone shares what it holds.
///
/// It keeps the text that was hashed, without the salt, and for a subkey
/// `subkey PARENT "description"`. Bytes that are not UTF-8 become U+FFFD.
///
/// ```
/// use std::io::Write;
///
/// use cache_hash::{KeySpace, ReverseLookup};
///
/// let lookup = ReverseLookup::new();
/// let keys = KeySpace::new("mytool 1.2.0").with_reverse_lookup(lookup.clone());
/// let mut hash = keys.hash("compile");
/// write!(hash, "flags -O2")?;
/// let id = hash.sum();
///
/// // For a cache that takes a function and does not know this crate.
/// let describe = move |id: &cache_core::ActionId| lookup.get(id);
/// assert_eq!(describe(&id).as_deref(), Some("flags -O2"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct ReverseLookup {
    limit: usize,
    texts: Arc<Mutex<Bounded<ActionId, String>>>,
}

impl ReverseLookup {
    /// How many bytes of text [`new`](Self::new) keeps.
    pub const DEFAULT_LIMIT: usize = 256 << 20;

    /// An empty lookup that keeps up to [`DEFAULT_LIMIT`](Self::DEFAULT_LIMIT) bytes of text.
    pub fn new() -> Self {
        Self::with_limit(Self::DEFAULT_LIMIT)
    }

    /// An empty lookup that keeps up to `limit` bytes of text. Above that it forgets the oldest; a
    /// text that is larger by itself is not kept at all.
    pub fn with_limit(limit: usize) -> Self {
        Self { limit, texts: Arc::new(Mutex::new(Bounded::new(limit))) }
    }

    /// Returns what `id` was made of, or `None` when that is not known.
    pub fn get(&self, id: &ActionId) -> Option<String> {
        self.texts().get(id).cloned()
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn record(&self, id: ActionId, text: String) {
        let weight = text.len();
        self.texts().insert(id, text, weight);
    }

    fn texts(&self) -> MutexGuard<'_, Bounded<ActionId, String>> {
        // A thread that panicked elsewhere has not left the map half changed.
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ReverseLookup {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ReverseLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReverseLookup").field("limit", &self.limit).finish_non_exhaustive()
    }
}
