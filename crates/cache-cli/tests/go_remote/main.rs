//! Two machines that build with the real `go` command, and one store.

#![cfg(unix)]

#[allow(dead_code, reason = "the tests of one machine use the rest")]
#[path = "../go_helper/go.rs"]
mod go;
mod machine;
#[path = "../support/mod.rs"]
mod support;

use machine::what_one_machine_built_the_other_gets;
use support::user::ACTION;
use support::{Larder, Ran, files};
use test_stores::{Nginx, Redis, S3Server, noise};

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

/// These two take an object only as a whole, and none of more than 64 MiB.
#[test]
fn what_is_too_large_for_a_store_is_left_out_for_good() {
    let (redis, nginx) = (Redis::start(), Nginx::start());
    for uri in [redis.uri(), nginx.uri()] {
        let larder = Larder::new();
        let file = larder.file("large", noise(1, 65 << 20));
        let mut put = larder.command();
        put.args(["put", ACTION]).arg(file).env("LARDER_REMOTE", &uri);
        let put = Ran::of(&mut put);
        assert_eq!((put.code, put.stderr.as_str()), (Some(0), ""), "{uri}");
        // No later process tries it.
        assert_eq!(files(&larder.dir().join("larder/uploads")), [], "{uri}");
        let pushed = larder.run(["push", "--json", "--remote", &uri]).json();
        assert_eq!((&pushed["gone"], &pushed["failed"]), (&1.into(), &0.into()), "{pushed}");
    }
}
