//! Many threads at once.

use std::panic::resume_unwind;
use std::slice;
use std::sync::Barrier;
use std::thread;

use cache_core::{ActionId, CacheExt, Check, Entry, Lookup, OutputId, PutOptions};

use crate::Factory;
use crate::source::{self, KINDS, Kind};
use crate::trial::Trial;

const THREADS: usize = 8;
const ROUNDS: usize = 24;

/// Eight threads that put and get equal and different things at once each find what they have just
/// put, or what another put for the same action, and never a mixture.
pub fn eight_threads_see_only_right_answers(factory: Factory<'_>) {
    let trial = Trial::new("eight_threads_see_only_right_answers", factory);
    // Every thread puts the same for the shared actions, and its own for the contested one.
    let shared: Vec<_> =
        (0..ROUNDS).map(|round| (trial.action(), trial.body(round * 1000))).collect();
    let contested = trial.action();
    let versions: Vec<_> = (0..THREADS).map(|thread| trial.body(500 + thread)).collect();
    // Waited for once only: a thread that fails later must not leave the others waiting.
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (trial, shared, versions, start) = (&trial, &shared, &versions, &start);
                scope.spawn(move || {
                    start.wait();
                    for (round, common) in shared.iter().enumerate() {
                        let own = (trial.action(), trial.body(round * 700));
                        let kind = KINDS[(thread + round) % KINDS.len()];
                        put_and_get(trial, kind, &common.0, &common.1, slice::from_ref(&common.1));
                        put_and_get(trial, kind, &contested, &versions[thread], versions);
                        put_and_get(trial, kind, &own.0, &own.1, slice::from_ref(&own.1));
                    }
                })
            })
            .collect();
        for thread in threads {
            if let Err(panic) = thread.join() {
                resume_unwind(panic);
            }
        }
    });
    for (action, body) in &shared {
        trial.gives(action, body);
    }
    one_of(&trial, &contested, &versions);
}

/// Puts `body` and expects one of `bodies` afterwards.
fn put_and_get(trial: &Trial, kind: Kind, action: &ActionId, body: &[u8], bodies: &[Vec<u8>]) {
    let put = source::with(kind, body, |source| {
        trial.cache().put(action, source, &PutOptions::default())
    });
    trial.must(action, &format!("a put through {kind:?} beside others"), put);
    one_of(trial, action, bodies);
}

/// The action is there, and each reader gives one of `bodies`, whole.
fn one_of(trial: &Trial, action: &ActionId, bodies: &[Vec<u8>]) {
    let judge = |reader: &str, entry: &Entry, found: &[u8]| {
        if !bodies.iter().any(|body| body == found) {
            let problem =
                format!("{reader} gives {} bytes that nobody put for it at any time", found.len());
            trial.fail(action, problem);
        }
        if (entry.output, entry.size) != (OutputId::of(found), found.len() as u64) {
            let problem = format!("{reader} gives {entry:?}, which is not the entry of its bytes");
            trial.fail(action, problem);
        }
    };
    let cache = trial.cache();
    match trial.must(action, "get_bytes", cache.get_bytes(action, u64::MAX)) {
        Lookup::Hit((entry, bytes)) => judge("get_bytes", &entry, &bytes),
        Lookup::Miss(reason) => {
            trial.fail(action, format_args!("get_bytes misses ({reason}), expected what was put"));
        }
    }
    match trial.must(action, "get_file", cache.get_file(action, Check::Checksum)) {
        Lookup::Hit((entry, path)) => judge("get_file", &entry, &trial.read(action, &path)),
        Lookup::Miss(reason) => {
            trial.fail(action, format_args!("get_file misses ({reason}), expected what was put"));
        }
    }
}
