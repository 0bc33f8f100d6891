//! The contract of the `Cache` trait, held through a helper that serves a directory.

mod support;

use cache_conformance::Fixture;
use cache_prog_client::ProgCache;

cache_conformance::tests!(through_a_helper);

fn through_a_helper() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let command = support::command(&support::serves(&folder));
    Fixture::new(ProgCache::builder(command, folder.path()).start().unwrap(), folder)
}
