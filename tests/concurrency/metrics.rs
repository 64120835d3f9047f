//! What recorders see.

use std::{collections::BTreeMap, sync::Arc};

use http::HeaderName;
use tower_weir::{
    concurrency::{ConcurrencyLimitLayer, Limiter, Priorities, Queue},
    key::{Header, OnMissingKey},
    route::RouteTable,
    telemetry::names,
};

use super::{
    Bench,
    adaptive::Told,
    at, fates, limiter, millis, patient,
    recorded::{recorded, recorded_counts},
    until, with, work,
};

/// What `test` tells while the runtime's clock is paused.
fn told(test: impl AsyncFnOnce()) -> BTreeMap<String, f64> {
    recorded(|| paused(test))
}

fn paused(test: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(test());
}

/// The outcomes that were counted, as `class/outcome`.
fn outcomes(metrics: &BTreeMap<String, f64>) -> Vec<(String, f64)> {
    let prefix = "weir_concurrency_requests_total{";
    let counted = metrics.iter().filter(|(_, value)| **value > 0.0);
    let counted = counted.filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, *value)));
    counted
        .map(|(labels, value)| {
            let mut labels =
                labels.trim_end_matches('}').split(',').map(|l| l.split_once('=').unwrap());
            let mut of = |name| labels.find(|(label, _)| *label == name).unwrap().1;
            (format!("{}/{}", of("class"), of("outcome")), value)
        })
        .collect()
}

fn expect(metrics: &BTreeMap<String, f64>, expected: &[(&str, f64)]) {
    let expected: Vec<_> = expected.iter().map(|(of, n)| ((*of).to_owned(), *n)).collect();
    assert_eq!(outcomes(metrics), expected);
}

#[test]
fn every_request_is_counted_once_with_what_became_of_it() {
    let metrics = told(async || {
        let queue = Queue::new(millis(30)).capacity(3);
        let layer = ConcurrencyLimitLayer::new(limiter(1).queue(queue).named("api"));
        let bench = Bench::of(layer.exempt(|head| head.uri.path() == "/health"));
        let first = bench.send(work("admitted", 10)).await;
        let queued = bench.send(work("queued", 100)).await;
        until(bench.begin, 20).await;
        let timed_out = bench.send(work("timed out", 1)).await;
        let abandoned = bench.send(work("abandoned", 1)).await;
        let late = bench.send(with(work("late", 1), "grpc-timeout", "5m")).await;
        let full = bench.send(work("full", 1)).await;
        let health = bench.send(at(work("exempt", 1), "/health")).await;
        let none = bench.send(with(work("none", 1), "grpc-timeout", "0n")).await;
        abandoned.abort();
        let all = vec![first, queued, timed_out, late, full, health, none];
        let expected = ["served", "served", "timed out", "deadline", "full", "served", "deadline"];
        assert_eq!(fates(all).await, expected);
        let waiting = bench.send_all(&["a", "b"], 10).await;
        bench.layer.handle().drain().await;
        assert_eq!(fates(waiting).await, ["served", "draining"]);
    });
    expect(
        &metrics,
        &[
            ("_all/abandoned", 1.0),
            ("_all/admitted", 2.0),
            ("_all/deadline", 2.0),
            ("_all/draining", 1.0),
            ("_all/exempt", 1.0),
            ("_all/full", 1.0),
            ("_all/queued", 1.0),
            ("_all/timed_out", 1.0),
        ],
    );
    let of = |name: &str| metrics[&format!("weir_concurrency_{name}{{limit=api}}")];
    assert_eq!((of("limit"), of("in_flight"), of("waiting")), (1.0, 0.0, 0.0));
    assert!((0.010..0.013).contains(&of("wait_seconds")), "{}", of("wait_seconds"));
}

#[test]
fn classes_are_told_apart_and_who_made_room() {
    let metrics = told(async || {
        let classes = [("critical", 0.5), ("default", 0.0), ("sheddable", 0.0)];
        let priorities = Priorities::new(classes).header(HeaderName::from_static("x-class"));
        let queue = Queue::new(millis(1_000)).capacity(1);
        let bench = Bench::new(limiter(1).queue(queue).priorities(priorities));
        let mut tasks = Vec::new();
        for class in ["critical", "sheddable", "critical", "sheddable", "what is this"] {
            tasks.push(bench.send(with(work("any", 10), "x-class", class)).await);
        }
        assert_eq!(fates(tasks).await, ["served", "displaced", "served", "full", "full"]);
    });
    expect(
        &metrics,
        &[
            ("critical/admitted", 1.0),
            ("critical/queued", 1.0),
            ("default/full", 1.0),
            ("sheddable/displaced", 1.0),
            ("sheddable/full", 1.0),
        ],
    );
}

#[test]
fn a_dry_run_counts_what_it_would_have_refused() {
    let metrics = told(async || {
        let bench = Bench::of(ConcurrencyLimitLayer::new(patient(2)).shadow(true));
        assert_eq!(fates(bench.send_all(&["a"; 5], 10).await).await, ["served"; 5]);
    });
    expect(&metrics, &[("_all/admitted", 2.0), ("_all/shadowed", 3.0)]);
    assert_eq!(metrics["weir_concurrency_in_flight{limit=default}"], 0.0);
}

