//! Signals that come while something half-written stands on the disk.

/// Takes the signals that end a process, for as long as it lives: what is half-written is removed
/// first. When one came, dropping it ends the process by that signal, so that a shell sees that it
/// was interrupted.
#[cfg(unix)]
pub(crate) struct Interrupts {
    /// The last one; 0 for none.
    received: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    /// Whether the signals have their default effect again.
    over: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::flag;
    use signal_hook::low_level::emulate_default_handler;

    use super::Interrupts;

    impl Interrupts {
        /// Takes them from now on, but for those that this process ignores, as one does that `nohup`
        /// started.
        pub(crate) fn watch() -> io::Result<Self> {
            let received = Arc::new(AtomicUsize::new(0));
            let over = Arc::new(AtomicBool::new(false));
            let ignored = ignored().unwrap_or(0);
            let signals = [SIGINT, SIGQUIT, SIGTERM, SIGHUP];
            for signal in signals.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0) {
                // Unregistering would leave the signal without any effect, so this one stays.
                flag::register_conditional_default(signal, Arc::clone(&over))?;
                flag::register_usize(signal, Arc::clone(&received), signal as usize)?;
            }
            Ok(Self { received, over })
        }

        /// Whether one came.
        pub(crate) fn came(&self) -> bool {
            self.received.load(Ordering::Relaxed) != 0
        }
    }

    impl Drop for Interrupts {
        fn drop(&mut self) {
            // First: a signal that comes from here on ends the process by itself.
            self.over.store(true, Ordering::SeqCst);
            match self.received.load(Ordering::SeqCst) {
                0 => {}
                // It fails for an unknown signal alone, and these four are known.
                signal => _ = emulate_default_handler(signal as i32),
            }
        }
    }

    /// The mask of the ignored signals, where the system tells it.
    fn ignored() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    }
}

/// Nothing, where there are no signals to take.
#[cfg(not(unix))]
pub(crate) struct Interrupts;

#[cfg(not(unix))]
impl Interrupts {
    pub(crate) fn watch() -> std::io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn came(&self) -> bool {
        false
    }
}
