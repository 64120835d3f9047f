use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
};

use tower_weir::{
    cache::Memo,
    clock::{Clock, ManualClock},
};

use super::{Broken, MINUTE, SECOND, Source, answer, memo, poll, settle};

/// Good for a minute, and for ten seconds more while it is loaded anew; holds 1.
fn stale() -> (Memo<u8, u32>, Source, ManualClock) {
    let (clock, hand) = Clock::manual();
    let memo = Memo::new(MINUTE).stale_for(10 * SECOND).clock(clock);
    memo.insert(7, 1);
    hand.advance(MINUTE);
    (memo, Source::default(), hand)
}

#[tokio::test]
async fn a_stale_value_is_given_out_while_it_is_loaded_anew_once() {
    let (memo, source, _) = stale();
    assert_eq!(memo.get(&7), None, "without a loader it is as good as gone");
    for _ in 0..1_000 {
        assert_eq!(answer(source.call(&memo, 7)), Ok(1));
    }
    assert_eq!(source.loads(), 1);
    source.end(0, Ok(2));
    settle().await;
    assert_eq!((answer(source.call(&memo, 7)), memo.get(&7)), (Ok(2), Some(2)));
    let stats = memo.stats();
    assert_eq!((stats.stale_hits, stats.loads, stats.misses), (1_000, 1, 1));
}

#[tokio::test]
async fn a_value_that_was_not_loaded_anew_in_time_is_gone() {
    let (memo, source, hand) = stale();
    hand.advance(10 * SECOND);
    let mut calls = source.calls(&memo, 7, 2);
    source.end(0, Ok(2));
    assert!(calls.iter_mut().all(|call| poll(call) == Poll::Ready(Ok(2))));
}

#[tokio::test]
async fn who_cannot_take_the_old_value_any_more_waits_for_the_load_in_the_background() {
    let (memo, source, hand) = stale();
    assert_eq!(answer(source.call(&memo, 7)), Ok(1));
    hand.advance(10 * SECOND);
    let mut calls = source.calls(&memo, 7, 1);
    source.end(0, Ok(2));
    settle().await;
    assert_eq!(poll(&mut calls[0]), Poll::Ready(Ok(2)));
    assert_eq!(source.loads(), 1);
}

#[tokio::test]
async fn if_a_value_cannot_be_loaded_anew_the_old_one_remains_and_the_next_tries_again() {
    let (memo, source, _) = stale();
    assert_eq!(answer(source.call(&memo, 7)), Ok(1));
    source.end(0, Err(Broken(1)));
    settle().await;
    assert_eq!(answer(source.call(&memo, 7)), Ok(1));
    source.fail(1);
    settle().await;
    assert_eq!(answer(source.call(&memo, 7)), Ok(1));
    source.end(2, Ok(2));
    settle().await;
    assert_eq!(memo.get(&7), Some(2));
    assert_eq!((memo.stats().loads, memo.stats().failures), (3, 2));
}

#[tokio::test]
async fn an_invalidation_forgets_stale_values_and_what_is_loaded_in_the_background() {
    let (memo, source, _) = stale();
    assert_eq!(answer(source.call(&memo, 7)), Ok(1));
    memo.invalidate(&7);
    source.end(0, Ok(2));
    settle().await;
    assert_eq!((memo.get(&7), source.calls(&memo, 7, 1).len()), (None, 1));
}

#[test]
fn without_a_runtime_whoever_finds_a_stale_value_waits_for_the_new_one() {
    let (memo, source, _) = stale();
    let mut calls = source.calls(&memo, 7, 2);
    source.end(0, Ok(2));
    assert!(calls.iter_mut().all(|call| poll(call) == Poll::Ready(Ok(2))));
    assert_eq!(source.loads(), 1);
}

#[tokio::test]
async fn a_value_in_use_is_loaded_anew_before_its_time_is_over() {
    let (clock, hand) = Clock::manual();
    let memo = Memo::new(MINUTE).early_refresh(1.0).unwrap().clock(clock);
    let source = Source::default();
    let mut calls = source.calls(&memo, 7, 1);
    hand.advance(SECOND);
    source.end(0, Ok(1));
    assert_eq!(poll(&mut calls[0]), Poll::Ready(Ok(1)));
    // One who asks 30 times as long before the end as a load takes comes early with a chance of 10⁻¹³.
    hand.advance(30 * SECOND);
    assert_eq!((answer(source.call(&memo, 7)), source.loads()), (Ok(1), 1));
    // Of those who ask just before the end nearly all would.
    hand.advance(30 * SECOND - SECOND / 1_000);
    for _ in 0..100 {
        assert_eq!(answer(source.call(&memo, 7)), Ok(1));
    }
    assert_eq!(source.loads(), 2);
    source.end(1, Ok(2));
    settle().await;
    hand.advance(SECOND);
    assert_eq!((memo.get(&7), memo.stats().misses), (Some(2), 1));
}

#[test]
fn an_early_refresh_that_cannot_be_is_an_error() {
    for beta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let memo = Memo::<u8, u8>::new(MINUTE);
        let error = memo.early_refresh(beta).unwrap_err();
        assert_eq!(error.field(), "memo early_refresh");
        assert_eq!(error.value(), beta.to_string());
    }
}

#[tokio::test]
async fn a_loader_that_panics_before_it_begins_harms_only_its_caller() {
    let (_, source, _) = memo();
    let (memo, ..) = stale();
    let mut call = Box::pin(
        memo.get_or_load(7, || -> std::future::Ready<Result<u32, Broken>> { panic!("no load") }),
    );
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut call))).is_err());
    assert_eq!((answer(source.call(&memo, 7)), source.loads()), (Ok(1), 1));
}
