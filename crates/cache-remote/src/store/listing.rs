//! The objects of a store, listed.

use std::sync::Arc;

use futures_util::TryStreamExt;
use opendal::Lister;

use super::Inner;
use super::error::StoreError;

/// The objects of a listing, as they come.
pub(crate) struct Listing {
    store: Arc<Inner>,
    prefix: String,
    lister: Lister,
}

impl Listing {
    pub(super) fn new(store: Arc<Inner>, prefix: &str, lister: Lister) -> Self {
        Self { store, prefix: prefix.to_owned(), lister }
    }

    /// The key of the next object; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, StoreError> {
        loop {
            match self.lister.try_next().await {
                Ok(Some(entry)) if entry.metadata().is_dir() => {}
                Ok(Some(entry)) => return Ok(Some(entry.path().to_owned())),
                Ok(None) => return Ok(None),
                Err(error) => {
                    return Err(self.store.place("list", &self.prefix).failure(&error));
                }
            }
        }
    }
}
