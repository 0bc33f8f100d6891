//! The client, `larder serve` and the directory together.

use cache_conformance::Fixture;
use cache_prog_client::ProgCache;

cache_conformance::tests!(through_serve);

/// A directory that two processes keep: this one asks, `larder serve` answers.
fn through_serve() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let command =
        format!("'{}' --dir '{}' serve", env!("CARGO_BIN_EXE_larder"), folder.path().display());
    let cache = ProgCache::builder(command, folder.path().join("fuzz"))
        .start()
        .expect("larder serve starts");
    Fixture::new(cache, folder)
}
