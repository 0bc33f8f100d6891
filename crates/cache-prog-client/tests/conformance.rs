//! The contract of the `Cache` trait, held through a helper that serves a directory.

mod support;

use cache_conformance::{CLAIMS, Fixture};
use cache_prog_client::ProgCache;

fn through_a_helper() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let command = support::command(&support::serves(&folder));
    Fixture::new(ProgCache::builder(command, folder.path()).start().unwrap(), folder)
}

/// The protocol has no place for a put's time, which a client therefore refuses.
const BEYOND_THE_PROTOCOL: &str = "a_given_time_travels_to_the_nanosecond";

#[test]
fn every_claim_holds_that_the_protocol_has_words_for() {
    for (name, claim) in CLAIMS {
        if *name != BEYOND_THE_PROTOCOL {
            claim(&through_a_helper);
        }
    }
}
