//! What the tests stand on: a real S3 server, a network with a distance and with faults, and
//! somebody who tampers with what is stored. All of it runs in the test's process, on loopback.

#![allow(unused_imports)] // Each test file uses a part of it.

pub mod liar;
pub mod proxy;
pub mod s3;

pub use liar::Liar;
pub use proxy::{Fault, Line, Nobody, Proxy};
pub use s3::S3Server;

/// Bytes that do not compress, the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| next().to_le_bytes()).collect();
    bytes.truncate(length);
    bytes
}
