//! Whoever leaves takes nothing from the others, wherever it was.

use std::{slice, sync::Arc};

use tokio::runtime::Handle;
use tower::Layer;
use tower_weir::batch::{BatchStats, Fixed};

use crate::{
    desk::{Desk, End, doubled, settle},
    service::layer,
    support::{LONG, Numbers, got, is_at_rest, leave, loading, loading_all, ms, polled},
};

/// Batches of up to three, one at a time, which leave after 10 ms.
fn batcher(desk: &Desk) -> Numbers {
    layer().max_size(3).max_in_flight(1).linger(Fixed::new(ms(10))).layer(desk.clone())
}

/// The counts that do not depend on what happens now.
fn counts(stats: BatchStats) -> (u64, u64, u64) {
    (stats.items, stats.abandoned, stats.batches)
}

#[tokio::test(start_paused = true)]
async fn what_is_never_polled_was_never_there() {
    let desk = Desk::new();
    let batcher = batcher(&desk);
    drop(batcher.load(1));
    drop(batcher.load_many([2, 3]));
    assert_eq!(batcher.handle().stats(), BatchStats::default());
    is_at_rest(&batcher.handle()).await;
    assert!(desk.batches().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_that_leaves_while_its_batch_lingers_is_not_sent() {
    for leaver in 0..3_usize {
        let desk = Desk::new();
        let batcher: Numbers = layer().max_size(9).linger(Fixed::new(ms(10))).layer(desk.clone());
        let mut loads = loading_all(&batcher, 0..3).await;
        leave(loads.remove(leaver)).await;
        assert_eq!(batcher.handle().stats().waiting, 2);
        tokio::time::sleep(ms(11)).await;
        let rest: Vec<u64> = (0..3).filter(|number| *number != leaver as u64).collect();
        assert_eq!(desk.batches(), slice::from_ref(&rest), "without the one that left");
        desk.end_all().await;
        assert_eq!(got(loads).await, rest.iter().map(|number| number * 2).collect::<Vec<_>>());
        assert_eq!(counts(batcher.handle().stats()), (3, 1, 1));
        is_at_rest(&batcher.handle()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_call_is_made_for_an_only_item_that_left() {
    let desk = Desk::new();
    let batcher = batcher(&desk);
    leave(loading(&batcher, 1).await).await;
    tokio::time::sleep(ms(100)).await;
    assert!(desk.batches().is_empty());
    assert_eq!(counts(batcher.handle().stats()), (1, 1, 0));
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_leaves_a_full_batch_makes_it_wait_for_another() {
    let desk = Desk::new();
    let batcher = batcher(&desk);
    let first = loading_all(&batcher, 0..3).await;
    let mut full = loading_all(&batcher, 3..6).await;
    leave(full.remove(1)).await;
    desk.end(0, End::Doubles).await;
    assert_eq!(desk.batches().len(), 1, "it is not full any more");
    full.push(loading(&batcher, 6).await);
    assert_eq!(desk.batches()[1], [3, 5, 6]);
    desk.end_all().await;
    assert_eq!(got(first).await, [0, 2, 4]);
    assert_eq!(got(full).await, [6, 10, 12]);
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_leaves_while_the_service_is_not_ready_is_not_sent() {
    for leaver in 0..3_usize {
        let desk = Desk::new();
        desk.is_busy();
        let batcher = batcher(&desk);
        let mut loads = loading_all(&batcher, 0..3).await;
        leave(loads.remove(leaver)).await;
        assert!(desk.batches().is_empty());
        desk.is_ready();
        tokio::time::sleep(ms(11)).await;
        let rest: Vec<u64> = (0..3).filter(|number| *number != leaver as u64).collect();
        assert_eq!(desk.batches(), slice::from_ref(&rest));
        desk.end_all().await;
        assert_eq!(got(loads).await, rest.iter().map(|number| number * 2).collect::<Vec<_>>());
        is_at_rest(&batcher.handle()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn all_that_leave_while_the_service_is_not_ready_are_not_sent() {
    let desk = Desk::new();
    desk.is_busy();
    let batcher = batcher(&desk);
    for load in loading_all(&batcher, 0..3).await {
        leave(load).await;
    }
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0, "nobody waits for it to be ready");
    desk.is_ready();
    tokio::time::sleep(ms(100)).await;
    assert!(desk.batches().is_empty());
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_leaves_while_the_call_runs_disturbs_nobody() {
    for leaver in 0..3_usize {
        let desk = Desk::new();
        let batcher = batcher(&desk);
        let mut loads = loading_all(&batcher, 0..3).await;
        leave(loads.remove(leaver)).await;
        assert_eq!(desk.open(), [0], "the call goes on");
        desk.end_all().await;
        let rest: Vec<u64> = (0..3).filter(|number| *number != leaver as u64).collect();
        assert_eq!(got(loads).await, rest.iter().map(|number| number * 2).collect::<Vec<_>>());
        assert_eq!(counts(batcher.handle().stats()), (3, 0, 1), "it was sent");
        is_at_rest(&batcher.handle()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_everyone_left_ends_all_the_same_and_makes_room() {
    let desk = Desk::new();
    let batcher = batcher(&desk);
    for load in loading_all(&batcher, 0..3).await {
        leave(load).await;
    }
    assert_eq!(batcher.handle().stats().in_flight, 1);
    let next = loading_all(&batcher, 3..6).await;
    assert_eq!(desk.open(), [0], "one at a time");
    desk.end_all().await;
    assert_eq!(got(next).await, [6, 8, 10]);
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_fetches_disturbs_nobody() {
    let desk = Desk::new();
    let batcher = batcher(&desk);
    let (one, two) = (polled(&batcher, 1), polled(&batcher, 2));
    let three = loading(&batcher, 3).await;
    desk.end_all().await;
    assert_eq!(three.await.unwrap().unwrap(), 6);
    drop(one);
    assert_eq!(two.await.unwrap(), 4);
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn one_of_those_that_wait_for_the_same_leaves_alone() {
    for leaver in 0..3_usize {
        let desk = Desk::new();
        let batcher: Numbers =
            layer().dedup_by(|number: &u64| *number).linger(Fixed::new(ms(10))).layer(desk.clone());
        let mut loads = loading_all(&batcher, [7, 7, 7]).await;
        let other = loading(&batcher, 8).await;
        leave(loads.remove(leaver)).await;
        assert_eq!(batcher.handle().stats().waiting, 3);
        tokio::time::sleep(ms(11)).await;
        assert_eq!(desk.batches(), [[7, 8]]);
        leave(loads.remove(0)).await;
        desk.end_all().await;
        assert_eq!(got(loads).await, [14]);
        assert_eq!(other.await.unwrap().unwrap(), 16);
        let stats = batcher.handle().stats();
        assert_eq!((stats.items, stats.duplicates, stats.abandoned), (4, 2, 1));
        is_at_rest(&batcher.handle()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_goes_when_the_last_of_those_that_wait_for_it_has_left() {
    let desk = Desk::new();
    let batcher: Numbers =
        layer().dedup_by(|number: &u64| *number).linger(Fixed::new(ms(10))).layer(desk.clone());
    let other = loading(&batcher, 8).await;
    for load in loading_all(&batcher, [7, 7]).await {
        leave(load).await;
    }
    let again = loading(&batcher, 9).await;
    tokio::time::sleep(ms(11)).await;
    assert_eq!(desk.batches(), [[8, 9]]);
    let later = loading(&batcher, 7).await;
    tokio::time::sleep(ms(11)).await;
    assert_eq!(desk.batches()[1], [7], "it is not taken for the one that left");
    desk.end_all().await;
    assert_eq!(got(vec![other, again, later]).await, [16, 18, 14]);
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_of_those_that_wait_for_the_same_keeps_its_place_for_the_others() {
    let desk = Desk::new();
    let batcher: Numbers =
        layer().dedup_by(|number: &u64| *number).linger(Fixed::new(ms(10))).layer(desk.clone());
    let first = loading(&batcher, 7).await;
    let other = loading(&batcher, 8).await;
    let second = loading(&batcher, 7).await;
    leave(first).await;
    tokio::time::sleep(ms(11)).await;
    assert_eq!(desk.batches(), [[7, 8]]);
    desk.end_all().await;
    assert_eq!(got(vec![second, other]).await, [14, 16]);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_batch_counts_from_the_first_that_stayed() {
    let desk = Desk::new();
    let batcher = batcher(&desk);
    let first = loading(&batcher, 1).await;
    tokio::time::sleep(ms(6)).await;
    let second = loading(&batcher, 2).await;
    leave(first).await;
    tokio::time::sleep(ms(8)).await;
    assert!(
        desk.batches().is_empty(),
        "14 ms after the one that left, 8 ms after the one that stayed"
    );
    tokio::time::sleep(ms(3)).await;
    assert_eq!(desk.batches(), [[2]]);
    desk.end_all().await;
    assert_eq!(got(vec![second]).await, [4]);
}

#[tokio::test(start_paused = true)]
async fn a_batcher_that_is_dropped_with_nobody_left_lets_go_of_its_service() {
    let held = Arc::new(());
    let in_service = Arc::clone(&held);
    let batcher: Numbers = layer().linger(LONG).batcher(move |numbers: Vec<u64>| {
        let _held = &in_service;
        async move { doubled(&numbers) }
    });
    leave(loading(&batcher, 1).await).await;
    drop(batcher);
    settle().await;
    assert_eq!(Arc::strong_count(&held), 1, "nothing waits any more");
}
