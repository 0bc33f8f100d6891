//! Work that may never end.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// What comes of `work` within `limit`; `None`: nothing. The thread that does it is left to itself
/// then: a file system whose server is gone holds it for as long as it likes.
pub(super) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, result) = channel();
    thread::Builder::new().spawn(move || done.send(work()).ok()).ok()?;
    result.recv_timeout(limit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_not_waited_for() {
        assert_eq!(within(Duration::from_secs(60), || 7), Some(7));
        let (_never, forever) = channel::<()>();
        assert_eq!(within(Duration::from_millis(20), move || forever.recv()), None);
    }
}
