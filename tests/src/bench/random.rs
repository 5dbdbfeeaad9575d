//! Numbers and names that cost nothing beside what is measured.

use uuid::Uuid;

use crate::world;

/// SplitMix64, seeded by the operating system.
#[derive(Debug)]
pub struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        let seed = world::random_bytes(8).into_iter().fold(0, |seed, byte| seed << 8 | u64::from(byte));
        Self(seed)
    }
}

impl Random {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `limit`, which must not be 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.number() % limit).unwrap_or_default()
    }

    /// One in five.
    pub fn fifth(&mut self) -> bool {
        self.below(5) == 0
    }

    /// A text of `length` characters that no other call gives; at least 16.
    pub fn name(&mut self, length: usize) -> String {
        let mut name = format!("{:016x}", self.number());
        name.push_str(&"n".repeat(length.saturating_sub(name.len())));
        name
    }
}

/// A new id, as the wiring of the product makes them.
#[expect(clippy::disallowed_methods, reason = "a load generator stands where the wiring does")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
