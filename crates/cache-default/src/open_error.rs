//! Why there is no open cache.

use cache_prog_client::StartError;
#[cfg(feature = "remote")]
use cache_remote::StoreError;

use crate::dir::DirError;
#[cfg(feature = "remote")]
use crate::key_file::KeyFileError;
use crate::setting::Origin;

/// Why a cache could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no directory, or none could be made.
    #[error(transparent)]
    Dir(#[from] DirError),
    /// The directory could not be opened.
    #[error(transparent)]
    Directory(#[from] cache_core::Error),
    /// The helper did not start.
    #[error("{source}")]
    Helper {
        /// The helper's command.
        prog: String,
        /// What went wrong.
        source: StartError,
    },
    /// Both are named, and a cache has one.
    #[error(
        "a cache helper ({prog}) and a store ({remote}) are named, and a cache has one of the two; \
         set the other to off"
    )]
    HelperAndStore {
        /// What names the helper.
        prog: Origin,
        /// What names the store.
        remote: Origin,
    },
    /// The store's address is wrong, or the store cannot be opened.
    #[cfg(feature = "remote")]
    #[error("{source} ({origin})")]
    Store {
        /// What names the store.
        origin: Origin,
        /// What is wrong.
        source: Box<StoreError>,
    },
    /// What is uploaded cannot be signed.
    #[cfg(feature = "remote")]
    #[error("{source} ({origin})")]
    SigningKey {
        /// What names the file.
        origin: Origin,
        /// What is wrong.
        source: KeyFileError,
    },
    /// A store is named, and this program was built without stores.
    #[error(
        "cannot use the store {store} ({origin}): this program was built without stores \
         (cache-default's feature remote); set it to off"
    )]
    NoStores {
        /// The store's address, without its secrets.
        store: String,
        /// What names it.
        origin: Origin,
    },
}
