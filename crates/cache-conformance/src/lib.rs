//! The contract of [`cache_core::Cache`] as tests, for those who write a cache of their own.
//!
//! Each claim of the contract is a function in [`claims`] that takes a factory: it makes a cache,
//! tries the claim on it through the trait alone, and panics when it does not hold. [`tests!`]
//! turns them into one `#[test]` each, [`run_all`] into one call:
//!
//! ```no_run
//! # use cache_core::*;
//! # /// Keeps nothing.
//! # struct MyCache;
//! # impl MyCache { fn open(_: &std::path::Path) -> Result<Self> { Ok(MyCache) } }
//! # impl Cache for MyCache {
//! #     fn get(&self, _: &ActionId) -> Result<Lookup> { Ok(Lookup::Miss(MissReason::NotFound)) }
//! #     fn put(&self, _: &ActionId, _: Source<'_>, _: &PutOptions) -> Result<Stored> {
//! #         Err(Error::Unsupported("store"))
//! #     }
//! #     fn output_file(&self, _: &OutputId) -> Result<Option<OutputFile>> { Ok(None) }
//! #     fn fuzz_dir(&self) -> std::path::PathBuf { "fuzz".into() }
//! #     fn close(&self) -> Result<()> { Ok(()) }
//! # }
//! use cache_conformance::Fixture;
//!
//! cache_conformance::tests!(|| {
//!     let folder = tempfile::tempdir().unwrap();
//!     Fixture::new(MyCache::open(folder.path()).unwrap(), folder)
//! });
//! # fn main() {}
//! ```
//!
//! A claim damages output files on purpose, so the factory must give a cache of its own, with
//! nothing in it and in its ordinary mode (one in verify mode answers no lookup), each time.
//!
//! Bodies are pseudo-random and the same in every run. Where the contract leaves a choice, as with
//! executables, either way passes.

#![deny(missing_docs)]

pub mod claims;
mod dice;
mod source;
mod trial;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cache_core::Cache;

/// A cache to try a claim on, and what has to stay alive as long as it: a temporary folder, a
/// server, a helper process.
pub struct Fixture {
    // The order in which they are dropped.
    cache: Arc<dyn Cache>,
    keep: Box<dyn Any + Send>,
}

impl Fixture {
    /// `keep` is dropped after the cache; `()` when there is nothing to keep.
    pub fn new(cache: impl Cache + 'static, keep: impl Any + Send) -> Self {
        Self::from_arc(Arc::new(cache), keep)
    }

    /// [`new`](Self::new) for a cache that others hold too.
    pub fn from_arc(cache: Arc<dyn Cache>, keep: impl Any + Send) -> Self {
        Self { cache, keep: Box::new(keep) }
    }
}

/// Makes the cache that a claim is tried on.
pub type Factory<'a> = &'a dyn Fn() -> Fixture;

/// Tries one claim on a cache of the factory's, and panics when it does not hold.
pub type Claim = fn(Factory<'_>);

/// Tries every claim, and then says which ones do not hold.
///
/// # Panics
///
/// When one does not hold. Each claim's own panic has said why by then.
pub fn run_all(factory: Factory<'_>) {
    let broken: Vec<_> = CLAIMS
        .iter()
        .filter(|(_, claim)| catch_unwind(AssertUnwindSafe(|| claim(factory))).is_err())
        .map(|(name, _)| *name)
        .collect();
    assert!(
        broken.is_empty(),
        "{} of {} claims do not hold: {}",
        broken.len(),
        CLAIMS.len(),
        broken.join(", ")
    );
}

/// Every claim: its name and its function in [`claims`].
pub const CLAIMS: &[(&str, Claim)] = crate::each_claim!([crate::name_claims]);

/// Makes one `#[test]` for each claim, out of an expression that is a factory: a closure, or the
/// name of a function, that returns a [`Fixture`]. To use it twice in one file, use it in two
/// modules.
#[macro_export]
macro_rules! tests {
    ($factory:expr $(,)?) => {
        $crate::each_claim!([$crate::test_claims] $factory);
    };
}

/// The one list of all claims, handed to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! each_claim {
    ([$($then:tt)*] $($factory:expr)?) => {
        $($then)* ! {
            $($factory)? =>
            a_fresh_cache_misses
            what_was_put_is_got
            a_later_put_replaces_the_entry
            equal_outputs_of_two_actions_have_one_id
            the_stored_entry_is_what_get_says
            a_given_time_travels_to_the_nanosecond
            a_put_without_a_time_gets_the_present_one
            an_unknown_output_has_no_file
            output_paths_are_absolute_and_hold_exactly_the_bytes
            get_bytes_refuses_what_is_over_its_limit
            a_put_without_verify_stores_the_same
            a_durable_put_stores_the_same
            the_fuzz_dir_is_absolute
            closing_twice_is_fine
            every_kind_of_source_stores_the_same
            a_file_is_taken_from_its_beginning
            a_seekable_source_is_taken_from_its_beginning
            a_reader_is_taken_from_where_it_stands
            a_broken_promise_stores_nothing
            a_broken_promise_keeps_the_old_entry
            a_changing_source_is_never_stored_as_a_lie
            a_failing_source_stores_nothing
            a_failing_source_keeps_the_old_entry
            changed_bytes_are_never_given_out
            an_output_cut_short_is_never_given_out
            a_removed_output_is_never_given_out
            a_put_mends_a_damaged_output
            an_executable_runs_under_its_name_or_is_refused
            eight_threads_see_only_right_answers
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! test_claims {
    ($factory:expr => $($claim:ident)*) => {
        $(
            #[test]
            fn $claim() {
                $crate::claims::$claim(&$factory);
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! name_claims {
    (=> $($claim:ident)*) => {
        &[$((stringify!($claim), $crate::claims::$claim as $crate::Claim)),*]
    };
}
