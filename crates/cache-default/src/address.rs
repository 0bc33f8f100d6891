//! The address of a store, which may hold secrets.

use std::fmt;

/// The address of a store, as it was written. It may hold a password or a token, so neither
/// [`Debug`](fmt::Debug) nor [`Display`](fmt::Display) shows those.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreAddress(String);

impl StoreAddress {
    /// The address that is written like this.
    pub fn new(uri: impl Into<String>) -> Self {
        Self(uri.into())
    }

    /// All of it, secrets and all.
    pub fn with_secrets(&self) -> &str {
        &self.0
    }

    #[cfg(feature = "remote")]
    fn masked(&self) -> String {
        cache_remote::masked_uri(&self.0)
    }

    /// Without the feature nothing knows where the secrets are.
    #[cfg(not(feature = "remote"))]
    fn masked(&self) -> String {
        match self.0.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://***"),
            None => "***".to_owned(),
        }
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.masked())
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreAddress").field(&self.masked()).finish()
    }
}
