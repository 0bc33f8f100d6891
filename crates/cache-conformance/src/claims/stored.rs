//! What was put is what is got.

use std::time::{Duration, SystemTime};

use cache_core::{CacheExt, Error, OutputId, PutOptions, Source};

use super::SIZES;
use crate::Factory;
use crate::trial::Trial;

/// A cache that nothing was put into misses, with a value and not with an error.
pub fn a_fresh_cache_misses(factory: Factory<'_>) {
    let trial = Trial::new("a_fresh_cache_misses", factory);
    for _ in 0..10 {
        trial.misses(&trial.action(), "nothing was put");
    }
}

/// Bodies of all sizes come back through every reader.
pub fn what_was_put_is_got(factory: Factory<'_>) {
    let trial = Trial::new("what_was_put_is_got", factory);
    let put = SIZES.map(|size| (trial.action(), trial.body(size)));
    for (action, body) in &put {
        trial.misses(action, "it was not put yet");
        trial.put(action, body);
        trial.gives(action, body);
    }
    for (action, body) in &put {
        trial.gives(action, body);
    }
}

/// The last put of an action counts, and the outputs of earlier ones may come back.
pub fn a_later_put_replaces_the_entry(factory: Factory<'_>) {
    let trial = Trial::new("a_later_put_replaces_the_entry", factory);
    let (action, other) = (trial.action(), trial.action());
    let bodies = [trial.body(1000), trial.body(1000), trial.body(0), trial.body(70_000)];
    trial.put(&other, &bodies[0]);
    for body in bodies.iter().chain(&bodies) {
        trial.put(&action, body);
        trial.gives(&action, body);
    }
    trial.gives(&other, &bodies[0]);
}

/// An output's ID is the SHA-256 of its bytes, whatever action it came from.
pub fn equal_outputs_of_two_actions_have_one_id(factory: Factory<'_>) {
    let trial = Trial::new("equal_outputs_of_two_actions_have_one_id", factory);
    for size in SIZES {
        let body = trial.body(size);
        let (first, second) = (trial.action(), trial.action());
        for action in [&first, &second] {
            trial.names(action, &trial.put(action, &body).entry, &body);
        }
        trial.gives(&first, &body);
        trial.gives(&second, &body);
    }
}

/// Put returns the entry that get returns afterwards, with its time.
pub fn the_stored_entry_is_what_get_says(factory: Factory<'_>) {
    let trial = Trial::new("the_stored_entry_is_what_get_says", factory);
    for size in SIZES {
        let action = trial.action();
        let stored = trial.put(&action, &trial.body(size)).entry;
        let got = trial.entry(&action);
        if stored != got {
            trial.fail(&action, format_args!("get gives {got:?}, expected put's {stored:?}"));
        }
    }
}

/// A put that is given a time stores just that time, or is refused: a given time is optional.
pub fn a_given_time_travels_to_the_nanosecond(factory: Factory<'_>) {
    let trial = Trial::new("a_given_time_travels_to_the_nanosecond", factory);
    let body = trial.body(100);
    let again = trial.action();
    for nanoseconds in [0, 1, 123_456_789, 999_999_999] {
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_234_567_890, nanoseconds);
        let options = PutOptions { time: Some(time), ..PutOptions::default() };
        for action in [trial.action(), again] {
            let stored = match trial.cache().put(&action, Source::Bytes(&body), &options) {
                // The cache protocol has no place for it.
                Err(Error::Unsupported(_)) => {
                    trial.misses(&action, "its put was refused");
                    continue;
                }
                put => trial.must(&action, "a put with a time", put).entry,
            };
            for (from, found) in [("put", stored.time), ("get", trial.entry(&action).time)] {
                if found != time {
                    let problem = format!("{from} says the time {found:?}, expected {time:?}");
                    trial.fail(&action, problem);
                }
            }
        }
    }
}

/// A put that is given no time stores the time at which it was done.
pub fn a_put_without_a_time_gets_the_present_one(factory: Factory<'_>) {
    let trial = Trial::new("a_put_without_a_time_gets_the_present_one", factory);
    let action = trial.action();
    for size in SIZES {
        let before = SystemTime::now();
        trial.put(&action, &trial.body(size));
        let after = SystemTime::now();
        let time = trial.entry(&action).time;
        if time < before || time > after {
            let problem = format!("its time is {time:?}, expected {before:?} to {after:?}");
            trial.fail(&action, problem);
        }
    }
}

