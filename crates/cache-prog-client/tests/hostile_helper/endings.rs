//! The ways in which a hostile helper ends, or does not, and what its folder holds.

#![allow(dead_code, reason = "the test and the helper use some of it each")]

/// What the helper does at last, in the order of a helper's life: before it has said what it can do,
/// after some requests, and when it is closed.
pub const ENDINGS: [&str; 36] = [
    "says-nothing",
    "declares-nothing",
    "declares-late",
    "declares-oddly",
    "declares-twice",
    "declares-much",
    "exits-first",
    "talks-first",
    "serves",
    "is-slow",
    "exits",
    "is-killed",
    "half-a-reply",
    "answers-nobody",
    "answers-twice",
    "declares-again",
    "garbage",
    "garbage",
    "long-line",
    "spaces",
    "closes-output",
    "closes-input",
    "stops-reading",
    "stops-answering",
    "floods-replies",
    "floods-errors",
    "long-paths",
    "gigantic-errors",
    "swaps",
    "swaps",
    "ignores-close",
    "refuses-close",
    "closes-twice",
    "exits-badly",
    "leaves-child",
    "floods-at-close",
];

/// How many outputs there are in the folder, `out-0` and so on. Beside each stands a `wrong-0` with
/// other bytes of the same size.
pub const OUTPUTS: usize = 5;

/// What else is there, none of which is an output's file: only what leads to one is.
pub const PLACES: [&str; 10] = [
    "folder",
    "pipe",
    "socket",
    "link",
    "link-to-pipe",
    "link-to-nothing",
    "link-to-itself",
    "hole",
    "gone",
    "out-2/x",
];
