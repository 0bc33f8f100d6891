//! What is put, under which keys, in which order: the same in every round and in every program.

use sha2::{Digest, Sha256};

/// An action ID.
pub type Key = [u8; 32];

/// The action ID of entry `i`: the SHA-256 of `i` as 8 little-endian bytes.
pub fn key(i: u64) -> Key {
    Sha256::digest(i.to_le_bytes()).into()
}

/// `n` pseudo-random bytes that differ for every `i`.
pub fn body(i: u64, n: usize) -> Vec<u8> {
    let mut state = i;
    let mut bytes = Vec::with_capacity(n + 8);
    while bytes.len() < n {
        bytes.extend(random(&mut state).to_le_bytes());
    }
    bytes.truncate(n);
    bytes
}

/// The numbers below `n` in a random order.
pub fn permutation(n: usize) -> Vec<usize> {
    let mut state = 1;
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, (random(&mut state) % (i as u64 + 1)) as usize);
    }
    order
}

/// The next number of the SplitMix64 sequence.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