/// The file of an output that was never put is none, which is no error.
pub fn an_unknown_output_has_no_file(factory: Factory<'_>) {
    let trial = Trial::new("an_unknown_output_has_no_file", factory);
    trial.put(&trial.action(), &trial.body(100));
    let output = OutputId::of(&trial.body(100));
    match trial.cache().output_file(&output) {
        Ok(None) => {}
        Ok(Some(file)) => trial.fail_without_action(format_args!(
            "output {output}, which nobody put, has the file {}, expected none",
            file.path.display()
        )),
        Err(e) => trial.fail_without_action(format_args!(
            "the file of output {output}, which nobody put, is an error, expected none: {e}"
        )),
    }
}

/// Every path leads to the output from any working directory, and the size beside it is the
/// file's.
pub fn output_paths_are_absolute_and_hold_exactly_the_bytes(factory: Factory<'_>) {
    let trial = Trial::new("output_paths_are_absolute_and_hold_exactly_the_bytes", factory);
    for size in SIZES {
        let (action, body) = (trial.action(), trial.body(size));
        let stored = trial.put(&action, &body);
        let found = trial.cache().output_file(&stored.entry.output);
        let Some(found) = trial.must(&action, "output_file", found) else {
            trial.fail(&action, "its output, just put, has no file, expected one");
        };
        // A cache that keeps no file of its own when it puts may have none to show for it.
        for file in stored.file.iter().chain([&found]) {
            trial.same(&action, "the output's file", &trial.read(&action, &file.path), &body);
            if file.size != size as u64 {
                let problem =
                    format!("its file's size is said to be {}, expected {size}", file.size);
                trial.fail(&action, problem);
            }
        }
    }
}

/// A reader into memory is protected from an output that is larger than it has room for.
pub fn get_bytes_refuses_what_is_over_its_limit(factory: Factory<'_>) {
    let trial = Trial::new("get_bytes_refuses_what_is_over_its_limit", factory);
    for size in SIZES {
        let (action, body) = (trial.action(), trial.body(size));
        trial.put(&action, &body);
        let size = size as u64;
        match trial.must(&action, "get_bytes", trial.cache().get_bytes(&action, size)).hit() {
            Some((_, found)) => trial.same(&action, "get_bytes", &found, &body),
            None => trial.fail(&action, "get_bytes with its size as the limit misses"),
        }
        let Some(less) = size.checked_sub(1) else { continue };
        match trial.cache().get_bytes(&action, less) {
            Err(Error::TooLarge { size: said, limit, .. }) if (said, limit) == (size, less) => {}
            other => trial.fail(
                &action,
                format_args!(
                    "get_bytes of {size} bytes with the limit {less} gives {other:?}, expected \
                     Error::TooLarge with both numbers"
                ),
            ),
        }
    }
}

/// A put that is not to be verified is an ordinary put.
pub fn a_put_without_verify_stores_the_same(factory: Factory<'_>) {
    let trial = Trial::new("a_put_without_verify_stores_the_same", factory);
    let action = trial.action();
    for size in SIZES {
        let body = trial.body(size);
        let put = trial.cache().put_without_verify(&action, Source::Bytes(&body));
        trial.must(&action, "put_without_verify", put);
        trial.gives(&action, &body);
    }
}

/// A put that is to survive a loss of power is an ordinary put.
pub fn a_durable_put_stores_the_same(factory: Factory<'_>) {
    let trial = Trial::new("a_durable_put_stores_the_same", factory);
    let options = PutOptions { durable: true, ..PutOptions::default() };
    for size in SIZES {
        let (action, body) = (trial.action(), trial.body(size));
        for _ in 0..2 {
            trial.put_with(&action, Source::Bytes(&body), &options);
            trial.gives(&action, &body);
        }
    }
}

/// The folder beside the cache is named so that it can be reached from any working directory.
pub fn the_fuzz_dir_is_absolute(factory: Factory<'_>) {
    let trial = Trial::new("the_fuzz_dir_is_absolute", factory);
    let dir = trial.cache().fuzz_dir();
    if !dir.is_absolute() {
        trial.fail_without_action(format_args!("{} is not absolute", dir.display()));
    }
}

/// The second close has nothing to do.
pub fn closing_twice_is_fine(factory: Factory<'_>) {
    let trial = Trial::new("closing_twice_is_fine", factory);
    trial.put(&trial.action(), &trial.body(100));
    for time in ["first", "second"] {
        if let Err(e) = trial.cache().close() {
            trial.fail_without_action(format_args!("the {time} close failed: {e}"));
        }
    }
}
