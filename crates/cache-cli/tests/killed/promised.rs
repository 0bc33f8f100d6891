//! What gets may give: what was put, and what was answered is not lost.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use cache_core::{ActionId, CacheExt, Lookup, OutputId};
use cache_disk::DiskCache;

use crate::work::{self, ACTIONS, BODIES, Put};

/// What a get may give for every action.
pub(crate) struct Promised {
    actions: BTreeMap<ActionId, Known>,
    bodies: HashMap<OutputId, Vec<u8>>,
    outputs: Vec<OutputId>,
}

#[derive(Default)]
struct Known {
    /// The action leads to one of these, if to anything.
    may_be: BTreeSet<OutputId>,
    /// Whether it has to lead to something: a put was answered or a get found it, and since then the
    /// test has made nothing of it so old that a trim may take it, and damaged nothing of it.
    is_there: bool,
}

impl Promised {
    /// Nothing was put yet.
    pub(crate) fn new() -> Self {
        let bodies: Vec<_> = (0..BODIES).map(work::body).collect();
        let outputs: Vec<_> = bodies.iter().map(|body| OutputId::of(body)).collect();
        let actions = (0..ACTIONS).map(|number| (work::action(number), Known::default()));
        Self {
            actions: actions.collect(),
            bodies: outputs.iter().copied().zip(bodies).collect(),
            outputs,
        }
    }

    /// The bytes of a body.
    pub(crate) fn body(&self, number: u64) -> &[u8] {
        &self.bodies[&self.outputs[number as usize]]
    }

    /// An entry or an output is so old now that a trim may take it, or has wrong bytes.
    pub(crate) fn may_go(&mut self, path: &Path) {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let (id, kind) = name.split_at(64);
        if kind == "-a" {
            let known = self.actions.get_mut(&id.parse().expect("an action ID"));
            known.into_iter().for_each(|known| known.is_there = false);
            return;
        }
        let output = id.parse().expect("an output ID");
        for known in self.actions.values_mut().filter(|known| known.may_be.contains(&output)) {
            known.is_there = false;
        }
    }

    /// All of these were asked for at the same time, some of them were answered, and meanwhile gets
    /// have given this.
    pub(crate) fn were_put(
        &mut self,
        asked: &[Put],
        answered: &[Put],
        got: &[(ActionId, OutputId)],
    ) {
        let mut outputs = BTreeMap::<ActionId, BTreeSet<OutputId>>::new();
        for put in asked {
            let output = self.outputs[put.body as usize];
            outputs.entry(work::action(put.action)).or_default().insert(output);
        }
        for (action, output) in got {
            let is_asked = outputs.get(action).is_some_and(|outputs| outputs.contains(output));
            let is_right = is_asked || self.actions[action].may_be.contains(output);
            assert!(is_right, "a get of action {action} gave {output}, which nobody put");
        }
        let answered: BTreeSet<_> = answered.iter().map(|put| work::action(put.action)).collect();
        for (action, mut outputs) in outputs {
            let known = self.actions.get_mut(&action).expect("an action");
            if answered.contains(&action) {
                // What it led to before has been replaced.
                *known = Known { may_be: outputs, is_there: true };
            } else {
                known.may_be.append(&mut outputs);
            }
        }
    }

    /// Gets everything, which is right or a miss, and a miss only where it may be. Nothing is put
    /// meanwhile. Returns how many were hits.
    pub(crate) fn look(&mut self, cache: &DiskCache) -> usize {
        let mut hits = 0;
        for (action, known) in &mut self.actions {
            match cache.get_bytes(action, u64::MAX).expect("an answer") {
                Lookup::Hit((entry, bytes)) => {
                    let output = entry.output;
                    assert!(known.may_be.contains(&output), "action {action} gives {output}");
                    assert!(self.bodies[&output] == bytes, "action {action}: wrong bytes");
                    *known = Known { may_be: [output].into(), is_there: true };
                    hits += 1;
                }
                Lookup::Miss(reason) => {
                    assert!(!known.is_there, "action {action} is lost: {reason}");
                }
            }
        }
        hits
    }
}
