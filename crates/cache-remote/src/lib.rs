//! A cache on this machine in front of an object store that many machines share.

#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod builder;
#[cfg(test)]
mod claims;
mod counts;
mod day;
mod fetching;
mod flight;
mod journal;
mod key;
mod list;
mod malformed;
mod object;
mod pack;
#[cfg(test)]
mod page;
mod patience;
mod pieces;
mod prefetch;
mod publish;
#[cfg(test)]
mod random;
mod scope;
mod sending;
mod sign;
mod store;
mod tier;
mod transfer;
mod upload;
mod used;

pub use builder::{Access, Builder};
pub use counts::Counts;
pub use journal::{UploadsLeft, uploads_left};
pub use scope::{Scope, Template, TemplateError};
pub use sign::{KeyId, KeyPair, ParseKeyError, PublicKey, Trust};
pub use store::{Reached, Store, StoreError, StoreOptions, StoreProblem, masked_uri, reach};
pub use tier::RemoteCache;
pub use transfer::{TransferOptions, Transferred, pull, push};

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
