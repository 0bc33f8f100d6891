//! The store's claims, on a real folder and a real S3 server.

mod address;
mod certificates;
mod contents;
mod faults;
mod mask;
mod pace;
mod reach;
mod secrets;

use super::{Store, StoreOptions};

/// A store with the ordinary options.
fn open(uri: &str) -> Store {
    Store::open(uri, &StoreOptions::default()).unwrap()
}
