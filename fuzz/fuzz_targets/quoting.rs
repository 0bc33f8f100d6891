//! Whatever a helper's command is, it is split as Go splits it; and whatever is hashed, its trace is
//! a literal out of which Go reads the same bytes.

#![no_main]

use larder_fuzz::claims;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    claims::command(&String::from_utf8_lossy(bytes));
    claims::literal(bytes);
});
