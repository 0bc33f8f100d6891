//! Whatever a list is said to be is read or refused.

#![no_main]

use larder_fuzz::claims;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| claims::list(bytes));
