//! The client, `larder serve` and the directory together.

use cache_conformance::Fixture;
use cache_prog_client::ProgCache;

mod alone {
    use super::*;

    cache_conformance::tests!(alone);

    /// A directory that two processes keep: this one asks, `larder serve` answers.
    fn alone() -> Fixture {
        through_serve("")
    }
}

mod with_a_store {
    use super::*;

    cache_conformance::tests!(with_a_store);

    /// The same with a store behind the directory.
    fn with_a_store() -> Fixture {
        through_serve("--remote 'fs://{folder}/store'")
    }
}

fn through_serve(flags: &str) -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().display().to_string();
    let flags = flags.replace("{folder}", &path);
    let command = format!("'{}' --dir '{path}/cache' serve {flags}", env!("CARGO_BIN_EXE_larder"));
    let cache = ProgCache::builder(command, folder.path().join("fuzz"))
        .start()
        .expect("larder serve starts");
    Fixture::new(cache, folder)
}
