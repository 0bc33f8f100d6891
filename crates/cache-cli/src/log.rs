//! The libraries' log, on stderr, when it is asked for.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::LevelFilter;

/// Starts logging as loudly as `-v` was given; without it, not at all.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // NO_COLOR is the subscriber's own business.
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .init();
}
