//! The real `go` command with `larder serve` as its cache.

#[path = "../support/mod.rs"]
mod support;

mod archive;
mod go;
mod killed;
mod signals;
mod standard_library;
mod work;
