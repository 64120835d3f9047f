//! What recorders see.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use http::HeaderName;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tower::{ServiceExt, service_fn};
use tower_weir::{
    clock::Clock,
    head::Head,
    key::{Header, OnMissingKey},
    rate_limit::{Queue, Quota, RateLimitLayer, Table},
    route::RouteTable,
    telemetry::names,
};

use super::{guarded, recorded::recorded};

fn decisions(metrics: &BTreeMap<String, f64>) -> Vec<(String, f64)> {
    let prefix = "weir_rate_limit_decisions_total";
    let decisions =
        metrics.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
    decisions
        .filter(|(_, value)| **value > 0.0)
        .map(|(labels, value)| (labels.to_owned(), *value))
        .collect()
}

#[test]
fn every_decision_is_counted_once() {
    let metrics = recorded(|| {
        let layer =
            RateLimitLayer::new(Quota::per_second(4)).and(Quota::per_minute(6)).named("api");
        let layer = layer.exempt(|head| head.uri.path() == "/health");
        let (service, hand) = guarded(layer);
        assert_eq!(service.passing(10), 4);
        hand.advance(std::time::Duration::from_secs(1));
        assert_eq!(service.passing(10), 2);
        service.get("/health");
    });
    let expected = [
        ("{limit=api,policy=_all,outcome=allowed}", 6.0),
        ("{limit=api,policy=_all,outcome=exempt}", 1.0),
        ("{limit=api,policy=minute,outcome=limited}", 8.0),
        ("{limit=api,policy=second,outcome=limited}", 6.0),
    ];
    assert_eq!(decisions(&metrics), expected.map(|(labels, value)| (labels.to_owned(), value)));
}

#[test]
fn what_else_becomes_of_requests_is_told_apart() {
    let metrics = recorded(|| {
        let layer = RateLimitLayer::new(Quota::per_second(2)).deny(|head| head.uri.path() == "/no");
        let (service, _) = guarded(layer);
        let handle = service.0.handle().limit("default").unwrap();
        assert_eq!(service.passing(2), 2);
        service.get("/no");
        handle.set_shadow(true);
        assert_eq!(service.passing(3), 3);
        service.get("/no");
        handle.policy("second").unwrap().set_multiplier(0.25).unwrap();
    });
    let expected = [
        ("{limit=default,policy=_all,outcome=allowed}", 2.0),
        ("{limit=default,policy=_all,outcome=denied}", 1.0),
        ("{limit=default,policy=_all,outcome=shadowed}", 4.0),
    ];
    assert_eq!(decisions(&metrics), expected.map(|(labels, value)| (labels.to_owned(), value)));
    assert_eq!(metrics["weir_rate_limit_multiplier{limit=default,policy=second}"], 0.25);
}

#[test]
fn waits_are_counted_and_measured() {
    let metrics = recorded(|| {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let queue = Queue::new(std::time::Duration::from_secs(9), 9);
            let layer = RateLimitLayer::new(Quota::per_second(1)).clock(Clock::runtime());
            let service = tower::Layer::layer(&layer.queue(queue), service_fn(super::fine));
            for _ in 0..3 {
                let request = http::Request::new(());
                assert_eq!(service.clone().oneshot(request).await.unwrap().status(), 200);
            }
        });
    });
    let expected = [
        ("{limit=default,policy=_all,outcome=allowed}", 1.0),
        ("{limit=default,policy=_all,outcome=queued}", 2.0),
    ];
    assert_eq!(decisions(&metrics), expected.map(|(labels, value)| (labels.to_owned(), value)));
    let waited = metrics["weir_rate_limit_wait_seconds{limit=default}"];
    assert!((2.0..2.01).contains(&waited), "{waited}");
}

