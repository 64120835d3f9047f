//! Many items of one caller.

use std::sync::Arc;

use tokio::time::Instant;
use tower::Layer;
use tower_weir::batch::{Batch, BatchError, Fixed, Refusal};

use crate::{
    desk::{Desk, End, doubled, settle},
    service::{Doubling, layer},
    support::{Bell, LONG, Numbers, failure, got, is_at_rest, leave, loading_all, ms, refusal},
};

#[tokio::test(start_paused = true)]
async fn answers_come_in_the_order_of_the_items_whichever_call_ends_first() {
    let desk = Desk::new();
    let batcher: Numbers = layer().max_size(2).max_in_flight(3).linger(LONG).layer(desk.clone());
    let many = tokio::spawn(batcher.load_many(0..6));
    settle().await;
    assert_eq!(desk.open(), [0, 1, 2]);
    for call in [2, 0, 1] {
        desk.end(call, End::Doubles).await;
    }
    let answers: Vec<u64> = many.await.unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [0, 2, 4, 6, 8, 10]);
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn each_item_has_its_own_error_in_its_place() {
    let desk = Desk::new();
    let batcher: Numbers = layer()
        .max_size(2)
        .max_in_flight(3)
        .max_weight(100, |number| *number)
        .linger(LONG)
        .layer(desk.clone());
    let many = tokio::spawn(batcher.load_many([1, 200, 2, 3, 4, 5, 6]));
    settle().await;
    desk.end(0, End::Gives(vec![Ok(2), Err("no such number".into())])).await;
    desk.end(1, End::Fails("no database")).await;
    desk.end(2, End::Doubles).await;
    let mut answers = many.await.unwrap();
    assert_eq!(answers.len(), 7);
    assert_eq!((answers.pop().unwrap().unwrap(), answers.pop().unwrap().unwrap()), (12, 10));
    assert_eq!(failure(answers.pop().unwrap()).number(), 2);
    assert_eq!(failure(answers.pop().unwrap()).number(), 2);
    assert!(
        matches!(answers.pop().unwrap(), Err(BatchError::Item(why)) if why == "no such number")
    );
    assert_eq!(refusal(answers.pop().unwrap()), Refusal::TooHeavy { weight: 200, max: 100 });
    assert_eq!(answers.pop().unwrap().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn more_items_than_may_wait_are_all_answered() {
    for (size, in_flight, waiting) in [(1, 1, 1), (3, 2, 2), (3, 2, 5), (4, 2, 64), (10, 1, 3)] {
        let service = Doubling::taking(1);
        let batcher = layer()
            .max_size(size)
            .max_in_flight(in_flight)
            .max_waiting(waiting)
            .linger(Fixed::new(ms(1)))
            .layer(service.clone());
        let answers: Vec<u64> =
            batcher.load_many(0..500).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers, (0..500).map(|number| number * 2).collect::<Vec<_>>());
        assert_eq!(service.record.batches().concat(), (0..500).collect::<Vec<_>>());
        is_at_rest(&batcher.handle()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn batches_are_full_of_what_one_caller_sends() {
    let service = Doubling::taking(1);
    let batcher = layer().max_size(8).max_in_flight(2).linger(LONG).layer(service.clone());
    let begun = Instant::now();
    let many = batcher.load_many(0..800);
    drop(batcher);
    assert_eq!(many.await.len(), 800);
    assert_eq!(service.record.sizes(), [8; 100]);
    assert_eq!(begun.elapsed(), ms(50), "two at a time");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_answered_with_nothing() {
    let batcher: Numbers = layer().linger(LONG).layer(Desk::new());
    assert!(batcher.load_many([]).await.is_empty());
    assert_eq!(batcher.handle().stats().items, 0);
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_is_dropped_half_way_takes_along_what_was_not_sent() {
    let desk = Desk::new();
    let batcher: Numbers =
        layer().max_size(2).max_in_flight(1).linger(Fixed::new(ms(1))).layer(desk.clone());
    let many = tokio::spawn(batcher.load_many(0..100));
    settle().await;
    desk.end(0, End::Doubles).await;
    let other = loading_all(&batcher, [1_000]).await;
    assert_eq!(desk.open(), [1]);
    leave(many).await;
    assert_eq!(batcher.handle().stats().waiting, 1);
    tokio::time::sleep(ms(2)).await;
    desk.end_all().await;
    assert_eq!(got(other).await, [2_000]);
    assert_eq!(desk.batches(), [vec![0, 1], vec![2, 3], vec![1_000]]);
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn the_same_items_of_one_caller_share_an_answer() {
    let desk = Desk::new();
    let batcher: Numbers =
        layer().dedup_by(|number: &u64| *number).linger(Fixed::new(ms(1))).layer(desk.clone());
    let many = tokio::spawn(batcher.load_many([7, 8, 7, 7, 8]));
    tokio::time::sleep(ms(2)).await;
    assert_eq!(desk.batches(), [[7, 8]]);
    desk.end_all().await;
    let answers: Vec<u64> = many.await.unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [14, 16, 14, 14, 16]);
}

/// It does not keep a queue open that nothing more can come to, however many items it has.
#[tokio::test(start_paused = true)]
async fn the_last_of_many_items_leave_at_once_when_nobody_else_can_come() {
    // As many as a caller may have waiting, and fewer.
    for many in 1..=4 {
        let batcher: Numbers = layer()
            .max_size(2)
            .max_in_flight(1)
            .partition_by(|number: &u64| *number)
            .linger(LONG)
            .batcher(async |batch: Batch<u64, u64>| doubled(&batch.items));
        let begun = Instant::now();
        let load = batcher.load_many(0..many);
        drop(batcher);
        assert_eq!(load.await.len() as u64, many);
        assert_eq!(begun.elapsed(), ms(0), "{many}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_last_batcher_is_gone_many_are_taken_in_all_the_same() {
    let service = Doubling::taking(1);
    let batcher = layer().max_size(2).max_in_flight(1).linger(Fixed::NONE).layer(service);
    let (bell, mut many) = (Arc::new(Bell::default()), batcher.load_many(0..50));
    assert!(bell.poll(&mut many).is_pending());
    drop(batcher);
    let answers: Vec<u64> = many.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, (0..50).map(|number| number * 2).collect::<Vec<_>>());
}
