//! What it saves that equal outputs are stored once.

use std::iter;

use cache_core::OutputId;

/// All outputs, and all that entries lead to: there may be millions, so little is kept of each.
#[derive(Default)]
pub(super) struct Sharing {
    /// Once for each entry that leads to it.
    wanted: Vec<u64>,
    /// With its size in bytes.
    stored: Vec<(u64, u64)>,
}

/// The first quarter of an output ID. That any two of a million outputs have the same one has a chance
/// of one in thirty million, and would make a sum a little wrong.
fn short(output: &OutputId) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *output.as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Sharing {
    /// Counts an entry that leads to an output.
    pub(super) fn entry(&mut self, output: &OutputId) {
        self.wanted.push(short(output));
    }

    /// Counts an output.
    pub(super) fn output(&mut self, output: &OutputId, size: u64) {
        self.stored.push((short(output), size));
    }

    /// The sizes of the outputs that more than one entry leads to, added up once for each of these
    /// entries but one.
    pub(super) fn saved_bytes(mut self) -> u64 {
        self.wanted.sort_unstable();
        self.stored.sort_unstable();
        let mut wanted = self.wanted.into_iter().peekable();
        let mut times = |output| {
            while wanted.next_if(|other| *other < output).is_some() {}
            iter::from_fn(|| wanted.next_if_eq(&output)).count() as u64
        };
        let saved = |(output, size): (u64, u64)| size.saturating_mul(times(output).max(1) - 1);
        self.stored.into_iter().map(saved).fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_but_the_first_saves_its_output() {
        let id = |n: u8| OutputId::of(&[n]);
        let mut sharing = Sharing::default();
        // Of output n there are n entries; some outputs are gone, and nothing leads to output 0.
        for n in (0..20).rev() {
            (0..n).for_each(|_| sharing.entry(&id(n)));
            if n % 3 != 2 {
                sharing.output(&id(n), 1000 + u64::from(n));
            }
        }
        let saved = |n: u64| (1000 + n) * (n - 1);
        let expected: u64 = (1..20).filter(|n| n % 3 != 2).map(saved).sum();
        assert_eq!(sharing.saved_bytes(), expected);
        assert_eq!(Sharing::default().saved_bytes(), 0);
    }
}
