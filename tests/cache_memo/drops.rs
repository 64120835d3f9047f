use std::{
    future::ready,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
};

use futures_executor::block_on;
use tokio::task::yield_now;
use tower_weir::cache::Memo;

use super::{MINUTE, Source, memo, poll, settle};

#[tokio::test]
async fn wherever_its_caller_goes_a_load_goes_on() {
    const AWAITS: usize = 5;
    for polls in 1..=AWAITS {
        let memo = Memo::<u8, u8>::new(MINUTE);
        let loads = Arc::new(AtomicUsize::new(0));
        let call = || {
            let (memo, loads) = (memo.clone(), Arc::clone(&loads));
            Box::pin(async move {
                let load = || async move {
                    loads.fetch_add(1, Ordering::SeqCst);
                    for _ in 0..AWAITS {
                        yield_now().await;
                    }
                    42
                };
                memo.get_or_insert_with(7, load).await
            })
        };
        let mut leader = call();
        for _ in 0..polls {
            assert!(poll(&mut leader).is_pending());
        }
        let waiters: Vec<_> = (0..100).map(|_| tokio::spawn(call())).collect();
        settle().await;
        drop(leader);
        for waiter in waiters {
            assert_eq!(waiter.await.unwrap(), 42);
        }
        assert_eq!((loads.load(Ordering::SeqCst), memo.get(&7)), (1, Some(42)));
    }
}

#[tokio::test]
async fn a_load_that_all_have_left_is_kept() {
    let (memo, source, _) = memo();
    drop(source.calls(&memo, 7, 100));
    source.end(0, Ok(42));
    settle().await;
    assert_eq!((memo.get(&7), source.loads()), (Some(42), 1));
}

#[tokio::test]
async fn a_call_that_was_never_polled_begins_nothing() {
    let (memo, source, _) = memo();
    drop(source.call(&memo, 7));
    settle().await;
    assert_eq!((source.loads(), memo.stats().misses), (0, 0));
}

#[test]
fn without_a_runtime_one_who_waits_loads_in_the_place_of_who_left() {
    let (memo, source, _) = memo();
    let mut calls = source.calls(&memo, 7, 3);
    drop(calls.remove(0));
    assert!(calls.iter_mut().all(|call| poll(call).is_pending()));
    assert_eq!(source.loads(), 2);
    source.end(1, Ok(42));
    for call in calls {
        assert_eq!(block_on(call), Ok(42));
    }
    assert_eq!(memo.stats().failures, 1);
}

#[tokio::test]
async fn a_load_that_panics_is_its_callers_and_another_loads() {
    let (memo, source, _) = memo();
    let mut calls = source.calls(&memo, 7, 3);
    source.fail(0);
    let mut first = calls.remove(0);
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut first))).is_err());
    assert!(calls.iter_mut().all(|call| poll(call).is_pending()));
    assert_eq!(source.loads(), 2);
    source.end(1, Ok(42));
    for call in &mut calls {
        assert_eq!(poll(call), Poll::Ready(Ok(42)));
    }
    assert_eq!((memo.stats().loads, memo.stats().failures), (2, 1));
}

#[tokio::test]
async fn a_load_that_panics_in_the_background_is_loaded_by_another() {
    let (memo, source, _) = memo();
    let mut calls = source.calls(&memo, 7, 2);
    drop(calls.remove(0));
    source.fail(0);
    settle().await;
    assert!(poll(&mut calls[0]).is_pending());
    source.end(1, Ok(42));
    assert_eq!(poll(&mut calls[0]), Poll::Ready(Ok(42)));
}

/// Panics when it is first called.
fn fickle() -> impl Fn() + Send + Sync + 'static {
    let called = AtomicBool::new(false);
    move || assert!(called.swap(true, Ordering::SeqCst), "the first is refused")
}

#[tokio::test]
async fn whatever_panics_the_key_can_be_loaded_again() {
    let memo = Memo::<u8, u8>::new(MINUTE);
    let (ttl, weigh) = (fickle(), fickle());
    let memos = [
        memo.clone(),
        memo.clone().ttl_by(move |_, _| {
            ttl();
            MINUTE
        }),
        memo.max_bytes(1 << 20, move |_, _| {
            weigh();
            0
        }),
    ];
    for (memo, loader_panics) in memos.into_iter().zip([true, false, false]) {
        let load = || {
            assert!(!loader_panics, "no load");
            ready(42)
        };
        let mut call = Box::pin(memo.get_or_insert_with(7, load));
        assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut call))).is_err());
        assert_eq!(memo.get_or_insert_with(7, || async { 43 }).await, 43);
    }
}

#[test]
fn a_runtime_that_ends_takes_its_loads_along() {
    let (memo, source, _) = memo();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { drop(source.calls(&memo, 7, 1)) });
    drop(runtime);
    let other = Source::default();
    let mut calls = other.calls(&memo, 7, 1);
    other.end(0, Ok(42));
    assert_eq!(poll(&mut calls[0]), Poll::Ready(Ok(42)));
}
