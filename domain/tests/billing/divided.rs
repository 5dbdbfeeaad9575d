//! Long lists are divided among events: by number, by size, in their order, and without an empty part.

use domain::billing::lines::{EVENT_ENTRIES, in_events};
use proptest::prelude::*;

/// What one event takes, with room for what else it says.
const PART_BYTES: usize = 200 * 1024;

fn lengths(parts: &[Vec<String>]) -> Vec<usize> {
    parts.iter().map(Vec::len).collect()
}

#[test]
fn short_entries_are_divided_by_number() {
    for (count, expected) in [(0, vec![]), (1, vec![1]), (200, vec![200]), (201, vec![200, 1]), (1_000, vec![200; 5])] {
        assert_eq!(lengths(&in_events(&vec!["x".to_owned(); count])), expected);
    }
}

#[test]
fn long_ones_by_size_and_no_entry_is_cut() {
    let entries = vec!["x".repeat(50 * 1024); 7];
    assert_eq!(lengths(&in_events(&entries)), [3, 3, 1]);
    let larger_than_any_part = vec!["x".repeat(500 * 1024); 2];
    assert_eq!(lengths(&in_events(&larger_than_any_part)), [1, 1], "then each is alone");
}

#[test]
fn what_is_written_longer_than_it_is_counts_as_it_is_written() {
    let escaped = vec!["\u{1}".repeat(10 * 1024); 9];
    assert_eq!(lengths(&in_events(&escaped)), [2, 2, 2, 2, 1], "six bytes each");
}

proptest! {
    // Each case writes some hundred kilobytes.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parts_in_their_order_are_the_whole(lengths in prop::collection::vec(0usize..30_000, 0..30)) {
        let entries: Vec<String> = lengths.into_iter().map(|length| "x".repeat(length)).collect();
        let parts = in_events(&entries);
        prop_assert_eq!(parts.concat(), entries);
        for part in &parts {
            prop_assert!(!part.is_empty() && part.len() <= EVENT_ENTRIES);
            prop_assert!(serde_json::to_string(part).unwrap().len() <= PART_BYTES);
        }
        // No part could have taken what the next begins with and still be as short as the rest.
        for pair in parts.windows(2) {
            let fits = pair[0].len() < EVENT_ENTRIES && pair[0].iter().map(String::len).sum::<usize>() + 30_000 < 150 * 1024;
            prop_assert!(!fits);
        }
    }
}
