//! Panics of whatever is the user's: each reaches those that it belongs to, and nobody else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{task::JoinHandle, time::Instant};
use tower::Layer;
use tower_weir::{
    batch::{Batch, BatchLayer, Cause, Duplicates, Fixed, Forming, Linger, Partition},
    clock::Timestamp,
};

use crate::{
    desk::{Desk, doubled, settle},
    fragile::{Fragile, Key, Place, Trap},
    service::layer,
    support::{Got, Numbers, failure, got, is_at_rest, loading, loading_all, ms, refusal},
};

/// Two that come before anybody looks.
async fn two(batcher: &Numbers, numbers: [u64; 2]) -> Vec<JoinHandle<Got>> {
    let loads = numbers.map(|number| tokio::spawn(batcher.load(number)));
    settle().await;
    loads.into()
}

#[tokio::test(start_paused = true)]
async fn a_service_may_panic_anywhere_and_only_that_batch_fails() {
    for place in Place::OF_SERVICES {
        let service = Fragile::default();
        let trap = service.trap.clone();
        let batcher: Numbers =
            layer().max_size(2).max_in_flight(1).linger(Fixed::new(ms(10))).layer(service);
        assert_eq!(got(two(&batcher, [1, 2]).await).await, [2, 4], "{place:?}");
        is_at_rest(&batcher.handle()).await;
        trap.set(place, 0);
        for load in two(&batcher, [3, 4]).await {
            let failure = failure(load.await.unwrap());
            assert_eq!((failure.number(), failure.items()), (2, 2), "{place:?}");
            let Cause::Panic(Some(why)) = failure.cause() else { panic!("{place:?}: {failure:?}") };
            assert_eq!(*why, format!("{place:?}"));
        }
        is_at_rest(&batcher.handle()).await;
        assert_eq!(got(two(&batcher, [5, 6]).await).await, [10, 12], "{place:?}");
        let stats = batcher.handle().stats();
        assert_eq!((stats.batches, stats.failed_batches), (3, 1), "{place:?}");
        is_at_rest(&batcher.handle()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_panics_among_many_calls_fails_one_batch() {
    for place in Place::OF_SERVICES {
        for passing in 0..5 {
            let service = Fragile::default();
            service.trap.set(place, passing);
            let batcher: Numbers =
                layer().max_size(2).max_in_flight(2).linger(Fixed::NONE).layer(service);
            let mut failed = 0;
            for (number, load) in (0..20).zip(batcher.load_many(0..20).await) {
                match load {
                    Ok(answer) => assert_eq!(answer, number * 2),
                    other => {
                        let failure = failure(other);
                        assert!(matches!(failure.cause(), Cause::Panic(_)), "{failure:?}");
                        failed += 1;
                    }
                }
            }
            assert!(failed <= 2, "{place:?} after {passing}: {failed} failed");
            is_at_rest(&batcher.handle()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_that_is_no_text_is_a_panic_all_the_same() {
    let batcher: Numbers = layer().linger(Fixed::NONE).batcher(async |numbers: Vec<u64>| {
        if numbers == [1] {
            std::panic::panic_any(7_u8);
        }
        doubled(&numbers)
    });
    let failure = failure(batcher.load(1).await);
    assert!(matches!(failure.cause(), Cause::Panic(None)), "{failure:?}");
    assert_eq!(failure.to_string(), "batch 1 of `batch`, of 1 items, failed: the service panicked");
    assert_eq!(batcher.load(2).await.unwrap(), 4);
}

/// Three items come, 1, 13 and 2, and a closure panics for the second.
async fn only_the_caller_sees_it<P, D>(
    layer: BatchLayer<u64, P, D>,
    items: fn(P::Batch) -> Vec<u64>,
) where
    P: Partition<u64>,
    D: Duplicates<Result<u64, String>>,
{
    let batcher: Numbers = layer.linger(Fixed::new(ms(10))).batcher(move |batch: P::Batch| {
        let items = items(batch);
        async move { doubled(&items) }
    });
    let first = loading(&batcher, 1).await;
    let second = loading(&batcher, 13).await;
    let third = loading(&batcher, 2).await;
    assert!(second.await.unwrap_err().is_panic());
    assert_eq!(batcher.handle().stats().waiting, 2);
    assert_eq!(got(vec![first, third]).await, [2, 4]);
    assert_eq!(batcher.handle().stats().items, 2, "it was never taken in");
    is_at_rest(&batcher.handle()).await;
}

/// What is asked of each item.
fn of(number: &u64) -> u64 {
    assert_ne!(*number, 13, "it brings bad luck");
    1
}

#[tokio::test(start_paused = true)]
async fn a_closure_that_panics_reaches_only_the_caller() {
    only_the_caller_sees_it(layer().max_weight(9, of), |batch| batch).await;
    only_the_caller_sees_it(layer().partition_by(of), |batch: Batch<u64, u64>| batch.items).await;
    let same = |number: &u64| (of(number), *number);
    only_the_caller_sees_it(layer().dedup_by(same), |batch| batch).await;
    let deadline = |number: &u64, now: Timestamp| Some(now.saturating_add(ms(of(number))));
    only_the_caller_sees_it(layer().deadline_by(deadline), |batch| batch).await;
}

/// Panics when it is asked for the third time.
#[derive(Clone)]
struct Impatient(Arc<AtomicUsize>, Asked);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Asked {
    Until,
    Arrived,
    Ended,
    Takes,
}

impl Impatient {
    fn asked(&self, asked: Asked) {
        if asked == self.1 {
            assert_ne!(self.0.fetch_add(1, Ordering::SeqCst), 2, "{asked:?}");
        }
    }
}

impl Linger for Impatient {
    fn until(&mut self, forming: &Forming, _: Timestamp) -> Timestamp {
        self.asked(Asked::Until);
        forming.since.saturating_add(ms(3_600_000))
    }

    fn arrived(&mut self, _: Timestamp) {
        self.asked(Asked::Arrived);
    }

    fn ended(&mut self, _: usize, _: Duration) {
        self.asked(Asked::Ended);
    }

    fn takes(&self, _: usize) -> Option<Duration> {
        self.asked(Asked::Takes);
        None
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_linger_that_panics_nothing_is_lost_and_nothing_waits_any_more() {
    for asked in [Asked::Until, Asked::Arrived, Asked::Ended, Asked::Takes] {
        let desk = Desk::new();
        let linger = Impatient(Arc::default(), asked);
        let batcher: Numbers = layer()
            .max_size(2)
            .max_in_flight(1)
            .max_waiting(4)
            .linger(linger.clone())
            .layer(desk.clone());
        for round in 0..4 {
            let loads = loading_all(&batcher, 1..=8).await;
            desk.end_all().await;
            let mut refused = 0;
            for (number, load) in (1..).zip(loads) {
                match load.await.unwrap() {
                    Ok(answer) => assert_eq!(answer, number * 2, "{asked:?} {round}"),
                    full => {
                        refusal(full);
                        refused += 1;
                    }
                }
            }
            assert!(matches!(refused, 2 | 3), "{asked:?} {round}: {refused} were refused");
        }
        assert_eq!(linger.0.load(Ordering::SeqCst), 3, "{asked:?}: it is not asked again");
        let begun = Instant::now();
        let load = loading(&batcher, 1).await;
        desk.end_all().await;
        assert_eq!(got(vec![load]).await, [2]);
        assert_eq!(begun.elapsed(), Duration::ZERO, "{asked:?}");
        is_at_rest(&batcher.handle()).await;
    }
}

/// Wherever a key panics: that reaches whoever comes, or the batch that it is of. All others get their answers.
#[tokio::test(start_paused = true)]
async fn keys_that_panic_harm_only_whoever_comes_or_the_batch_they_are_of() {
    for place in [Place::Clone, Place::Eq, Place::Hash, Place::Drop] {
        for passing in 0..24 {
            let harmed = harmed_by_a_key(place, passing).await;
            assert!(harmed <= 2, "{place:?} after {passing}: {harmed} of 9");
        }
    }
}

/// How many of nine items have no answer.
async fn harmed_by_a_key(place: Place, passing: usize) -> usize {
    let trap = Trap::default();
    let of_keys = trap.clone();
    let batcher: Numbers = layer()
        .max_size(2)
        .max_in_flight(1)
        .partition_by(move |number: &u64| Key { key: number % 2, trap: of_keys.clone() })
        .linger(Fixed::new(ms(10)))
        .batcher(async |batch: Batch<Key, u64>| {
            assert!(batch.items.iter().all(|item| item % 2 == batch.key.key), "partitions mix");
            tokio::time::sleep(ms(5)).await;
            doubled(&batch.items)
        });
    trap.set(place, passing);
    let mut harmed = 0;
    for (number, load) in (0..).zip(loading_all(&batcher, 0..9).await) {
        let load = tokio::time::timeout(Duration::from_secs(7_200), load).await;
        let load =
            load.unwrap_or_else(|_| panic!("{place:?} after {passing}: {number} has no answer"));
        match load {
            Ok(Ok(answer)) => assert_eq!(answer, number * 2),
            Ok(other) => {
                let failure = failure(other);
                assert!(
                    matches!(failure.cause(), Cause::Panic(_)),
                    "{place:?} after {passing}: {failure:?}"
                );
                harmed += 1;
            }
            Err(ended) => {
                assert!(ended.is_panic());
                harmed += 1;
            }
        }
    }
    is_at_rest(&batcher.handle()).await;
    trap.disarm();
    for number in [100, 101] {
        assert_eq!(batcher.load(number).await.unwrap(), number * 2, "{place:?} after {passing}");
    }
    is_at_rest(&batcher.handle()).await;
    harmed
}
