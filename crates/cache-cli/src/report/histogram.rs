//! Small histograms in text.

/// The width of the longest bar, in characters.
const WIDTH: usize = 24;

/// From one eighth of a character to all of it.
const EIGHTHS: [&str; 8] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

/// A bar for `value`, where `most` is the largest of all. What is not nothing can be seen.
pub(crate) fn bar(value: u64, most: u64) -> String {
    let eighths = share(value, most, 8 * WIDTH);
    let mut bar = EIGHTHS[7].repeat(eighths / 8);
    if let Some(part) = (eighths % 8).checked_sub(1) {
        bar.push_str(EIGHTHS[part]);
    }
    bar
}

/// A bar of two parts, the first one dark and the second one light.
pub(crate) fn two_part_bar(first: u64, second: u64, most: u64) -> String {
    let total = share(first.saturating_add(second), most, WIDTH);
    let mut dark = share(first, most, WIDTH).min(total);
    let mut light = total - dark;
    if second > 0 && light == 0 && dark > 1 {
        (dark, light) = (dark - 1, 1);
    }
    "█".repeat(dark) + &"░".repeat(light)
}

/// `value` in steps, where `most` is `steps` of them: at least one when it is not nothing.
fn share(value: u64, most: u64, steps: usize) -> usize {
    if value == 0 || most == 0 {
        return 0;
    }
    let exact = value.min(most) as u128 * steps as u128;
    let rounded = (exact + u128::from(most) / 2) / u128::from(most);
    usize::try_from(rounded).unwrap_or(steps).clamp(1, steps)
}

/// Counts of things in ranges of a number: of sizes, of ages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Histogram {
    pub(crate) buckets: Vec<Bucket>,
}

/// The things from one number up to below another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) from: u64,
    /// `None`: there is no limit.
    pub(crate) below: Option<u64>,
    pub(crate) count: u64,
    /// Their sizes added up.
    pub(crate) bytes: u64,
}

impl Histogram {
    /// Nothing counted yet, with buckets from 0 to the first of `limits`, from there to the next
    /// and so on, and one for all from the last on.
    pub(crate) fn new(limits: &[u64]) -> Self {
        let froms = [0].into_iter().chain(limits.iter().copied());
        let belows = limits.iter().copied().map(Some).chain([None]);
        let bucket = |(from, below)| Bucket { from, below, ..Bucket::default() };
        Self { buckets: froms.zip(belows).map(bucket).collect() }
    }

    /// Counts one thing.
    pub(crate) fn add(&mut self, number: u64, bytes: u64) {
        let holds = |bucket: &&mut Bucket| bucket.below.is_none_or(|below| number < below);
        if let Some(bucket) = self.buckets.iter_mut().find(holds) {
            bucket.count += 1;
            bucket.bytes = bucket.bytes.saturating_add(bytes);
        }
    }

    /// The buckets from the first to the last in which something is.
    pub(crate) fn filled(&self) -> &[Bucket] {
        let is_filled = |bucket: &Bucket| bucket.count > 0;
        match self.buckets.iter().position(is_filled) {
            None => &[],
            Some(first) => {
                let last = self.buckets.iter().rposition(is_filled).unwrap_or(first);
                &self.buckets[first..=last]
            }
        }
    }
}

impl Bucket {
    /// The bucket's range, each number written by `shown`.
    pub(crate) fn label(&self, shown: impl Fn(u64) -> String) -> String {
        match (self.from, self.below) {
            (0, Some(below)) => format!("under {}", shown(below)),
            (from, Some(below)) => format!("{} to {}", shown(from), shown(below)),
            (from, None) => format!("{} and over", shown(from)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_is_full_and_the_shortest_can_be_seen() {
        assert_eq!(bar(0, 10), "");
        assert_eq!(bar(10, 10), "█".repeat(WIDTH));
        assert_eq!(bar(5, 10), "█".repeat(WIDTH / 2));
        assert_eq!(bar(1, u64::MAX), "▏");
        assert_eq!(bar(u64::MAX, u64::MAX).chars().count(), WIDTH);
        assert_eq!(bar(0, 0), "");
    }

    #[test]
    fn both_parts_of_a_bar_can_be_seen() {
        assert_eq!(two_part_bar(0, 0, 10), "");
        assert_eq!(two_part_bar(12, 12, 24), "█".repeat(12) + &"░".repeat(12));
        assert_eq!(two_part_bar(1_000_000, 1, 1_000_001), "█".repeat(23) + "░");
        assert_eq!(two_part_bar(1, 1_000_000, 1_000_001), "█".to_owned() + &"░".repeat(23));
        assert_eq!(two_part_bar(0, 1, 1_000_000), "░");
        assert_eq!(two_part_bar(1, 0, 1_000_000), "█");
    }

    #[test]
    fn everything_falls_into_one_bucket() {
        let mut histogram = Histogram::new(&[10, 100]);
        for number in [0, 9, 10, 99, 100, u64::MAX] {
            histogram.add(number, 1);
        }
        let counts: Vec<u64> = histogram.buckets.iter().map(|bucket| bucket.count).collect();
        assert_eq!(counts, [2, 2, 2]);
        let labels: Vec<String> =
            histogram.buckets.iter().map(|bucket| bucket.label(|n| n.to_string())).collect();
        assert_eq!(labels, ["under 10", "10 to 100", "100 and over"]);
    }

    #[test]
    fn empty_buckets_around_the_others_are_left_out() {
        let mut histogram = Histogram::new(&[1, 2, 3, 4]);
        assert_eq!(histogram.filled(), []);
        histogram.add(1, 5);
        histogram.add(3, 5);
        let froms: Vec<u64> = histogram.filled().iter().map(|bucket| bucket.from).collect();
        assert_eq!(froms, [1, 2, 3]);
    }
}
