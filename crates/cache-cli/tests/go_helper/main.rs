//! The real `go` command with `larder serve` as its cache.

// Signals, symbolic links and `sh` are what half of it is about.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod archive;
mod go;
mod killed;
mod signals;
mod standard_library;
mod work;
