//! The contract of the `Cache` trait, held by the directory with a helper in front of it.

mod support;

use cache_conformance::Fixture;
use cache_default::OnHelperFailure;
use support::{Home, helper};

fn with_helper(script: &str) -> Fixture {
    let home = Home::new();
    // The helper serves the same directory, so that nothing is lost with it.
    let dir = home.path("cache");
    std::fs::create_dir(&dir).unwrap();
    let home = home.set("LARDER_DIR", &dir);
    let (opened, _) = home.open(&helper(script, Some(&dir)), OnHelperFailure::Continue);
    Fixture::from_arc(opened.unwrap_or_else(|error| panic!("{error}")).cache, home)
}

mod while_it_serves {
    use super::*;
    cache_conformance::tests!(|| with_helper("serves"));
}

#[test]
fn when_it_fails_every_claim_holds_that_puts_nothing_then_that_is_read_once() {
    for script in ["dies-in-get 1", "dies-in-get 3"] {
        for (name, claim) in cache_conformance::CLAIMS {
            if *name != "eight_threads_see_only_right_answers" {
                claim(&|| with_helper(script));
            }
        }
    }
}
