//! The limit on the size of files, `ulimit -f`.

/// Has a write over the limit fail, as one on a full disk does, where it would end this process.
///
/// By a handler and not by ignoring the signal: commands that this one starts would inherit that.
#[cfg(unix)]
pub(crate) fn fail_over_the_limit() {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use signal_hook::consts::SIGXFSZ;

    let nobody_asks = Arc::<AtomicBool>::default();
    if let Err(e) = signal_hook::flag::register(SIGXFSZ, nobody_asks) {
        tracing::debug!("a file that grows over its limit will end this process: {e}");
    }
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub(crate) fn fail_over_the_limit() {}
