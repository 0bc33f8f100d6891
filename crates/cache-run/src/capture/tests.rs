use std::io::{self, Write};

use tempfile::SpooledData;

use super::{Capture, MAX_CHANGES, Order};

fn order(chunks: impl IntoIterator<Item = (usize, u64)>) -> Vec<u64> {
    let mut order = Order::default();
    chunks.into_iter().for_each(|(stream, length)| order.add(stream, length));
    order.finish()
}

#[test]
fn the_order_is_lengths_by_turns_beginning_with_stdout() {
    assert_eq!(order([]), [0; 0]);
    assert_eq!(order([(0, 3), (0, 2), (1, 4), (0, 1)]), [5, 4, 1]);
    assert_eq!(order([(1, 3), (1, 2), (0, 1), (1, 7)]), [0, 5, 1, 7]);
}

#[test]
fn the_order_has_a_bounded_length_and_loses_no_byte() {
    for first in [0, 1] {
        let lengths = order((0..3 * MAX_CHANGES).map(|i| ((first + i) % 2, 1)));
        assert!(lengths.len() <= MAX_CHANGES + 2, "{}", lengths.len());
        for stream in [0, 1] {
            let sum: u64 = lengths.iter().skip(stream).step_by(2).sum();
            assert_eq!(sum, 3 * MAX_CHANGES as u64 / 2);
        }
    }
}

/// A sink that takes a few bytes, each after a "try again", and then fails.
struct Grudging {
    left: usize,
    ready: bool,
    end: io::ErrorKind,
}

impl Write for Grudging {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        self.ready = !self.ready;
        match self.left {
            0 => Err(self.end.into()),
            _ if self.ready => Err(io::ErrorKind::WouldBlock.into()),
            _ => {
                self.left -= 1;
                Ok(1)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn all_is_kept_whatever_the_sinks_do() {
    for (end, told) in [(io::ErrorKind::BrokenPipe, false), (io::ErrorKind::StorageFull, true)] {
        let mut stdout = Grudging { left: 3, ready: false, end };
        let mut stderr = Vec::new();
        let mut capture = Capture::new([&mut stdout, &mut stderr]);
        capture.take(0, b"first ");
        capture.take(1, b"aside");
        capture.take(0, b"second");
        let captured = capture.finish();
        assert_eq!(captured.not_passed_on.map(|e| e.kind()), told.then_some(end));
        assert_eq!(captured.order, [6, 5, 6]);
        assert_eq!(stderr, b"aside");
        let [Ok(SpooledData::InMemory(kept)), _] = captured.streams else { panic!("in memory") };
        assert_eq!(kept.into_inner(), b"first second");
    }
}

#[test]
fn what_goes_nowhere_and_is_too_much_to_keep_is_of_no_use() {
    let (mut gone, mut stderr) =
        (Grudging { left: 0, ready: true, end: io::ErrorKind::BrokenPipe }, Vec::new());
    let mut capture = Capture::with_limit([&mut gone, &mut stderr], 10);
    assert!(capture.take(0, b"0123456789"), "it is kept");
    assert!(!capture.take(0, b"0"));
    assert!(capture.take(1, b"0123456789a"), "it goes somewhere");
    let captured = capture.finish();
    assert!(captured.streams.iter().all(|kept| kept.is_err()));
    assert_eq!(stderr, b"0123456789a");
}
