//! Chance that comes out the same every time: numbers that follow from a seed.

/// Spreads a number over all 64 bits (the finaliser of SplitMix64).
pub fn mix(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A number from 0 to 1 that depends on the seed and on how many came before.
pub fn dice(seed: u64, n: u64) -> f64 {
    (mix(mix(seed) ^ n) >> 11) as f64 / (1u64 << 53) as f64
}
