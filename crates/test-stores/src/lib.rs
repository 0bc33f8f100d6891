//! Object stores for tests, on loopback: a real S3 server and a network with a distance and with
//! faults in the test's process, somebody who tampers with what is stored, and Redis, nginx (WebDAV)
//! and a Garage cluster as processes that end with the test.
//!
//! What fails here panics: without its store a test has nothing to say.

mod garage;
mod liar;
mod nginx;
mod process;
mod proxy;
mod redis;
pub mod s3;
mod threads;

pub use garage::Garage;
pub use liar::Liar;
pub use nginx::Nginx;
pub use proxy::{Fault, Line, Nobody, Proxy};
pub use redis::Redis;
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
