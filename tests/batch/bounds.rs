//! No more than may be: items in a batch, calls, items that wait, weight, partitions.

use tower::Layer;
use tower_weir::batch::{Batch, Fixed, Refusal};

use crate::{
    desk::{Desk, End, doubled, settle},
    service::layer,
    support::{LONG, Numbers, got, is_at_rest, leave, loading, loading_all, ms, refusal},
};

#[tokio::test(start_paused = true)]
async fn no_batch_is_larger_than_it_may_be_and_no_more_calls_are_made_at_a_time() {
    for (size, in_flight) in [(1, 1), (1, 3), (3, 1), (3, 2), (7, 4)] {
        let desk = Desk::new();
        let batcher: Numbers = layer()
            .max_size(size)
            .max_in_flight(in_flight)
            .max_waiting(100)
            .linger(Fixed::NONE)
            .layer(desk.clone());
        let loads: Vec<_> = (0..50).map(|number| tokio::spawn(batcher.load(number))).collect();
        settle().await;
        let full = in_flight.min(50_usize.div_ceil(size));
        assert_eq!(desk.under_way(), (full, full), "as many as may be");
        assert_eq!(batcher.handle().stats().in_flight, full);
        desk.end_all().await;
        assert_eq!(got(loads).await, (0..50).map(|number| number * 2).collect::<Vec<_>>());
        assert_eq!(desk.under_way(), (0, full));
        let batches = desk.batches();
        assert!(batches.iter().all(|batch| batch.len() <= size));
        assert_eq!(
            batches.concat(),
            (0..50).collect::<Vec<_>>(),
            "in the order in which they came"
        );
        is_at_rest(&batcher.handle()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_no_call_may_be_made_leaves_together() {
    let desk = Desk::new();
    let batcher: Numbers =
        layer().max_size(10).max_in_flight(1).linger(Fixed::NONE).layer(desk.clone());
    let first = loading(&batcher, 0).await;
    let rest = loading_all(&batcher, 1..=4).await;
    desk.end(0, End::Doubles).await;
    assert_eq!(desk.batches(), [vec![0], vec![1, 2, 3, 4]]);
    desk.end_all().await;
    assert_eq!(first.await.unwrap().unwrap(), 0);
    assert_eq!(got(rest).await, [2, 4, 6, 8]);
}

#[tokio::test(start_paused = true)]
async fn those_that_wait_for_the_same_count_each() {
    let desk = Desk::new();
    let batcher: Numbers =
        layer().dedup_by(|number: &u64| *number).max_waiting(3).linger(LONG).layer(desk.clone());
    let mut loads = loading_all(&batcher, [7, 7, 7]).await;
    for number in [7, 8] {
        assert!(matches!(refusal(batcher.load(number).await), Refusal::Full { .. }));
    }
    leave(loads.remove(1)).await;
    loads.push(loading(&batcher, 8).await);
    assert!(matches!(refusal(batcher.load(8).await), Refusal::Full { .. }));
    batcher.handle().flush();
    settle().await;
    assert_eq!(desk.batches(), [[7, 8]]);
    // What was sent waits no more.
    loads.extend(loading_all(&batcher, [7, 7, 7]).await);
    assert!(matches!(refusal(batcher.load(7).await), Refusal::Full { .. }));
    batcher.handle().flush();
    settle().await;
    desk.end_all().await;
    assert_eq!(got(loads).await, [14, 14, 16, 14, 14, 14]);
    let stats = batcher.handle().stats();
    assert_eq!((stats.items, stats.duplicates, stats.refused), (7, 4, 4));
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_for_duplicates_is_no_larger_for_them() {
    let desk = Desk::new();
    let batcher: Numbers =
        layer().dedup_by(|number: &u64| *number).max_size(2).linger(LONG).layer(desk.clone());
    let mut loads = loading_all(&batcher, [7, 7, 7]).await;
    assert!(desk.batches().is_empty(), "one item is not two");
    loads.extend(loading_all(&batcher, [8]).await);
    assert_eq!(desk.batches(), [[7, 8]]);
    desk.end_all().await;
    assert_eq!(got(loads).await, [14, 14, 14, 16]);
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_is_told_when_what_waits_will_be_done() {
    let desk = Desk::new();
    let batcher: Numbers =
        layer().max_size(2).max_in_flight(1).max_waiting(4).linger(Fixed::NONE).layer(desk.clone());
    for _ in 0..50 {
        let loads = [1, 2].map(|number| tokio::spawn(batcher.load(number)));
        tokio::time::sleep(ms(100)).await;
        desk.end_all().await;
        got(loads.into()).await;
    }
    let loads: Vec<_> = (0..4).map(|number| tokio::spawn(batcher.load(number))).collect();
    settle().await;
    let loads: Vec<_> = loads.into_iter().chain(loading_all(&batcher, 4..6).await).collect();
    let Refusal::Full { retry_after } = refusal(batcher.load(9).await) else { panic!() };
    assert_eq!(retry_after.as_millis(), 300, "one call under way, and two to come");
    desk.end_all().await;
    got(loads).await;
}

/// Numbers that weigh what they are.
fn weighing(desk: &Desk, max: u64) -> Numbers {
    layer()
        .max_weight(max, |number| *number)
        .max_in_flight(9)
        .linger(Fixed::new(ms(10)))
        .layer(desk.clone())
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_exactly_the_weight_leaves_at_once() {
    let desk = Desk::new();
    let batcher = weighing(&desk, 10);
    let loads = loading_all(&batcher, [3, 6]).await;
    assert!(desk.batches().is_empty());
    let last = loading(&batcher, 1).await;
    assert_eq!(desk.batches(), [[3, 6, 1]]);
    desk.end_all().await;
    assert_eq!(got(loads).await, [6, 12]);
    assert_eq!(last.await.unwrap().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_would_be_too_much_leaves_with_the_next() {
    let desk = Desk::new();
    let batcher = weighing(&desk, 10);
    let loads = loading_all(&batcher, [3, 6, 2]).await;
    assert_eq!(desk.batches(), [[3, 6]]);
    tokio::time::sleep(ms(11)).await;
    assert_eq!(desk.batches()[1..], [[2]], "after a linger of its own");
    desk.end_all().await;
    assert_eq!(got(loads).await, [6, 12, 4]);
}

#[tokio::test(start_paused = true)]
async fn an_item_of_the_whole_weight_goes_alone_and_a_heavier_one_is_refused() {
    let desk = Desk::new();
    let batcher = weighing(&desk, 10);
    assert_eq!(refusal(batcher.load(11).await), Refusal::TooHeavy { weight: 11, max: 10 });
    let whole = loading(&batcher, 10).await;
    assert_eq!(desk.batches(), [[10]]);
    desk.end_all().await;
    assert_eq!(whole.await.unwrap().unwrap(), 20);
    assert_eq!(batcher.handle().stats().refused, 1);
}

#[tokio::test(start_paused = true)]
async fn items_that_weigh_nothing_leave_with_a_batch_that_is_full_of_weight() {
    let desk = Desk::new();
    desk.is_busy();
    let batcher = weighing(&desk, 10);
    let loads = loading_all(&batcher, [10, 0, 0, 1]).await;
    desk.is_ready();
    settle().await;
    assert_eq!(desk.batches()[0], [10, 0, 0]);
    tokio::time::sleep(ms(11)).await;
    desk.end_all().await;
    assert_eq!(got(loads).await, [20, 0, 0, 2]);
}

#[tokio::test(start_paused = true)]
async fn weights_do_not_overflow() {
    for max in [u64::MAX, u64::MAX - 1, 1 << 63] {
        let batcher: Numbers = layer()
            .max_weight(max, move |_: &u64| max)
            .max_in_flight(1)
            .linger(Fixed::new(ms(10)))
            .batcher(async |numbers: Vec<u64>| {
                assert_eq!(numbers.len(), 1, "each is a whole batch");
                doubled(&numbers)
            });
        let mut loads = loading_all(&batcher, 0..5).await;
        loads.extend((5..9).map(|number| tokio::spawn(batcher.load(number))));
        assert_eq!(got(loads).await, (0..9).map(|number| number * 2).collect::<Vec<_>>());
        is_at_rest(&batcher.handle()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_partitions_have_waiting_items_than_may() {
    let batcher: Numbers = layer()
        .partition_by(|number: &u64| number % 10)
        .max_partitions(2)
        .linger(LONG)
        .batcher(async |batch: Batch<u64, u64>| doubled(&batch.items));
    let mut loads = loading_all(&batcher, [1, 2, 11]).await;
    assert!(matches!(refusal(batcher.load(3).await), Refusal::Full { .. }));
    loads.push(loading(&batcher, 12).await);
    let first = loads.remove(0);
    leave(first).await;
    assert!(matches!(refusal(batcher.load(3).await), Refusal::Full { .. }), "11 is there still");
    let eleven = loads.remove(1);
    leave(eleven).await;
    loads.push(loading(&batcher, 3).await);
    batcher.handle().flush();
    assert_eq!(got(loads).await, [4, 24, 6]);
    for number in 0..10 {
        let load = loading(&batcher, number).await;
        batcher.handle().flush();
        assert_eq!(load.await.unwrap().unwrap(), number * 2, "what was sent leaves room");
    }
    is_at_rest(&batcher.handle()).await;
}

#[test]
fn bounds_of_nothing_are_no_bounds() {
    let layer = || tower_weir::batch::BatchLayer::<u64>::new();
    assert!(layer().try_max_size(0).is_err());
    assert!(layer().try_max_in_flight(0).is_err());
    assert!(layer().try_max_waiting(0).is_err());
    assert!(layer().try_max_partitions(0).is_err());
    let largest = layer().max_size(usize::MAX).max_in_flight(usize::MAX).max_partitions(usize::MAX);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let batcher: Numbers =
        largest.linger(Fixed::NONE).batcher(async |numbers: Vec<u64>| doubled(&numbers));
    assert_eq!(runtime.block_on(batcher.load_many([1, 2])).len(), 2);
}
