//! Runtimes that are missing, that end, that have no timers, and several at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    thread,
};

use tokio::runtime::{Builder, Runtime};
use tower::Layer;
use tower_weir::batch::{BatchLayer, Cause, Fixed, Refusal};

use crate::{
    desk::{Desk, doubled, settle},
    support::{Bell, LONG, Numbers, failure, loading, loading_all, polled, refusal},
};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Numbers that wait until they are flushed.
fn patient() -> Numbers {
    BatchLayer::new().linger(LONG).batcher(async |numbers: Vec<u64>| doubled(&numbers))
}

#[test]
fn outside_of_a_runtime_nothing_can_be_sent() {
    let batcher = patient();
    for _ in 0..3 {
        let refused = futures_executor::block_on(batcher.load(1));
        assert_eq!(refusal(refused), Refusal::NoRuntime);
    }
    let many = futures_executor::block_on(batcher.load_many([1, 2, 3]));
    assert!(many.into_iter().all(|one| refusal(one) == Refusal::NoRuntime));
    let stats = batcher.handle().stats();
    assert_eq!((stats.waiting, stats.items, stats.abandoned, stats.refused), (0, 0, 0, 6));
    // Where there is one it is as ever.
    let answer = runtime().block_on(async {
        let load = loading(&batcher, 7).await;
        batcher.handle().flush();
        load.await.unwrap().unwrap()
    });
    assert_eq!(answer, 14);
}

#[test]
fn an_answer_may_be_waited_for_outside_of_the_runtime() {
    let (batcher, runtime) = (patient(), runtime());
    let bell = Arc::new(Bell::default());
    let mut load = batcher.load(7);
    runtime.block_on(async { assert!(bell.poll(&mut load).is_pending()) });
    assert!(bell.poll(&mut load).is_pending());
    batcher.handle().flush();
    runtime.block_on(settle());
    assert!(matches!(bell.poll(&mut load), Poll::Ready(Ok(14))));
}

#[test]
fn a_runner_that_its_runtime_never_polled_is_replaced() {
    let batcher = patient();
    for number in 0..3 {
        let load = runtime().block_on(async { polled(&batcher, number) });
        drop(load);
    }
    let answer = runtime().block_on(async {
        let load = loading(&batcher, 7).await;
        batcher.handle().flush();
        settle().await;
        assert!(load.is_finished(), "somebody looks");
        load.await.unwrap().unwrap()
    });
    assert_eq!(answer, 14);
}

#[test]
fn what_waits_in_a_runtime_is_adopted_when_another_ends() {
    for is_polled in [false, true] {
        let (batcher, first, second) = (patient(), runtime(), runtime());
        let lost = first.block_on(async {
            let lost = polled(&batcher, 1);
            if is_polled {
                settle().await;
            }
            lost
        });
        let stays = second.block_on(loading(&batcher, 2));
        drop(first);
        let answer = second.block_on(async {
            settle().await;
            batcher.handle().flush();
            settle().await;
            assert!(stays.is_finished(), "somebody looks");
            stays.await.unwrap()
        });
        assert_eq!(answer.unwrap(), 4);
        // Its runtime is gone, and its answer is there.
        assert_eq!(futures_executor::block_on(lost).unwrap(), 2);
    }
}

#[test]
fn the_last_batcher_may_go_with_a_runtime_that_ends() {
    let (batcher, first, second) = (patient(), runtime(), runtime());
    first.block_on(async {
        let load = batcher.load(1);
        drop(tokio::spawn(load));
        settle().await;
    });
    let stays = second.block_on(loading(&batcher, 2));
    first.spawn(async move {
        std::future::pending::<()>().await;
        drop(batcher);
    });
    drop(first);
    second.block_on(async {
        settle().await;
        assert!(stays.is_finished(), "nothing more can come, so nothing is waited for");
        assert_eq!(stays.await.unwrap().unwrap(), 4);
    });
}

