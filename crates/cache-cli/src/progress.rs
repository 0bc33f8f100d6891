//! Progress bars, on stderr.

use std::time::Duration;

use cache_disk::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar, or nothing where none is wanted. It goes away when it is dropped.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar whose steps are bytes.
    pub(crate) fn bytes(shown: bool, doing: &'static str) -> Self {
        Self::new(shown, doing, "{binary_bytes} of {binary_total_bytes}, {eta} left")
    }

    /// A bar whose steps are the directory's folders.
    pub(crate) fn folders(shown: bool, doing: &'static str) -> Self {
        Self::new(shown, doing, "{pos} of {len} folders")
    }

    /// A bar whose steps are entries.
    pub(crate) fn entries(shown: bool, doing: &'static str) -> Self {
        Self::new(shown, doing, "{human_pos} of {human_len} entries, {eta} left")
    }

    fn new(shown: bool, doing: &'static str, numbers: &str) -> Self {
        if !shown {
            return Self(ProgressBar::hidden());
        }
        // The length is not known yet; the first report brings it.
        let bar = ProgressBar::no_length().with_message(doing);
        // A template that indicatif does not like costs the looks, not the work.
        if let Ok(style) = ProgressStyle::with_template(&format!("{{msg}} {{wide_bar}} {numbers}"))
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Shows how far it is.
    pub(crate) fn show(&self, progress: Progress) {
        self.0.set_length(progress.total);
        self.0.set_position(progress.done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
