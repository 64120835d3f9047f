//! A batch that fails does so alone, and says which it was and why.

use std::error::Error;

use tower::Layer;
use tower_weir::batch::{BatchError, BatchFailure, Cause, Fixed};

use crate::{
    desk::{Desk, End},
    service::layer,
    support::{Numbers, failure, got, is_at_rest, loading_all, ms},
};

/// Full batches of two, one at a time.
fn batcher(desk: &Desk) -> Numbers {
    layer()
        .named("pairs")
        .max_size(2)
        .max_in_flight(1)
        .linger(Fixed::new(ms(10)))
        .layer(desk.clone())
}

/// A batch that ends so between two that do as they should, and how it failed.
async fn ended_so(end: End) -> BatchFailure {
    let desk = Desk::new();
    let batcher = batcher(&desk);
    let before = loading_all(&batcher, [1, 2]).await;
    let mut of = loading_all(&batcher, [3, 4]).await;
    let after = loading_all(&batcher, [5, 6]).await;
    desk.end(0, End::Doubles).await;
    desk.end(1, end).await;
    desk.end_all().await;
    assert_eq!(got(before).await, [2, 4]);
    assert_eq!(got(after).await, [10, 12]);
    let (second, first) = (of.pop().unwrap(), of.pop().unwrap());
    let (second, first) = (failure(second.await.unwrap()), failure(first.await.unwrap()));
    assert_eq!((second.number(), second.items()), (2, 2));
    assert_eq!(second.to_string(), first.to_string());
    let stats = batcher.handle().stats();
    assert_eq!((stats.items, stats.batches, stats.failed_batches), (6, 3, 1));
    is_at_rest(&batcher.handle()).await;
    first
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_does_so_for_its_items_alone() {
    let failure = ended_so(End::Fails("no database")).await;
    let Cause::Error(error) = failure.cause() else { panic!("{failure:?}") };
    assert_eq!(error.to_string(), "no database");
    assert_eq!(failure.to_string(), "batch 2 of `pairs`, of 2 items, failed: no database");
    assert!(failure.source().is_none(), "it says itself what the error says");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panics_does_so_for_its_items_alone() {
    let failure = ended_so(End::Panics("out of bounds")).await;
    assert!(matches!(failure.cause(), Cause::Panic(Some(why)) if why == "out of bounds"));
    assert_eq!(
        failure.to_string(),
        "batch 2 of `pairs`, of 2 items, failed: the service panicked: out of bounds"
    );
}

#[tokio::test(start_paused = true)]
async fn answers_in_a_wrong_number_are_for_nobody() {
    for answers in [0, 1, 3, 9] {
        let failure = ended_so(End::Gives((0..answers).map(Ok).collect())).await;
        assert!(
            matches!(failure.cause(), Cause::WrongCount(count) if *count as u64 == answers),
            "{failure:?}"
        );
        let expected =
            format!("batch 2 of `pairs`, of 2 items, failed: the service gave {answers} answers");
        assert_eq!(failure.to_string(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_right_number_is_that_of_items_and_not_of_those_who_wait() {
    for (answers, is_right) in [(1, false), (2, true), (3, false)] {
        let desk = Desk::new();
        let batcher: Numbers =
            layer().dedup_by(|number: &u64| *number).linger(Fixed::NONE).layer(desk.clone());
        desk.is_busy();
        let loads = loading_all(&batcher, [7, 7, 8]).await;
        desk.is_ready();
        crate::desk::settle().await;
        desk.end(0, End::Gives((0..answers).map(Ok).collect())).await;
        for (load, answer) in loads.into_iter().zip([0, 0, 1]) {
            match load.await.unwrap() {
                Ok(number) => assert!(is_right && number == answer),
                other => {
                    let failure = failure(other);
                    assert!(!is_right && failure.items() == 2, "{failure:?}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_may_fail_alone() {
    let desk = Desk::new();
    let batcher = batcher(&desk);
    let mut loads = loading_all(&batcher, [1, 2]).await;
    desk.end(0, End::Gives(vec![Err("no such user".into()), Ok(4)])).await;
    assert_eq!(loads.pop().unwrap().await.unwrap().unwrap(), 4);
    let error = loads.pop().unwrap().await.unwrap().unwrap_err();
    assert!(matches!(&error, BatchError::Item(error) if error == "no such user"));
    assert_eq!(error.to_string(), "no such user");
    assert_eq!(batcher.handle().stats().failed_batches, 0);
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn an_item_that_fails_does_so_for_all_that_are_the_same() {
    let desk = Desk::new();
    let batcher: Numbers =
        layer().dedup_by(|number: &u64| *number).linger(Fixed::new(ms(10))).layer(desk.clone());
    let loads = loading_all(&batcher, [7, 8, 7]).await;
    tokio::time::sleep(ms(11)).await;
    desk.end(0, End::Gives(vec![Err("no such user".into()), Ok(16)])).await;
    let mut texts = Vec::new();
    for load in loads {
        texts.push(match load.await.unwrap() {
            Ok(number) => number.to_string(),
            Err(error) => error.to_string(),
        });
    }
    assert_eq!(texts, ["no such user", "16", "no such user"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_become_ready_fails_what_waits_one_batch_after_the_other() {
    let desk = Desk::new();
    let batcher = batcher(&desk);
    desk.is_busy();
    let loads = loading_all(&batcher, 1..=5).await;
    desk.is_broken(2);
    crate::desk::settle().await;
    assert_eq!(desk.batches(), Vec::<Vec<u64>>::new(), "it was not ready");
    tokio::time::sleep(ms(11)).await;
    desk.end_all().await;
    let mut failed = Vec::new();
    for (number, load) in (1..).zip(loads) {
        match load.await.unwrap() {
            Ok(answer) => assert_eq!((number, answer), (5, 10)),
            other => failed.push((number, failure(other))),
        }
    }
    let whose: Vec<_> = failed.iter().map(|(item, failure)| (*item, failure.number())).collect();
    assert_eq!(whose, [(1, 1), (2, 1), (3, 2), (4, 2)]);
    for (_, failure) in failed {
        assert!(matches!(failure.cause(), Cause::Error(error) if error.to_string() == "not ready"));
    }
    assert_eq!(desk.batches(), [[5]]);
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_broken_while_nothing_waits_fails_nobody() {
    let desk = Desk::new();
    let batcher = batcher(&desk);
    let loads = loading_all(&batcher, [1, 2]).await;
    desk.is_broken(1);
    desk.end_all().await;
    assert_eq!(got(loads).await, [2, 4]);
    let loads = loading_all(&batcher, [3, 4]).await;
    desk.end_all().await;
    assert_eq!(got(loads).await, [6, 8]);
    assert_eq!(batcher.handle().stats().failed_batches, 0);
    is_at_rest(&batcher.handle()).await;
}
