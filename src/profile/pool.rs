//! Boxes for what is known of requests, used again and again.

use std::cell::RefCell;

use super::state::State;

/// How many are kept for each thread: about as many requests may end before as many begin.
const KEPT: usize = 64;

/// It is the boxes that are kept.
type Free = RefCell<Vec<Box<State>>>;

thread_local! {
    static FREE: Free = const { RefCell::new(Vec::new()) };
}

/// One that knows nothing.
#[inline]
pub(super) fn take() -> Box<State> {
    let free = FREE.try_with(|free| free.borrow_mut().pop());
    free.ok().flatten().unwrap_or_default()
}

/// Takes back one that has forgotten what it knew.
#[inline]
pub(super) fn give_back(state: Box<State>) {
    let _ = FREE.try_with(|free| {
        let mut free = free.borrow_mut();
        if free.len() < KEPT {
            free.push(state);
        }
    });
}
