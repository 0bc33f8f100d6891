//! What is asked of Larder: how many times what it is set beside a row may cost at most, how many
//! seconds more, and how many bytes at most.
//!
//! A row that costs more is marked in its table. The command succeeds nevertheless, for times on a
//! machine that does other things as well prove little.

#[derive(Clone, Copy)]
pub(super) enum AtMost {
    /// Times what the first column has.
    Ratio(f64),
    /// More than what the first column has.
    SecondsMore(f64),
    Bytes(u64),
}

use AtMost::{Bytes, Ratio, SecondsMore};

const MIB: u64 = 1 << 20;

/// By table, the rows and what is asked of each.
const WANTED: &[(&str, &[&str], AtMost)] = &[
    ("go", &["open"], Ratio(0.05)),
    ("go", &["get-hit", "get-hit-8-threads"], Ratio(0.40)),
    ("go", &["get-miss"], Ratio(0.60)),
    ("go", &["get-file"], Ratio(0.45)),
    ("go", &["get-bytes-1k"], Ratio(0.45)),
    ("go", &["get-bytes-65536k"], Ratio(1.00)),
    ("go", &["put-new-1k"], Ratio(0.65)),
    ("go", &["put-same-1k"], Ratio(0.45)),
    ("go", &["put-new-64k", "put-new-1024k", "put-new-65536k"], Ratio(0.55)),
    ("go", &["put-file-64k", "put-file-1024k", "put-file-65536k"], Ratio(0.60)),
    ("go", &["put-same-64k", "put-same-1024k", "put-same-65536k"], Ratio(0.60)),
    ("go", &["trim-none"], Ratio(0.45)),
    ("go", &["trim-half"], Ratio(0.70)),
    ("helper", &["go-build-std"], Ratio(1.25)),
    ("process", &["get-1k", "get-64k", "get-256k"], Ratio(1.5)),
    ("process", &["serve-start"], Ratio(3.0)),
    ("process", &["serve-idle-memory"], Bytes(12 * MIB)),
    // A byte kept of each request would be more.
    ("process", &["serve-memory-after-many-requests"], Ratio(1.05)),
    ("process", &["stripped-binary"], Bytes(20 * MIB)),
    // 0.95 of the speed.
    ("hash", &["hash-1g"], Ratio(1.0 / 0.95)),
    ("scale", &["get-hit"], Ratio(1.5)),
    ("scale", &["trim-none", "stats", "ls"], Ratio(1.3)),
    ("scale", &["trim-none-memory", "stats-memory", "ls-memory"], Bytes(64 * MIB)),
    ("remote", &["far-with-list"], Ratio(0.2)),
    ("remote", &["far-without-list", "far-empty"], Ratio(1.1)),
    ("remote", &["cold-uploads", "cold-uploads-far"], Ratio(1.08)),
    ("remote", &["hostile-refuse", "hostile-hang", "hostile-crawl"], SecondsMore(5.0)),
    ("remote", &["hostile-cut", "hostile-flip"], SecondsMore(5.0)),
];

/// What is asked of a row, if anything is.
pub(super) fn at_most(table: &str, row: &str) -> Option<AtMost> {
    let asked = WANTED.iter().find(|(in_table, rows, _)| *in_table == table && rows.contains(&row));
    asked.map(|(_, _, at_most)| *at_most)
}

/// The column that Larder is to be ahead of on every row, beside the first.
pub(super) fn ahead_of(table: &str) -> Option<&'static str> {
    (table == "go").then_some("cacache")
}
