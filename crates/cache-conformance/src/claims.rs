//! The claims, each a function that tries it on a cache made by the factory.
//!
//! # Panics
//!
//! Every one panics when it does not hold. The message names the claim, the action, what happened
//! and what was expected.

mod damage;
mod executable;
mod refused;
mod sources;
mod stored;
mod threads;

pub use damage::{
    a_put_mends_a_damaged_output, a_removed_output_is_never_given_out,
    an_output_cut_short_is_never_given_out, changed_bytes_are_never_given_out,
};
pub use executable::an_executable_runs_under_its_name_or_is_refused;
pub use refused::{
    a_broken_promise_keeps_the_old_entry, a_broken_promise_stores_nothing,
    a_changing_source_is_never_stored_as_a_lie, a_failing_source_keeps_the_old_entry,
    a_failing_source_stores_nothing,
};
pub use sources::{
    a_file_is_taken_from_its_beginning, a_reader_is_taken_from_where_it_stands,
    a_seekable_source_is_taken_from_its_beginning, every_kind_of_source_stores_the_same,
};
pub use stored::{
    a_durable_put_stores_the_same, a_fresh_cache_misses, a_given_time_travels_to_the_nanosecond,
    a_later_put_replaces_the_entry, a_put_without_a_time_gets_the_present_one,
    a_put_without_verify_stores_the_same, an_unknown_output_has_no_file, closing_twice_is_fine,
    equal_outputs_of_two_actions_have_one_id, get_bytes_refuses_what_is_over_its_limit,
    output_paths_are_absolute_and_hold_exactly_the_bytes, the_fuzz_dir_is_absolute,
    the_stored_entry_is_what_get_says, what_was_put_is_got,
};
pub use threads::eight_threads_see_only_right_answers;

/// The sizes around which caches change their ways: nothing, one byte, an entry of Go's, buffers.
const SIZES: [usize; 7] = [0, 1, 175, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, (1 << 20) + 3];
