//! What an open cache has to say that is neither an answer nor an error.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use cache_prog_client::Waiting;

/// What an open cache has to say that is neither an answer nor an error. Its text is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The helper did not start, or failed later; what follows has the directory alone. Said once.
    WithoutHelper {
        /// What went wrong with it.
        problem: String,
        /// The directory.
        dir: PathBuf,
    },
    /// The store cannot be used, or there is no place in the directory to note what is to be uploaded
    /// to it; what follows has the directory alone. Said once.
    WithoutStore {
        /// What went wrong.
        problem: String,
        /// The directory.
        dir: PathBuf,
    },
    /// Lookups go on without the store, since it fails or costs too much time. Said once.
    StoreLeftAlone {
        /// Which one, and why, in a line.
        text: String,
    },
    /// Verify mode is on, and a helper answers in the directory's place, which is not verified: the
    /// protocol cannot say which puts are to be compared.
    NotVerified {
        /// The helper's command.
        prog: String,
    },
    /// The helper is being waited for. Said again every five seconds.
    Waiting(Waiting),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::WithoutHelper { problem, dir } => {
                write!(f, "{problem}; going on with the cache directory {} alone", dir.display())
            }
            Notice::WithoutStore { problem, dir } => write!(
                f,
                "{problem}; going on without the store, with the cache directory {} alone",
                dir.display()
            ),
            Notice::StoreLeftAlone { text } => f.write_str(text),
            Notice::NotVerified { prog } => write!(
                f,
                "verify mode has no effect on what the cache helper {prog:?} keeps; \
                 only what is stored in the cache directory itself is compared"
            ),
            Notice::Waiting(waiting) => waiting.fmt(f),
        }
    }
}

/// Takes the notices.
pub(crate) type Notify = Arc<dyn Fn(&Notice) + Send + Sync>;

/// To the log.
pub(crate) fn to_log(notice: &Notice) {
    tracing::warn!("{notice}");
}
