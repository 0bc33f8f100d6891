//! What must not be stored.

use std::io::Cursor;

use cache_core::{ActionId, Error, PutOptions, Source};

use super::SIZES;
use crate::Factory;
use crate::source::{self, Changing, Failing, Trickle};
use crate::trial::Trial;

/// A body that is not what was promised is an error and no result.
pub fn a_broken_promise_stores_nothing(factory: Factory<'_>) {
    let trial = Trial::new("a_broken_promise_stores_nothing", factory);
    for size in SIZES {
        let promised = trial.body(size);
        for (how, body) in broken(&trial, &promised) {
            let action = trial.action();
            refuse_promise(&trial, &action, &promised, how, &body);
            trial.misses(&action, &format!("its put, of {how}, failed"));
        }
        // The output that was promised in vain is stored by a put that keeps its promise.
        let action = trial.action();
        let mut body = &promised[..];
        trial.put_with(&action, source::promise(&promised, &mut body), &PutOptions::default());
        trial.gives(&action, &promised);
    }
}

/// Neither the action's entry nor the output that was promised is touched.
pub fn a_broken_promise_keeps_the_old_entry(factory: Factory<'_>) {
    let trial = Trial::new("a_broken_promise_keeps_the_old_entry", factory);
    for size in SIZES {
        let (action, other) = (trial.action(), trial.action());
        let (old, promised) = (trial.body(1000), trial.body(size));
        trial.put(&action, &old);
        trial.put(&other, &promised);
        for (how, body) in broken(&trial, &promised) {
            refuse_promise(&trial, &action, &promised, how, &body);
            trial.gives(&action, &old);
            trial.gives(&other, &promised);
        }
    }
}

/// A source that has other bytes on each pass is refused, or one of its versions is stored whole.
pub fn a_changing_source_is_never_stored_as_a_lie(factory: Factory<'_>) {
    let trial = Trial::new("a_changing_source_is_never_stored_as_a_lie", factory);
    let sizes = [[1000; 4], [200_000; 4], [70_000, 1000, 70_000, 1000], [1000, 70_000, 1000, 0]];
    for sizes in sizes {
        let versions = sizes.map(|size| trial.body(size));
        let (new, had) = (trial.action(), trial.action());
        let old = trial.body(500);
        trial.put(&had, &old);
        for (action, old) in [(&new, None), (&had, Some(&old))] {
            let mut source = Changing::new(&versions);
            let options = PutOptions::default();
            match (trial.cache().put(action, Source::Seekable(&mut source), &options), old) {
                (Err(_), Some(old)) => trial.gives(action, old),
                (Err(_), None) => trial.misses(action, "its put, of a changing source, failed"),
                (Ok(stored), _) => {
                    let of_stored = |version: &&Vec<u8>| {
                        cache_core::OutputId::of(version) == stored.entry.output
                    };
                    let Some(version) = versions.iter().find(of_stored) else {
                        trial.fail(
                            action,
                            format_args!(
                                "a put of a source that changes stored {:?}, which it never was",
                                stored.entry
                            ),
                        );
                    };
                    trial.gives(action, version);
                }
            }
        }
    }
}

/// A source that cannot be read to its end is an error, and what it gave until then is no result.
pub fn a_failing_source_stores_nothing(factory: Factory<'_>) {
    let trial = Trial::new("a_failing_source_stores_nothing", factory);
    for size in SIZES {
        let body = trial.body(size);
        fail_in_every_way(&trial, &body, &mut || trial.action(), &|action| {
            trial.misses(action, "its put, of a source that fails, failed");
        });
    }
}

/// A put that fails does not take away what an earlier one stored.
pub fn a_failing_source_keeps_the_old_entry(factory: Factory<'_>) {
    let trial = Trial::new("a_failing_source_keeps_the_old_entry", factory);
    let (action, old) = (trial.action(), trial.body(1000));
    trial.put(&action, &old);
    for size in SIZES {
        let body = trial.body(size);
        fail_in_every_way(&trial, &body, &mut || action, &|action| trial.gives(action, &old));
    }
}

/// Bodies that are not what was promised, and how they differ.
fn broken(trial: &Trial, promised: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut bodies = vec![
        ("a longer body than promised", [promised, b"x"].concat()),
        ("a much longer body than promised", [promised, &trial.body(300_000)].concat()),
    ];
    if let Some((last, shorter)) = promised.split_last() {
        bodies.push(("a shorter body than promised", shorter.to_vec()));
        bodies.push(("no body where one was promised", Vec::new()));
        bodies.push(("a body with another last byte than promised", [shorter, &[!last]].concat()));
        bodies.push(("another body of the size promised", inverted(promised)));
    }
    bodies
}

fn inverted(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

/// Puts a body under another's promise, which must be refused, in pieces and at once.
fn refuse_promise(trial: &Trial, action: &ActionId, promised: &[u8], how: &str, body: &[u8]) {
    let mut trickle = Trickle::new(Cursor::new(body));
    for refused in [
        trial.refused(action, source::promise(promised, &mut { body }), how),
        trial.refused(action, source::promise(promised, &mut trickle), how),
    ] {
        // Another error is a cache's right, as one that stopped at the size need not know the ID
        // of the rest; but the one for this has to tell the truth.
        let Error::BrokenPromise(broken) = &refused else { continue };
        let announced = cache_core::OutputId::of(promised);
        if (broken.action, broken.promised, broken.promised_size)
            != (*action, announced, promised.len() as u64)
        {
            trial.fail(
                action,
                format_args!("the refusal of {how} says {broken:?}, expected what was promised"),
            );
        }
    }
}

/// Puts sources that fail after nothing, in the middle and at the end. The one that fails on its
/// second pass is a failure only for a cache that reads it twice.
fn fail_in_every_way(
    trial: &Trial,
    body: &[u8],
    action: &mut dyn FnMut() -> ActionId,
    judge: &dyn Fn(&ActionId),
) {
    for good in [0, body.len() / 2, body.len()] {
        let after = format!("a source that fails after {good} of {} bytes", body.len());
        let mut refuse = |source: Source<'_>| {
            let action = action();
            trial.refused(&action, source, &after);
            judge(&action);
        };
        refuse(Source::Reader(&mut Failing::new(body, good, 0)));
        refuse(Source::Seekable(&mut Failing::new(body, good, 0)));
        if good < body.len() {
            refuse(source::promise(body, &mut Failing::new(body, good, 0)));
        }
        let action = trial.action();
        let mut later = Failing::new(body, good, 1);
        let options = PutOptions::default();
        match trial.cache().put(&action, Source::Seekable(&mut later), &options) {
            Ok(_) => trial.gives(&action, body),
            Err(_) => trial.misses(&action, "its put, of a source that fails later, failed"),
        }
    }
}
