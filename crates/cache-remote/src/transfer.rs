//! Copying a whole directory to a store, and back.
//!
//! What is where it should be is not copied again, so a copy that was cut short goes on where it
//! ended. Nothing is kept in memory but what is on its way and one folder's names.

mod line;
mod pull;
mod push;

use std::sync::Arc;

use cache_disk::{DiskCache, Progress};

use crate::counts::Counters;
use crate::fetching::Fetching;
use crate::scope::Scope;
use crate::sending::Sending;
use crate::sign::{KeyPair, Trust};
use crate::store::{Store, StoreError};

/// How [`push()`] and [`pull()`] copy. [`Default`] copies everything, signs nothing and trusts everybody.
#[derive(Default)]
pub struct TransferOptions<'a> {
    /// For a push: the list of this scope is written, of everything in the directory. For a pull:
    /// what the list of this scope names is copied, or that of its fallback, and nothing else.
    pub scope: Option<Scope>,
    /// For a push: signs what is copied.
    pub signer: Option<KeyPair>,
    /// For a pull: whose entries are taken.
    pub trust: Trust,
    /// Called with how many entries are done, and how many there are as far as is known, on the
    /// thread that copies.
    pub progress: Option<&'a dyn Fn(Progress)>,
}

/// What came of a copy. The numbers are of entries, each with its output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transferred {
    /// Those that were copied.
    pub copied: u64,
    /// What they took: for a push what went up, compressed; for a pull the sizes of the outputs.
    pub bytes: u64,
    /// Those that were there already.
    pub there: u64,
    /// Those that were gone when their turn came, without their output, or too large for a store.
    pub gone: u64,
    /// Those that the store has and that are not to be trusted.
    pub refused: u64,
    /// Those that could not be copied. For a push the folders that could not be read, and the list
    /// that could not be written, count too.
    pub failed: u64,
    /// Those that were not tried any more, after so many failures in a row that the others would
    /// fail too.
    pub not_tried: u64,
    /// What was wrong, for people: one line for each of the first that were refused or failed.
    pub problems: Vec<String>,
    /// The scope whose list was written or, for a pull, was found, which may be that of the
    /// fallback.
    pub list: Option<String>,
}

/// Copies everything in the directory to the store that the store does not have.
///
/// Entries that are copied count as used. With a scope, what an earlier process had left to upload is
/// uploaded too.
pub fn push(local: &Arc<DiskCache>, store: &Store, options: TransferOptions<'_>) -> Transferred {
    let TransferOptions { scope, signer, progress, .. } = options;
    let counters = Arc::<Counters>::default();
    let sending = Arc::new(Sending {
        local: local.clone(),
        store: store.clone(),
        signer,
        counters: counters.clone(),
    });
    let (mut copied, _) = line::run(store, progress, |line| push::run(sending, scope, line));
    copied.bytes = counters.now().uploaded_bytes;
    copied
}

/// Copies everything in the store to the directory that the directory does not have. Each entry goes
/// through the checks of a lookup.
///
/// # Errors
///
/// When the store cannot be listed, or the list of the scope cannot be read. What was copied by then
/// stays.
pub fn pull(
    local: &Arc<DiskCache>,
    store: &Store,
    options: TransferOptions<'_>,
) -> Result<Transferred, StoreError> {
    let TransferOptions { scope, trust, progress, .. } = options;
    let counters = Arc::<Counters>::default();
    let fetching = Arc::new(Fetching {
        local: local.clone(),
        store: store.clone(),
        trust,
        counters: counters.clone(),
    });
    let (mut copied, ended) = line::run(store, progress, |line| pull::run(fetching, scope, line));
    if let Some(Err(error)) = ended {
        return Err(error);
    }
    copied.bytes = counters.now().fetched_bytes;
    Ok(copied)
}
