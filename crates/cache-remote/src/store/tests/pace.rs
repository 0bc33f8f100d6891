//! How long a reader waits for the next piece.

use std::time::Duration;

use crate::store::Pace;

const PACE: Pace = Pace { piece: Duration::from_secs(2), per_second: 1000 };

fn next(bytes: u64, waited_ms: u64) -> Duration {
    PACE.next(bytes, Duration::from_millis(waited_ms))
}

#[test]
fn no_piece_is_waited_for_longer_than_a_piece_may_take() {
    assert_eq!(next(1_000_000, 0), Duration::from_secs(2));
    assert_eq!(next(1_000_000, 500_000), Duration::from_secs(2));
}

#[test]
fn the_average_counts_after_a_second() {
    assert_eq!(next(100, 0), Duration::from_millis(1100));
    assert_eq!(next(100, 1000), Duration::from_millis(100));
    assert_eq!(next(100, 1100), Duration::ZERO);
    assert_eq!(next(100, 9000), Duration::ZERO);
}

#[test]
fn an_object_that_was_empty_so_far_has_no_average() {
    assert_eq!(next(0, 0), Duration::from_secs(2));
    assert_eq!(Pace { per_second: 0, ..PACE }.next(1, Duration::MAX), Duration::from_secs(2));
}