#[test]
fn keys_that_are_missing_are_counted_and_never_a_label() {
    let layer =
        RateLimitLayer::new(Quota::per_second(2)).key(Header(HeaderName::from_static("x-api-key")));
    for (choice, expected) in [
        (OnMissingKey::Share, vec![("allowed", "_all", 2.0), ("limited", "second", 1.0)]),
        (OnMissingKey::Reject, vec![("error", "_all", 3.0)]),
        (OnMissingKey::Skip, vec![("exempt", "_all", 3.0)]),
    ] {
        let layer = layer.clone().on_missing_key(choice);
        let metrics = recorded(|| {
            let (service, _) = guarded(layer);
            service.passing(3);
        });
        let expected = expected.into_iter().map(|(outcome, policy, value)| {
            (format!("{{limit=default,policy={policy},outcome={outcome}}}"), value)
        });
        assert_eq!(decisions(&metrics), expected.collect::<Vec<_>>());
        assert_eq!(metrics["weir_rate_limit_missing_keys_total{limit=default}"], 3.0);
    }
}

#[test]
fn the_table_tells_how_full_it_is_and_what_was_lost() {
    let metrics = recorded(|| {
        let key = |head: &Head<'_>| head.uri.path().to_owned();
        let layer = RateLimitLayer::new(Quota::per_hour(5)).key(key).table(Table::with_capacity(4));
        let (service, _) = guarded(layer);
        for n in 0..100 {
            service.get(&format!("/{n}"));
        }
    });
    assert_eq!(metrics["weir_rate_limit_table_slots{limit=default}"], 8.0);
    assert_eq!(metrics["weir_rate_limit_table_slots_used{limit=default}"], 8.0);
    assert_eq!(metrics["weir_rate_limit_table_evictions_total{limit=default}"], 92.0);
    let lost = metrics["weir_rate_limit_table_lost_debt_seconds_total{limit=default}"];
    assert_eq!(lost, 92.0 * 720.0);
}

#[test]
fn only_what_names_lists_is_recorded_with_just_its_labels() {
    let metrics = recorded(|| {
        let routes = RouteTable::new().route("/a", Quota::per_second(1));
        let (service, _) = guarded(RateLimitLayer::new(Quota::per_second(1)).routes(routes));
        for path in ["/a", "/a", "/b", "/c"] {
            service.get(path);
        }
    });
    assert!(metrics.keys().any(|name| name.contains("limit=/a")));
    for name in metrics.keys() {
        let (name, labels) = name.split_once('{').unwrap();
        let metric = names::ALL.iter().find(|metric| metric.name == name);
        let metric = metric.unwrap_or_else(|| panic!("{name} is not in `telemetry::names`"));
        let labels =
            labels.trim_end_matches('}').split(',').map(|label| label.split_once('=').unwrap().0);
        assert_eq!(labels.collect::<Vec<_>>(), metric.labels, "{name}");
    }
    let ours = names::ALL.iter().filter(|metric| metric.name.starts_with("weir_rate_limit_"));
    // Of limits that processes share, which these are not.
    let shared = [names::RATE_LIMIT_FALLBACKS.name, names::RATE_LIMIT_LEASED.name];
    for metric in ours.filter(|metric| !shared.contains(&metric.name)) {
        assert!(metrics.keys().any(|name| name.starts_with(metric.name)), "{}", metric.name);
    }
}

/// Registers nothing, and counts how often it is asked to.
#[derive(Default)]
struct Registrar(AtomicUsize);

impl Registrar {
    fn asked<T>(&self, handle: T) -> T {
        self.0.fetch_add(1, Relaxed);
        handle
    }
}

impl Recorder for Registrar {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        self.asked(Counter::noop())
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        self.asked(Gauge::noop())
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        self.asked(Histogram::noop())
    }
}

#[test]
fn handles_are_resolved_at_the_first_request_and_never_again() {
    let recorder = Registrar::default();
    metrics::with_local_recorder(&recorder, || {
        let (service, _) = guarded(RateLimitLayer::new(Quota::per_second(5)));
        assert_eq!(recorder.0.load(Relaxed), 0);
        service.passing(1);
        let resolved = recorder.0.load(Relaxed);
        assert!(resolved > 0);
        // Passing and limited, over services of their own.
        service.passing(100);
        assert_eq!(recorder.0.load(Relaxed), resolved);
    });
}
