//! Threads that come, wait and leave while the limit changes.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use futures_executor::block_on;
use tower_weir::concurrency::{Fixed, Limiter, Queue};

const MOST: usize = 4;
const ROUNDS: usize = 5_000;

#[test]
fn threads_are_never_too_many_and_all_come_through() {
    let limiter = Limiter::new(Fixed::new(MOST)).queue(Queue::new(Duration::MAX).capacity(100));
    let inside = AtomicUsize::new(0);
    let visit = || {
        assert!(inside.fetch_add(1, Ordering::SeqCst) < MOST, "too many are in");
        // Or hardly anyone would ever find it full.
        thread::yield_now();
        inside.fetch_sub(1, Ordering::SeqCst);
    };
    thread::scope(|scope| {
        for n in 0..8 {
            let (limiter, visit) = (limiter.clone(), &visit);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let permit = if (round + n) % 3 == 0 {
                        limiter.try_acquire().ok()
                    } else {
                        Some(block_on(limiter.acquire()).expect("there is room to wait"))
                    };
                    if permit.is_some() {
                        visit();
                    }
                }
            });
        }
        let limiter = limiter.clone();
        scope.spawn(move || {
            for round in 0..ROUNDS {
                limiter.set_limit(1 + round % MOST).unwrap();
            }
            limiter.set_limit(1).unwrap();
        });
    });
    assert_eq!((limiter.in_flight(), limiter.waiting()), (0, 0));
}