#[test]
fn a_runtime_that_ends_aborts_its_calls_and_no_others() {
    let desk = Desk::new();
    let batcher: Numbers =
        BatchLayer::new().max_size(2).max_in_flight(1).linger(LONG).layer(desk.clone());
    let (first, second) = (runtime(), runtime());
    let mut lost = first.block_on(loading_all(&batcher, [1]));
    let same_batch = second.block_on(loading(&batcher, 2));
    first.block_on(settle());
    assert_eq!(desk.batches(), [[1, 2]], "the call is made in the first");
    let waits = second.block_on(loading_all(&batcher, [3, 4]));
    drop(first);
    second.block_on(async {
        let failure = failure(same_batch.await.unwrap());
        assert!(matches!(failure.cause(), Cause::Aborted), "{failure:?}");
        assert_eq!((failure.number(), failure.items()), (1, 2));
        settle().await;
        desk.end_all().await;
        for (number, load) in (3..).zip(waits) {
            assert_eq!(load.await.unwrap().unwrap(), number * 2);
        }
        assert!(lost.pop().unwrap().await.unwrap_err().is_cancelled());
    });
    let stats = batcher.handle().stats();
    assert_eq!((stats.waiting, stats.in_flight, stats.failed_batches), (0, 0, 1));
}

#[test]
fn a_batch_that_would_wait_in_a_runtime_without_timers_fails() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let batcher = patient();
    for number in 1..=3 {
        let failure = failure(runtime.block_on(batcher.load(number)));
        assert!(failure.to_string().contains("enable_time"), "{failure}");
        assert_eq!(failure.number(), number);
    }
    // One that need not wait does not fail, nor does any in a runtime with timers.
    let full: Numbers = BatchLayer::new()
        .max_size(1)
        .linger(LONG)
        .batcher(async |numbers: Vec<u64>| doubled(&numbers));
    assert_eq!(runtime.block_on(full.load(7)).unwrap(), 14);
    let hasty: Numbers =
        BatchLayer::new().linger(Fixed::NONE).batcher(async |numbers: Vec<u64>| doubled(&numbers));
    assert_eq!(runtime.block_on(hasty.load(7)).unwrap(), 14);
    let answer = self::runtime().block_on(async {
        let load = loading(&batcher, 7).await;
        batcher.handle().flush();
        load.await.unwrap().unwrap()
    });
    assert_eq!(answer, 14);
}

#[test]
fn whoever_waits_outside_of_any_runtime_is_told_when_the_last_is_gone() {
    let (batcher, runtime) = (patient(), runtime());
    let load = runtime.block_on(async { polled(&batcher, 1) });
    drop(runtime);
    assert_eq!(refusal(futures_executor::block_on(load)), Refusal::NoRuntime);
    let stats = batcher.handle().stats();
    assert_eq!((stats.waiting, stats.in_flight), (0, 0));
}

#[test]
fn a_runtime_that_ends_while_a_thread_panics_takes_nothing_from_others() {
    let (batcher, first, second) = (patient(), runtime(), runtime());
    first.block_on(async {
        drop(tokio::spawn(batcher.load(1)));
        settle().await;
    });
    let stays = second.block_on(loading(&batcher, 2));
    let panicked = thread::spawn(move || {
        let _first = first;
        panic!("the runtime is dropped meanwhile");
    });
    assert!(panicked.join().is_err());
    second.block_on(async {
        settle().await;
        batcher.handle().flush();
        assert_eq!(stays.await.unwrap().unwrap(), 4);
    });
}

#[test]
fn batchers_that_threads_with_runtimes_of_their_own_share_answer_each() {
    let batcher: Numbers = BatchLayer::new()
        .max_size(4)
        .max_waiting(10_000)
        .linger(Fixed::NONE)
        .batcher(async |numbers: Vec<u64>| doubled(&numbers));
    let aborted = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for thread in 0..4 {
            let (batcher, aborted) = (batcher.clone(), Arc::clone(&aborted));
            scope.spawn(move || {
                for round in 0..100 {
                    let number = thread * 1_000 + round;
                    // The runtime may end in the midst of a call for others.
                    match runtime().block_on(batcher.load(number)) {
                        Ok(answer) => assert_eq!(answer, number * 2),
                        other => {
                            let failure = failure(other);
                            assert!(matches!(failure.cause(), Cause::Aborted), "{failure}");
                            aborted.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    let stats = batcher.handle().stats();
    assert_eq!((stats.items, stats.waiting, stats.in_flight), (400, 0, 0));
    assert!(aborted.load(Ordering::Relaxed) <= 400);
}