#[test]
fn requests_without_a_key_are_counted_whatever_becomes_of_them() {
    for (choice, expected) in [
        (OnMissingKey::Share, [("_all/admitted", 2.0)]),
        (OnMissingKey::Reject, [("_all/error", 2.0)]),
        (OnMissingKey::Skip, [("_all/exempt", 2.0)]),
    ] {
        let metrics = told(async || {
            let limiter = patient(1).key(Header(HeaderName::from_static("x-tenant")));
            let bench = Bench::new(limiter.on_missing_key(choice));
            for _ in 0..2 {
                bench.call(work("nobody", 1)).await;
            }
        });
        expect(&metrics, &expected);
        assert_eq!(metrics["weir_concurrency_missing_keys_total{limit=default}"], 2.0);
    }
}

#[test]
fn permits_by_hand_count_too() {
    let metrics = told(async || {
        let limiter = limiter(1);
        let permit = limiter.try_acquire().unwrap();
        assert!(limiter.try_acquire().is_err());
        assert!(limiter.acquire().await.is_err());
        drop(permit);
        drop(limiter.acquire().await);
    });
    expect(&metrics, &[("_all/admitted", 2.0), ("_all/full", 1.0), ("_all/timed_out", 1.0)]);
    assert_eq!(metrics["weir_concurrency_in_flight{limit=default}"], 0.0);
}

#[test]
fn the_gauges_follow_what_is_enforced() {
    let told_limit = Told::new(0);
    let metrics = told(async || {
        let bench = Bench::new(told_limit.limiter());
        let tasks = bench.send_all(&["a", "b", "c"], 10).await;
        drop(tasks.into_iter().map(|task| task.abort()).collect::<Vec<_>>());
        tokio::task::yield_now().await;
        bench.call(work("d", 1)).await;
    });
    let of = |name: &str| metrics[&format!("weir_concurrency_{name}{{limit=default}}")];
    assert_eq!((of("limit"), of("in_flight"), of("waiting")), (1.0, 0.0, 0.0));

    let metrics = told(async || {
        let bench = Bench::new(limiter(4));
        bench.call(work("a", 1)).await;
        bench.layer.handle().limiter("default").unwrap().set_limit(9).unwrap();
        std::mem::forget(bench.call(work("b", 1)).await);
    });
    let of = |name: &str| metrics[&format!("weir_concurrency_{name}{{limit=default}}")];
    assert_eq!((of("limit"), of("in_flight")), (9.0, 1.0));
}

#[test]
fn waits_are_measured_of_those_who_passed_after_one() {
    let metrics = recorded_counts(|| {
        paused(async || {
            let bench = Bench::new(patient(1));
            let tasks = bench.send_all(&["a", "b", "c", "d"], 10).await;
            tasks[3].abort();
            until(bench.begin, 100).await;
        });
    });
    assert_eq!(metrics["weir_concurrency_wait_seconds{limit=default}"], 2.0);
}

#[test]
fn only_what_names_lists_is_recorded_with_just_its_labels() {
    let metrics = told(async || {
        let tenant = Header(HeaderName::from_static("x-tenant"));
        let routes = RouteTable::new().route("/a", patient(1)).route("/b", patient(1).key(tenant));
        let bench = Bench::of(ConcurrencyLimitLayer::for_routes(routes));
        let mut tasks = Vec::new();
        for path in ["/a", "/a", "/b", "/b", "/c"] {
            tasks.push(bench.send(at(work("any", 1), path)).await);
        }
        fates(tasks).await;
    });
    assert!(metrics.keys().any(|name| name.contains("limit=/b")));
    for name in metrics.keys() {
        let (name, labels) = name.split_once('{').unwrap();
        let metric = names::ALL.iter().find(|metric| metric.name == name);
        let metric = metric.unwrap_or_else(|| panic!("{name} is not in `telemetry::names`"));
        let labels = labels.trim_end_matches('}').split(',').map(|l| l.split_once('=').unwrap().0);
        assert_eq!(labels.collect::<Vec<_>>(), metric.labels, "{name}");
    }
    for metric in names::ALL.iter().filter(|metric| metric.name.starts_with("weir_concurrency_")) {
        assert!(metrics.keys().any(|name| name.starts_with(metric.name)), "{}", metric.name);
    }
}

/// The recorder may be installed after the layer is built.
#[test]
fn nothing_is_told_before_the_first_request() {
    let limiter = Arc::new(std::sync::Mutex::new(None::<Limiter>));
    paused(async || {
        let built = super::limiter(1);
        built.set_limit(2).unwrap();
        built.pause();
        built.resume();
        assert_eq!((built.in_flight(), built.waiting(), built.keys()), (0, 0, None));
        *limiter.lock().unwrap() = Some(built);
    });
    let metrics = recorded(|| drop(limiter.lock().unwrap().take().unwrap().try_acquire()));
    assert_eq!(metrics["weir_concurrency_limit{limit=default}"], 2.0);
}
