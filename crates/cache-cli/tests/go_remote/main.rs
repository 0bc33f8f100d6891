//! Two machines that build with the real `go` command, and one store.

#![cfg(unix)]

#[allow(dead_code, reason = "the tests of one machine use the rest")]
#[path = "../go_helper/go.rs"]
mod go;
mod machine;
#[path = "../support/mod.rs"]
mod support;

use machine::what_one_machine_built_the_other_gets;
use test_stores::{Nginx, Redis, S3Server};

#[test]
fn over_s3() {
    what_one_machine_built_the_other_gets(&S3Server::start().uri("cache"));
}

#[test]
fn over_redis() {
    what_one_machine_built_the_other_gets(&Redis::start().uri());
}

#[test]
fn over_webdav() {
    what_one_machine_built_the_other_gets(&Nginx::start().uri());
}

#[test]
fn over_a_shared_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let uri = format!("fs://{}", folder.path().display());
    what_one_machine_built_the_other_gets(&uri);
}
