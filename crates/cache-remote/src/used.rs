//! Which results a build used, in the order of their first use.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use cache_core::ActionId;

use crate::list::MAX_ACTIONS;

/// The actions that lookups hit and puts stored. What is over the limit of a list is left out.
#[derive(Debug, Default)]
pub(crate) struct Used(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    in_order: Vec<ActionId>,
    known: HashSet<ActionId>,
}

impl Used {
    pub(crate) fn add(&self, action: &ActionId) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.in_order.len() < MAX_ACTIONS && inner.known.insert(*action) {
            inner.in_order.push(*action);
        }
    }

    /// All of them; none are left.
    pub(crate) fn take(&self) -> Vec<ActionId> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.known.clear();
        std::mem::take(&mut inner.in_order)
    }
}
