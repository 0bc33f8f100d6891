//! Whatever an object is said to be is read or refused, and its body ends where it should.

#![no_main]

use larder_fuzz::claims;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| claims::object(bytes));
