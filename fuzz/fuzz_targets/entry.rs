//! Whatever an entry's file holds is read as its format says, or refused.

#![no_main]

use larder_fuzz::claims;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| claims::entry(bytes));
