//! The seats of a subscription: numbered, never numbered twice. A seat's id and licence key follow from its number, so
//! a hundred thousand of them take a few bytes in the journal.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::sim::chance::mix;

const KEY_GROUPS: u64 = 5;
const KEY_LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Seats {
    /// Taken numbers, ascending, both ends included.
    ranges: Vec<(u32, u32)>,
    /// The last number ever given.
    last: u32,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Licence {
    pub seat_id: String,
    pub key: String,
}

impl Seats {
    pub fn first(count: u32) -> Self {
        let mut seats = Self::default();
        seats.add(count);
        seats
    }

    pub fn add(&mut self, count: u32) {
        let from = self.last + 1;
        self.last += count;
        if count > 0 {
            self.ranges.push((from, self.last));
        }
    }

    /// Takes away `count` seats: the named ones that exist, then the newest.
    pub fn remove(&mut self, count: u32, named: &[u32]) {
        let named: HashSet<u32> =
            named.iter().copied().filter(|number| self.has(*number)).take(count as usize).collect();
        let newest = count as usize - named.len();
        let mut kept: Vec<u32> = self.numbers().filter(|number| !named.contains(number)).collect();
        kept.truncate(kept.len().saturating_sub(newest));
        self.ranges = ranges(&kept);
    }

    pub fn has(&self, number: u32) -> bool {
        let after = self.ranges.partition_point(|range| range.1 < number);
        self.ranges.get(after).is_some_and(|range| range.0 <= number)
    }

    pub fn licences(&self, subscription_id: &str) -> Vec<Licence> {
        let root = root(subscription_id);
        self.numbers().map(|n| Licence { seat_id: format!("seat-{root:016x}-{n}"), key: key(root, n) }).collect()
    }

    /// The number of a seat of this subscription; `None` when it has no such seat.
    pub fn number(&self, subscription_id: &str, seat_id: &str) -> Option<u32> {
        let mine = format!("seat-{:016x}-", root(subscription_id));
        let number = seat_id.strip_prefix(&mine)?.parse().ok()?;
        self.has(number).then_some(number)
    }

    fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.ranges.iter().flat_map(|(from, to)| *from..=*to)
    }
}

fn ranges(numbers: &[u32]) -> Vec<(u32, u32)> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(range) if range.1 + 1 == *number => range.1 = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    ranges
}

/// Five groups of five letters that cannot be mistaken for one another.
fn key(root: u64, number: u32) -> String {
    let group = |n: u64| {
        let bits = mix(root ^ (u64::from(number) << 8) ^ n);
        (0..5).map(move |letter| char::from(KEY_LETTERS[(bits >> (letter * 5)) as usize % KEY_LETTERS.len()]))
    };
    let mut key = String::with_capacity(29);
    for n in 0..KEY_GROUPS {
        if n > 0 {
            key.push('-');
        }
        key.extend(group(n));
    }
    key
}

fn root(subscription_id: &str) -> u64 {
    subscription_id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| mix(hash ^ u64::from(byte)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn named_seats_go_first_then_the_newest_and_numbers_are_not_reused() {
        let mut seats = Seats::first(5);
        seats.remove(3, &[2, 99]);
        assert_eq!(seats.numbers().collect::<Vec<_>>(), [1, 3]);
        seats.add(2);
        assert_eq!(seats.numbers().collect::<Vec<_>>(), [1, 3, 6, 7]);
        assert!(seats.has(6) && !seats.has(5));
    }

    #[test]
    fn keys_differ_and_stay() {
        let mut seats = Seats::first(100_000);
        let before = seats.licences("sub-1");
        let keys: HashSet<&str> = before.iter().map(|licence| licence.key.as_str()).collect();
        assert_eq!(keys.len(), before.len());
        assert!(keys.iter().all(|key| key.split('-').count() == 5 && key.len() == 29));
        assert_ne!(seats.licences("sub-2")[0], before[0]);
        let third = seats.number("sub-1", &before[2].seat_id).unwrap();
        seats.remove(1, &[third]);
        let after = seats.licences("sub-1");
        assert_eq!((&after[..2], &after[2..]), (&before[..2], &before[3..]));
        assert_eq!(seats.number("sub-1", &before[2].seat_id), None);
    }
}
