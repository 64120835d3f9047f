use std::task::Poll;

use super::{Broken, answer, memo, poll, settle};

#[tokio::test]
async fn an_error_is_for_all_who_waited_and_for_nobody_after_them() {
    let (memo, source, _) = memo();
    let calls = source.calls(&memo, 7, 10_000);
    source.end(0, Err(Broken(1)));
    for call in calls {
        assert_eq!(call.await, Err(Broken(1)));
    }
    assert_eq!((source.loads(), memo.get(&7)), (1, None));
    let mut next = source.calls(&memo, 7, 1);
    source.end(1, Ok(42));
    assert_eq!(poll(&mut next[0]), Poll::Ready(Ok(42)));
    let stats = memo.stats();
    assert_eq!((stats.loads, stats.failures, stats.shared), (2, 1, 9_999));
}

#[tokio::test]
async fn an_error_is_told_though_its_caller_is_gone() {
    let (memo, source, _) = memo();
    let mut calls = source.calls(&memo, 7, 2);
    drop(calls.remove(0));
    source.end(0, Err(Broken(1)));
    settle().await;
    assert_eq!(answer(calls.remove(0)), Err(Broken(1)));
    assert_eq!(source.loads(), 1);
}

#[tokio::test]
async fn whoever_does_not_know_the_type_of_an_error_loads() {
    let (memo, source, _) = memo();
    let mut calls = source.calls(&memo, 7, 2);
    let mut other = Box::pin(memo.get_or_load(7, || async { Err::<u32, &str>("another error") }));
    assert!(poll(&mut other).is_pending());
    source.end(0, Err(Broken(1)));
    assert_eq!(poll(&mut calls[0]), Poll::Ready(Err(Broken(1))));
    assert_eq!(poll(&mut other), Poll::Ready(Err("another error")));
    assert_eq!(poll(&mut calls[1]), Poll::Ready(Err(Broken(1))));
}

#[tokio::test]
async fn a_value_is_for_all_whatever_their_errors() {
    let (memo, source, _) = memo();
    drop(source.calls(&memo, 7, 1));
    let mut other = Box::pin(memo.get_or_load(7, || async { Err::<u32, &str>("another error") }));
    assert!(poll(&mut other).is_pending());
    source.end(0, Ok(42));
    assert_eq!(other.await, Ok(42));
}
