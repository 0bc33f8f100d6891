//! The real `go` command with a store behind `larder serve` that does what no store should do: it
//! does not answer, or answers wrongly. A build succeeds, with nothing in it that is not right.

#![cfg(unix)]

#[allow(dead_code, reason = "the tests of the helper use the rest")]
#[path = "../go_helper/go.rs"]
mod go;
#[path = "../support/mod.rs"]
mod support;

mod bombs;
mod build;
mod lies;
mod network;
