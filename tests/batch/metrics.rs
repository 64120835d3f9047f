//! What metrics tell of batches.

use std::collections::BTreeMap;

use tokio::runtime::Builder;
use tower::Layer;
use tower_weir::{
    batch::{BatchLayer, Fixed},
    telemetry::names,
};

use crate::{
    desk::{Desk, End, settle},
    recorded::{recorded, recorded_counts},
    service::layer,
    support::{LONG, Numbers, got, is_at_rest, leave, loading, loading_all, ms},
};

type Recorded = BTreeMap<String, f64>;

/// Runs this, on a clock that stands still unless something is waited for.
fn block_on(run: impl AsyncFnOnce()) {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(run());
}

fn sums(run: impl AsyncFnOnce()) -> Recorded {
    recorded(|| block_on(run))
}

fn counts(run: impl AsyncFnOnce()) -> Recorded {
    recorded_counts(|| block_on(run))
}

/// What is not zero of those that have this name, without the name and the batch's.
fn of(told: &Recorded, name: &str) -> Vec<(String, f64)> {
    let prefix = format!("{name}{{batch=named");
    let of = told.iter().filter(|(_, value)| **value != 0.0).filter_map(|(name, value)| {
        let labels = name.strip_prefix(&prefix)?.trim_end_matches('}').trim_start_matches(',');
        Some((labels.to_owned(), *value))
    });
    of.collect()
}

fn named() -> BatchLayer<u64> {
    layer().named("named")
}

#[test]
fn each_item_is_told_once_by_what_became_of_it() {
    let told = sums(async || {
        let desk = Desk::new();
        let batcher: Numbers = named()
            .max_size(3)
            .max_in_flight(1)
            .max_waiting(4)
            .max_weight(1_000, |number| *number)
            .dedup_by(|number: &u64| *number)
            .linger(LONG)
            .layer(desk.clone());
        let loads = loading_all(&batcher, [1, 1, 2, 3]).await;
        desk.end(0, End::Gives(vec![Err("no".into()), Ok(4), Ok(6)])).await;
        for load in loads {
            let _ = load.await.unwrap();
        }
        let mut loads = loading_all(&batcher, [4, 5, 4]).await;
        leave(loads.remove(1)).await;
        loads.extend(loading_all(&batcher, [6, 7]).await);
        desk.end(1, End::Fails("no database")).await;
        for load in loads {
            load.await.unwrap().unwrap_err();
        }
        let loads = loading_all(&batcher, [1, 2, 3, 4, 5, 6, 4]).await;
        for refused in [7, 8, 2_000] {
            batcher.load(refused).await.unwrap_err();
        }
        drop(batcher.handle().drain());
        batcher.load(9).await.unwrap_err();
        desk.end_all().await;
        assert_eq!(got(loads).await.len(), 7);
        is_at_rest(&batcher.handle()).await;
    });
    let items = of(&told, names::BATCH_ITEMS.name);
    let expected = [
        ("outcome=abandoned", 1.0),
        ("outcome=answered", 9.0),
        ("outcome=batch_failed", 4.0),
        ("outcome=closed", 1.0),
        ("outcome=failed", 2.0),
        ("outcome=full", 2.0),
        ("outcome=too_heavy", 1.0),
    ];
    assert_eq!(items, expected.map(|(labels, value)| (labels.to_owned(), value)));
    assert_eq!(of(&told, names::BATCH_DUPLICATES.name), [(String::new(), 3.0)]);
    assert_eq!(of(&told, names::BATCH_FAILURES.name), [("reason=error".to_owned(), 1.0)]);
    assert_eq!(of(&told, names::BATCH_WAITING.name), [], "nothing waits");
    assert_eq!(of(&told, names::BATCH_IN_FLIGHT.name), [], "nothing is under way");
    assert_eq!(of(&told, names::BATCH_SIZE.name), [(String::new(), 12.0)]);
    assert_eq!(of(&told, names::BATCH_WEIGHT.name), [(String::new(), 6.0 + 17.0 + 21.0)]);
}

#[test]
fn each_batch_is_told_by_why_it_left() {
    let told = sums(async || {
        let desk = Desk::new();
        let batcher: Numbers = named()
            .max_size(3)
            .max_weight(10, |number| *number)
            .max_in_flight(9)
            .linger(Fixed::new(ms(20)))
            .layer(desk.clone());
        let mut loads = loading_all(&batcher, [1, 2, 3]).await;
        loads.extend(loading_all(&batcher, [4, 6, 5]).await);
        loads.extend(loading_all(&batcher, [6]).await);
        assert_eq!(desk.batches(), [vec![1, 2, 3], vec![4, 6], vec![5]]);
        tokio::time::sleep(ms(21)).await;
        assert_eq!(desk.batches()[3..], [[6]]);
        loads.extend(loading_all(&batcher, [1]).await);
        batcher.handle().flush();
        settle().await;
        loads.extend(loading_all(&batcher, [2]).await);
        drop(batcher);
        settle().await;
        desk.end_all().await;
        got(loads).await;
    });
    let expected = [
        ("reason=full", 1.0),
        ("reason=linger", 2.0),
        ("reason=shutdown", 1.0),
        ("reason=weight", 2.0),
    ];
    let flushes = of(&told, names::BATCH_FLUSHES.name);
    assert_eq!(flushes, expected.map(|(labels, value)| (labels.to_owned(), value)));
}

