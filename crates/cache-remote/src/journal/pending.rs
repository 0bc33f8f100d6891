//! What is to be uploaded, and how a journal's lines say it.

use std::collections::HashMap;

use cache_core::{ActionId, ID_BYTES};

/// The length of a line about an upload that is to be done, in bytes.
pub(crate) const PUT_LINE: u64 = 69;

/// `put <action hex>\n`: to be uploaded, once more if it is to be already.
pub(crate) fn put_line(action: &ActionId) -> String {
    format!("put {action}\n")
}

/// `done <action hex>\n`: uploaded once.
pub(crate) fn done_line(action: &ActionId) -> String {
    format!("done {action}\n")
}

/// What is to be uploaded, and how often.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    actions: HashMap<ActionId, Times>,
    /// The sum of all times.
    total: usize,
    /// How many were ever put.
    puts: u64,
}

#[derive(Debug)]
struct Times {
    left: usize,
    /// Which put of all was the first of those that are left.
    first: u64,
}

impl Pending {
    /// What the content of a journal leaves to do. What stands after the last line feed was never
    /// answered, and what is not a line, after a loss of power perhaps, is left out.
    pub(crate) fn replay(journal: &[u8]) -> Self {
        let mut pending = Self::default();
        let whole = journal.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        for line in journal[..whole].split(|byte| *byte == b'\n') {
            if let Some(action) = line.strip_prefix(b"put ").and_then(action) {
                pending.put(&action);
            } else if let Some(action) = line.strip_prefix(b"done ").and_then(action) {
                pending.done(&action);
            }
        }
        pending
    }

    pub(crate) fn put(&mut self, action: &ActionId) {
        let first = self.puts;
        self.actions.entry(*action).or_insert(Times { left: 0, first }).left += 1;
        self.total += 1;
        self.puts += 1;
    }

    /// Whether there was such an upload to do.
    pub(crate) fn done(&mut self, action: &ActionId) -> bool {
        let Some(times) = self.actions.get_mut(action) else { return false };
        times.left -= 1;
        if times.left == 0 {
            self.actions.remove(action);
        }
        self.total -= 1;
        true
    }

    /// How many uploads are to be done.
    pub(crate) fn len(&self) -> usize {
        self.total
    }

    pub(crate) fn has(&self, action: &ActionId) -> bool {
        self.actions.contains_key(action)
    }

    /// Each action once, in the order in which they were put.
    pub(crate) fn in_order(&self) -> Vec<ActionId> {
        self.ordered().into_iter().map(|(action, _)| *action).collect()
    }

    /// Lines that leave the same to do.
    pub(crate) fn to_text(&self) -> String {
        let of = |(action, times): (&ActionId, &Times)| put_line(action).repeat(times.left);
        self.ordered().into_iter().map(of).collect()
    }

    fn ordered(&self) -> Vec<(&ActionId, &Times)> {
        let mut all: Vec<_> = self.actions.iter().collect();
        all.sort_unstable_by_key(|(_, times)| times.first);
        all
    }
}

fn action(hex: &[u8]) -> Option<ActionId> {
    let mut id = [0; ID_BYTES];
    hex::decode_to_slice(hex, &mut id).ok()?;
    Some(id.into())
}
