use std::time::Duration;

use tower::{Layer, ServiceExt};
use tower_weir::{
    batch::{BatchError, Fixed, Refusal},
    clock::{Clock, Timestamp},
};

use crate::service::{Doubling, layer};

/// The time that tests pause, and what it is now.
fn timer() -> (Clock, Timestamp) {
    let clock = Clock::runtime();
    let now = clock.now();
    (clock, now)
}

#[tokio::test(start_paused = true)]
async fn items_that_come_together_leave_together() {
    let service = Doubling::taking(10);
    let batcher = layer().layer(service.clone());
    let answers = batcher.load_many(0..10).await;
    let answers: Vec<u64> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, (0..10).map(|n| n * 2).collect::<Vec<_>>());
    assert_eq!(service.record.sizes(), [10]);
}

#[tokio::test(start_paused = true)]
async fn a_fixed_linger_is_waited_for() {
    let service = Doubling::taking(0);
    let batcher = layer().linger(Fixed::new(Duration::from_millis(20))).layer(service.clone());
    let (clock, begun) = timer();
    assert_eq!(batcher.clone().oneshot(7).await.unwrap(), 14);
    assert_eq!(clock.now().saturating_since(begun), Duration::from_millis(20));
    let full =
        layer().max_size(2).linger(Fixed::new(Duration::from_millis(20))).layer(service.clone());
    let (clock, begun) = timer();
    let (one, two) = tokio::join!(full.load(1), full.load(2));
    assert_eq!((one.unwrap(), two.unwrap()), (2, 4));
    assert_eq!(clock.now().saturating_since(begun), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn no_more_wait_than_may() {
    let service = Doubling::taking(10);
    let batcher = layer().max_size(1).max_in_flight(1).max_waiting(2).layer(service.clone());
    let first = tokio::spawn(batcher.load(0));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let (one, two, three) = tokio::join!(batcher.load(1), batcher.load(2), batcher.load(3));
    assert!(matches!(three, Err(BatchError::Refused(Refusal::Full { .. }))), "{three:?}");
    assert_eq!((one.unwrap(), two.unwrap(), first.await.unwrap().unwrap()), (2, 4, 0));
}

/// As with a clock that a test moves, or one that runs a little slower than the timers.
#[tokio::test(start_paused = true)]
async fn a_clock_that_stands_still_holds_nothing_up() {
    let (still, _hand) = Clock::manual();
    let linger = Fixed::new(Duration::from_millis(20));
    let batcher = layer().clock(still).linger(linger).layer(Doubling::taking(0));
    let (clock, begun) = timer();
    assert_eq!(batcher.load(7).await.unwrap(), 14);
    assert_eq!(clock.now().saturating_since(begun), Duration::from_millis(20));
}
