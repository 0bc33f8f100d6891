//! Whatever a pack is said to be is read as far as it is one.

#![no_main]

use larder_fuzz::claims;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| claims::pack(bytes));
