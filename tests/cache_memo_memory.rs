//! What a `cache::Memo` really takes of memory. One test in a process of its own: what the cache frees, other threads may do.

#[path = "support/allocator.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod allocator;

use std::time::Duration;

use tower_weir::cache::Memo;

use allocator::growth;

const MOST: u64 = 4 << 20;

#[test]
fn under_a_storm_of_writes_no_more_is_taken_than_a_tenth_above_the_bound() {
    for size in [0, 100, 1_000, 50_000] {
        let memo =
            Memo::new(Duration::from_secs(60)).max_bytes(MOST, |_, value: &Vec<u8>| value.len());
        let mut taken = 0;
        // Four times as much as there may be, looked at now and then.
        let writes = 4 * MOST as u32 / (size as u32 + 300) / 10;
        for round in 0..10 {
            taken += growth(|| {
                (0..writes).for_each(|n| memo.insert(round * writes + n, vec![0; size]));
            });
            let share = taken as f64 / MOST as f64;
            assert!(share < 1.1, "values of {size} bytes take {share:.2} of what they may");
        }
        let share = taken as f64 / MOST as f64;
        assert!(share > 0.8, "values of {size} bytes take {share:.2} of what they may");
    }
}
