//! What recorders see.

use std::collections::BTreeMap;

use http::HeaderName;
use tower_weir::{
    key::{Header, OnMissingKey},
    telemetry::names,
    verdict::Verdict,
};

use super::{recorded::recorded, *};

/// What is not nothing, of the metrics that begin so.
fn told(metrics: &BTreeMap<String, f64>, prefix: &str) -> Vec<String> {
    let told = metrics.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
    told.filter(|(_, value)| **value != 0.0)
        .map(|(name, value)| format!("{name} {value}"))
        .collect()
}

#[test]
fn every_call_is_counted_once() {
    let metrics = recorded(|| {
        let slow = breaker().named("payments").slow_calls(Duration::from_secs(1), 0.8).unwrap();
        let layer =
            CircuitBreakerLayer::new(slow).classify(|answer| match answer.status.as_u16() {
                418 => Verdict::Ignored,
                _ => Verdict::of(answer),
            });
        let broken = Broken::new(layer);
        broken.calls(7, 200);
        broken.calls(2, 404);
        broken.calls(1, 418);
        drop(broken.begin());
        let late = broken.begin().unwrap();
        broken.pass(1);
        late.end(200);
        broken.calls(20, 500);
        broken.layer.handle().set_shadow(true);
        broken.calls(3, 500);
    });
    let expected = [
        "{breaker=payments,outcome=cancelled} 1",
        "{breaker=payments,outcome=failure} 5",
        "{breaker=payments,outcome=ignored} 1",
        "{breaker=payments,outcome=rejected} 15",
        "{breaker=payments,outcome=shadowed} 3",
        "{breaker=payments,outcome=slow} 1",
        "{breaker=payments,outcome=success} 9",
    ];
    assert_eq!(told(&metrics, "weir_circuit_breaker_calls_total"), expected);
}

#[test]
fn states_and_changes_are_told() {
    let states = "weir_circuit_breaker_state";
    let metrics = recorded(|| {
        let broken = Broken::plain();
        broken.calls(1, 200);
        std::mem::forget(broken);
    });
    assert_eq!(told(&metrics, states), ["{breaker=default,state=closed} 1"]);
    let metrics = recorded(|| {
        let broken = Broken::plain();
        broken.half_open();
        broken.calls(2, 500);
        std::mem::forget(broken);
    });
    assert_eq!(told(&metrics, states), ["{breaker=default,state=open} 1"]);
    let expected = ["{breaker=default,to=half_open} 1", "{breaker=default,to=open} 2"];
    assert_eq!(told(&metrics, "weir_circuit_breaker_transitions_total"), expected);
    let metrics = recorded(|| Broken::plain().half_open());
    assert_eq!(told(&metrics, states), [""; 0], "it is no more");
}

#[test]
fn no_key_is_a_label() {
    let key = HeaderName::from_static("x-tenant");
    let metrics = recorded(|| {
        let breaker = breaker().max_keys(64).unwrap();
        let layer = CircuitBreakerLayer::new(breaker).key(Header(key.clone()));
        let broken = Broken::new(layer.on_missing_key(OnMissingKey::Skip));
        let send = |tenant: &str, status| {
            let request = Request::get("/").header(&key, tenant).body(()).unwrap();
            broken.send(request, Response::builder().status(status).body("").unwrap());
        };
        (0..4).for_each(|_| send("red", 500));
        (0..1_000).for_each(|n| send(&format!("tenant {n}"), 200));
        broken.calls(3, 200);
        std::mem::forget(broken);
    });
    let states = ["{breaker=default,state=closed} 64", "{breaker=default,state=open} 1"];
    assert_eq!(told(&metrics, "weir_circuit_breaker_state"), states, "and one without a key");
    let missing = told(&metrics, "weir_circuit_breaker_missing_keys_total");
    assert_eq!(missing, ["{breaker=default} 3"]);
    assert!(metrics.keys().all(|name| !name.contains("=red") && !name.contains("tenant")));
}

#[test]
fn only_what_names_lists_is_recorded_with_just_its_labels() {
    let metrics = recorded(|| Broken::plain().open());
    for name in metrics.keys() {
        let (name, labels) = name.split_once('{').unwrap();
        let metric = names::ALL.iter().find(|metric| metric.name == name);
        let metric = metric.unwrap_or_else(|| panic!("{name} is not in `telemetry::names`"));
        let labels =
            labels.trim_end_matches('}').split(',').map(|label| label.split_once('=').unwrap().0);
        assert_eq!(labels.collect::<Vec<_>>(), metric.labels, "{name}");
    }
    for metric in names::ALL.iter().filter(|metric| metric.name.contains("circuit_breaker")) {
        assert!(metrics.keys().any(|name| name.starts_with(metric.name)), "{}", metric.name);
    }
}
