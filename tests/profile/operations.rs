//! Named operations.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Waker},
};

use tower::service_fn;
use tower_weir::profile::{OperationSnapshot, operation};

use super::*;

fn only_operation(profile: &Profile) -> OperationSnapshot {
    let [operation] = <[_; 1]>::try_from(profile.snapshot().operations).unwrap();
    operation
}

/// Successes, failures and cancellations.
fn counts(profile: &Profile) -> [u64; 3] {
    let operation = only_operation(profile);
    assert_eq!(operation.in_flight, 0);
    let stats = operation.stats(Window::Lifetime);
    assert_eq!(stats.count, stats.successes + stats.failures + stats.cancelled);
    [stats.successes, stats.failures, stats.cancelled]
}

#[test]
fn a_timer_measures_until_it_is_dropped() {
    let (profile, hand) = profile();
    let timer = profile.operation("render").start();
    hand.advance(millis(20));
    assert_eq!(only_operation(&profile).in_flight, 1);
    drop(timer);
    assert_eq!(counts(&profile), [1, 0, 0]);
    let mean = only_operation(&profile).stats(Window::Minute).latency.as_ref().unwrap().mean;
    assert_eq!(mean, millis(20));
    profile.operation("render").start().fail();
    profile.operation("render").start().end(&Ok::<_, ()>(()));
    profile.operation("render").start().end(&Err::<(), _>(()));
    catch_unwind(AssertUnwindSafe(|| {
        let _timer = profile.operation("render").start();
        panic!("while it renders");
    }))
    .unwrap_err();
    assert_eq!(counts(&profile), [2, 3, 0]);
}

#[test]
fn a_future_is_measured_from_its_first_poll_to_its_end() {
    let (profile, hand) = profile();
    let query = || profile.operation("query");
    let work = query().record(async {
        hand.advance(millis(5));
        7
    });
    hand.advance(Duration::from_secs(9));
    assert!(profile.snapshot().operations[0].stats(Window::Lifetime).latency.is_none());
    assert_eq!(futures_executor::block_on(work), 7);
    let mean = only_operation(&profile).stats(Window::Minute).latency.as_ref().unwrap().mean;
    assert_eq!(mean, millis(5));
    futures_executor::block_on(query().record_result(async { Ok::<_, ()>(()) })).unwrap();
    futures_executor::block_on(query().record_result(async { Err::<(), _>(()) })).unwrap_err();
    // An `Err` is a result like any other where nobody says that it is not.
    futures_executor::block_on(query().record(async { Err::<(), _>(()) })).unwrap_err();
    assert_eq!(counts(&profile), [3, 1, 0]);

    // Never begun, given up, and panicking.
    drop(query().record(std::future::pending::<()>()));
    let context = &mut Context::from_waker(Waker::noop());
    assert!(pin!(query().record(std::future::pending::<()>())).poll(context).is_pending());
    assert_eq!(counts(&profile), [3, 1, 1]);
    let panics = query().record(async { panic!("while it queries") });
    catch_unwind(AssertUnwindSafe(|| futures_executor::block_on(panics))).unwrap_err();
    assert_eq!(counts(&profile), [3, 2, 1]);
}

#[test]
fn an_operation_is_counted_for_the_request_that_is_at_work() {
    let (profile, _) = profile();
    let layer = ProfileLayer::new(profile.clone());
    let handler = service_fn(async |request| {
        operation("query").record(async {}).await;
        // Another request in between, of another service.
        let other = Profile::new();
        let inner = service_fn(async |request| {
            drop(operation("inner").start());
            fine(request).await
        });
        ProfileLayer::new(other.clone()).layer(inner).oneshot(get("/")).await.unwrap();
        assert_eq!(only_operation(&other).name, "inner");
        drop(operation("query").start());
        fine(request).await
    });
    assert!(Profile::current().is_none());
    read(send(&layer, handler, get("/")).unwrap()).unwrap();
    assert!(Profile::current().is_none());
    assert_eq!(counts(&profile), [2, 0, 0]);
    assert_eq!(only_operation(&profile).name, "query");
}

#[test]
fn what_belongs_to_no_request_is_counted_for_the_process() {
    drop(operation("of no request").start());
    let operations = Profile::global().snapshot().operations;
    assert!(operations.iter().any(|operation| operation.name == "of no request"));
}

#[test]
fn the_number_of_names_is_capped() {
    let (profile, _) = profile();
    let profile = profile.capacity(2);
    for n in 0..100 {
        drop(profile.operation(&n.to_string()).start());
    }
    let mut counts: Vec<_> = profile
        .snapshot()
        .operations
        .into_iter()
        .map(|operation| (operation.name.clone(), operation.stats(Window::Lifetime).count))
        .collect();
    counts.sort();
    let expected = [("0", 1), ("1", 1), ("_other", 98)];
    assert_eq!(counts, expected.map(|(name, count)| (name.to_owned(), count)));
}
