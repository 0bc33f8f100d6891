//! Whatever a journal holds is read, and what it leaves to do is written and read back.

#![no_main]

use larder_fuzz::claims;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| claims::journal(bytes));
