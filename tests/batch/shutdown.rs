//! The end: what waits is sent, and everybody gets an answer.

use std::{sync::Arc, time::Duration};

use tower::{Layer, ServiceExt};
use tower_weir::batch::{Batch, BatchError, Fixed, Refusal};

use crate::{
    desk::{Desk, End, doubled, settle},
    service::{Doubling, layer},
    support::{
        Bell, LONG, Numbers, Watch, got, is_at_rest, leave, loading, loading_all, ms, polled,
        refusal,
    },
};

/// Numbers that wait for an hour.
fn patient(desk: &Desk) -> Numbers {
    layer().max_size(10).max_in_flight(1).linger(LONG).layer(desk.clone())
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_sent_once_the_last_batcher_is_dropped() {
    let desk = Desk::new();
    let batcher = patient(&desk);
    let handle = batcher.handle();
    let begun = Watch::start();
    let loads = loading_all(&batcher, 1..=3).await;
    let clone = batcher.clone();
    drop(batcher);
    settle().await;
    assert!(desk.batches().is_empty(), "there is a clone");
    drop(clone);
    settle().await;
    assert_eq!(desk.batches(), [[1, 2, 3]], "the handle does not keep it open");
    desk.end_all().await;
    assert_eq!(got(loads).await, [2, 4, 6]);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    is_at_rest(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn more_than_one_batch_is_sent_at_the_end_no_more_at_a_time_than_may() {
    let desk = Desk::new();
    let batcher: Numbers = layer().max_size(2).max_in_flight(1).linger(LONG).layer(desk.clone());
    let begun = Watch::start();
    let loads = loading_all(&batcher, 1..=5).await;
    drop(batcher);
    settle().await;
    desk.end_all().await;
    assert_eq!(got(loads).await, [2, 4, 6, 8, 10]);
    assert_eq!(desk.batches(), [vec![1, 2], vec![3, 4], vec![5]]);
    assert_eq!(desk.under_way(), (0, 1));
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn every_partition_is_sent_at_the_end() {
    let batcher: Numbers = layer()
        .partition_by(|number: &u64| *number)
        .linger(LONG)
        .batcher(async |batch: Batch<u64, u64>| doubled(&batch.items));
    let begun = Watch::start();
    let loads = loading_all(&batcher, 1..=9).await;
    drop(batcher);
    assert_eq!(got(loads).await, (1..=9).map(|number| number * 2).collect::<Vec<_>>());
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_last_batcher_may_be_used_up_by_a_call() {
    let begun = Watch::start();
    let batcher = layer().linger(LONG).layer(Doubling::taking(0));
    assert_eq!(batcher.oneshot(7).await.unwrap(), 14);
    let batcher = layer().linger(LONG).layer(Doubling::taking(0));
    let load = batcher.load(8);
    drop(batcher);
    assert_eq!(load.await.unwrap(), 16, "a future that was not polled yet keeps it open");
    let batcher = layer().linger(LONG).layer(Doubling::taking(0));
    let many = batcher.load_many([1, 2]);
    drop(batcher);
    assert_eq!(many.await.into_iter().map(Result::unwrap).collect::<Vec<u64>>(), [2, 4]);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_never_polled_keeps_it_open_only_while_it_is_there() {
    let desk = Desk::new();
    let batcher = patient(&desk);
    let waits = loading(&batcher, 1).await;
    let never = batcher.load(2);
    drop(batcher);
    settle().await;
    assert!(desk.batches().is_empty());
    drop(never);
    settle().await;
    assert_eq!(desk.batches(), [[1]]);
    desk.end_all().await;
    assert_eq!(waits.await.unwrap().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_once_all_has_been_answered_and_not_before() {
    let desk = Desk::new();
    let batcher = patient(&desk);
    let under_way = loading_all(&batcher, 1..=10).await;
    let waiting = loading_all(&batcher, 11..=13).await;
    let (handle, bell) = (batcher.handle(), Arc::new(Bell::default()));
    let mut drain = handle.drain();
    assert!(bell.poll(&mut drain).is_pending());
    assert_eq!(refusal(batcher.load(14).await), Refusal::Closed);
    assert_eq!(refusal(batcher.load_many([15]).await.remove(0)), Refusal::Closed);
    desk.end(0, End::Doubles).await;
    assert_eq!(desk.batches()[1], [11, 12, 13], "at once");
    assert_eq!(bell.rung(), 0);
    assert!(bell.poll(&mut drain).is_pending());
    desk.end(1, End::Doubles).await;
    assert_eq!(bell.rung(), 1);
    assert!(bell.poll(&mut drain).is_ready());
    for load in under_way.into_iter().chain(waiting) {
        assert!(load.is_finished());
        load.await.unwrap().unwrap();
    }
    assert_eq!(refusal(batcher.load(16).await), Refusal::Closed);
    handle.drain().await;
    is_at_rest(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_also_if_what_waits_leaves_or_fails() {
    let desk = Desk::new();
    desk.is_busy();
    let batcher = patient(&desk);
    let load = loading(&batcher, 1).await;
    let drains = [(); 3].map(|()| tokio::spawn(batcher.handle().drain()));
    settle().await;
    assert!(drains.iter().all(|drain| !drain.is_finished()));
    leave(load).await;
    for drain in drains {
        drain.await.unwrap();
    }
    let desk = Desk::new();
    let batcher = patient(&desk);
    let load = loading(&batcher, 1).await;
    let drain = tokio::spawn(batcher.handle().drain());
    settle().await;
    desk.end(0, End::Panics("at the very end")).await;
    drain.await.unwrap();
    assert!(matches!(load.await.unwrap(), Err(BatchError::Failed(_))));
}

#[tokio::test(start_paused = true)]
async fn nothing_to_drain_is_drained_at_once() {
    let batcher: Numbers = patient(&Desk::new());
    let bell = Arc::new(Bell::default());
    assert!(bell.poll(&mut batcher.handle().drain()).is_ready());
    assert_eq!(refusal(batcher.load(1).await), Refusal::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_flush_sends_what_waits_and_nothing_is_closed() {
    let desk = Desk::new();
    let batcher = patient(&desk);
    let handle = batcher.handle();
    handle.flush();
    settle().await;
    assert!(desk.batches().is_empty());
    let begun = Watch::start();
    let mut loads = loading_all(&batcher, [1, 2]).await;
    handle.flush();
    settle().await;
    assert_eq!(desk.batches(), [[1, 2]]);
    loads.extend(loading_all(&batcher, [3]).await);
    handle.flush();
    settle().await;
    assert_eq!(desk.open(), [0], "no more calls at a time than may be");
    desk.end_all().await;
    assert_eq!(got(loads).await, [2, 4, 6]);
    let last = loading(&batcher, 4).await;
    tokio::time::sleep(ms(60_000)).await;
    assert_eq!(desk.batches().len(), 2, "what comes later waits as ever");
    handle.flush();
    settle().await;
    desk.end_all().await;
    assert_eq!(last.await.unwrap().unwrap(), 8);
    assert_eq!(begun.elapsed(), ms(60_000));
    is_at_rest(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_linger_of_forever_is_no_overflow() {
    let desk = Desk::new();
    let batcher: Numbers = layer().linger(Fixed::new(Duration::MAX)).layer(desk.clone());
    let load = loading(&batcher, 1).await;
    assert!(desk.batches().is_empty());
    drop(batcher);
    settle().await;
    desk.end_all().await;
    assert_eq!(load.await.unwrap().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_service_is_let_go_once_nothing_can_be_asked_of_it() {
    let held = Arc::new(());
    let in_service = Arc::clone(&held);
    let batcher: Numbers = layer().linger(LONG).batcher(move |numbers: Vec<u64>| {
        let held = Arc::clone(&in_service);
        async move {
            drop(held);
            doubled(&numbers)
        }
    });
    let answered = polled(&batcher, 1);
    drop(batcher);
    assert_eq!(answered.await.unwrap(), 2);
    settle().await;
    assert_eq!(Arc::strong_count(&held), 1);
}

/// A partition that is never empty is not flushed for ever.
#[tokio::test(start_paused = true)]
async fn what_comes_after_a_flush_waits_as_ever_though_the_flushed_wait_still() {
    let desk = Desk::new();
    let batcher: Numbers = layer().max_size(2).max_in_flight(1).linger(LONG).layer(desk.clone());
    let mut loads = loading_all(&batcher, [1, 2]).await;
    tokio::time::sleep(ms(1)).await;
    loads.extend(loading_all(&batcher, [3, 4, 5]).await);
    batcher.handle().flush();
    tokio::time::sleep(ms(1)).await;
    loads.extend(loading_all(&batcher, [6, 7]).await);
    desk.end(0, End::Doubles).await;
    desk.end(1, End::Doubles).await;
    desk.end(2, End::Doubles).await;
    tokio::time::sleep(ms(1_000)).await;
    assert_eq!(desk.batches(), [vec![1, 2], vec![3, 4], vec![5, 6]], "7 came later");
    batcher.handle().flush();
    settle().await;
    desk.end_all().await;
    assert_eq!(got(loads).await, [2, 4, 6, 8, 10, 12, 14]);
}
