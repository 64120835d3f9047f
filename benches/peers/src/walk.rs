use std::iter;

use fastrand::Rng;

const SEED: u64 = 0x7765_6972;

/// How long an order is at least: too long for a branch predictor to learn it.
const LONG: usize = 1 << 16;

/// So many random numbers, the same in each run.
pub fn keys(count: usize) -> Vec<u64> {
    let mut random = Rng::with_seed(SEED);
    iter::repeat_with(|| random.u64(..)).take(count).collect()
}

/// An endless walk over the items, each once before any comes again, without a pattern.
pub fn walk<T: Copy>(items: &[T]) -> impl Iterator<Item = T> + use<T> {
    let mut random = Rng::with_seed(SEED);
    let mut order = Vec::new();
    while order.len() < LONG {
        let start = order.len();
        order.extend_from_slice(items);
        random.shuffle(&mut order[start..]);
    }
    let mut at = 0;
    iter::repeat_with(move || {
        let item = order[at];
        at = if at + 1 == order.len() { 0 } else { at + 1 };
        item
    })
}