#[test]
fn each_failure_is_told_by_its_reason() {
    let told = sums(async || {
        let desk = Desk::new();
        let batcher: Numbers = named().max_in_flight(9).linger(Fixed::NONE).layer(desk.clone());
        let ends = [
            End::Fails("no database"),
            End::Panics("out of bounds"),
            End::Gives(Vec::new()),
            End::Gives(vec![Ok(1), Ok(2)]),
        ];
        for (number, end) in (0..).zip(ends) {
            let load = loading(&batcher, number).await;
            desk.end(usize::try_from(number).unwrap(), end).await;
            load.await.unwrap().unwrap_err();
        }
        // The runtime ends meanwhile.
        drop(loading(&batcher, 4).await);
        drop(loading(&batcher, 5).await);
    });
    let expected = [
        ("reason=aborted", 2.0),
        ("reason=error", 1.0),
        ("reason=panic", 1.0),
        ("reason=wrong_count", 2.0),
    ];
    let failures = of(&told, names::BATCH_FAILURES.name);
    assert_eq!(failures, expected.map(|(labels, value)| (labels.to_owned(), value)));
    assert_eq!(of(&told, names::BATCH_ITEMS.name), [("outcome=batch_failed".to_owned(), 6.0)]);
    assert_eq!(of(&told, names::BATCH_IN_FLIGHT.name), []);
}

#[test]
fn what_waits_and_what_is_under_way_is_told() {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let desk = Desk::new();
    let batcher: Numbers = named().max_size(2).max_in_flight(1).linger(LONG).layer(desk.clone());
    let mut loads = Vec::new();
    let before = recorded(|| loads = runtime.block_on(loading_all(&batcher, 0..5)));
    assert_eq!(of(&before, names::BATCH_WAITING.name), [(String::new(), 3.0)]);
    assert_eq!(of(&before, names::BATCH_IN_FLIGHT.name), [(String::new(), 1.0)]);
    runtime.block_on(desk.end_all());
}

#[test]
fn times_are_told_in_seconds() {
    let run = async || {
        let desk = Desk::new();
        let batcher: Numbers =
            named().max_in_flight(1).linger(Fixed::new(ms(20))).layer(desk.clone());
        for number in 0..3 {
            let load = loading(&batcher, number).await;
            tokio::time::sleep(ms(25)).await;
            tokio::time::sleep(ms(25)).await;
            desk.end_all().await;
            load.await.unwrap().unwrap();
        }
    };
    let (sums, counts) = (sums(run), counts(run));
    let near = |name: &str, seconds: f64| {
        let of = of(&sums, name);
        assert!(matches!(&of[..], [(_, sum)] if (sum - seconds).abs() < 1e-6), "{name}: {of:?}");
    };
    near(names::BATCH_LINGER.name, 0.060);
    near(names::BATCH_DURATION.name, 0.090);
    for name in [names::BATCH_LINGER, names::BATCH_DURATION, names::BATCH_SIZE].map(|m| m.name) {
        assert_eq!(of(&counts, name), [(String::new(), 3.0)]);
    }
    assert_eq!(of(&counts, names::BATCH_WEIGHT.name), [], "there is no bound on it");
}

/// Every metric of batches that is listed has the labels that it says, and nothing is told that is not listed.
#[test]
fn all_that_is_told_is_listed() {
    let told = sums(async || {
        let desk = Desk::new();
        let batcher: Numbers = named().max_weight(9, |_| 1).linger(Fixed::NONE).layer(desk.clone());
        let load = loading(&batcher, 1).await;
        desk.end_all().await;
        load.await.unwrap().unwrap();
    });
    let listed: Vec<_> =
        names::ALL.iter().filter(|metric| metric.name.starts_with("weir_batch_")).collect();
    for metric in &listed {
        let of: Vec<_> =
            told.keys().filter(|key| key.split('{').next() == Some(metric.name)).collect();
        assert!(!of.is_empty(), "{} is never told", metric.name);
        for key in of {
            let labels = key.split(['{', '}']).nth(1).unwrap_or_default();
            let labels: Vec<_> =
                labels.split(',').filter_map(|label| label.split('=').next()).collect();
            assert_eq!(labels, metric.labels, "{key}");
        }
    }
    for key in told.keys() {
        assert!(listed.iter().any(|metric| key.split('{').next() == Some(metric.name)), "{key}");
    }
}
