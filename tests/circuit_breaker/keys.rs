//! A circuit for each key.

use http::HeaderName;
use tower_weir::key::{Header, OnMissingKey};

use super::*;

const TENANT: HeaderName = HeaderName::from_static("x-tenant");

fn keyed(breaker: Breaker) -> Broken {
    Broken::new(CircuitBreakerLayer::new(breaker).key(Header(TENANT)))
}

/// How many of so many requests of a tenant reach the service.
fn calls(broken: &Broken, tenant: &str, n: usize, status: u16) -> usize {
    let before = broken.reached.load(SeqCst);
    for _ in 0..n {
        let request = Request::get("/").header(TENANT, tenant).body(()).unwrap();
        broken.send(request, Response::builder().status(status).body("").unwrap());
    }
    broken.reached.load(SeqCst) - before
}

#[test]
fn one_key_fails_and_the_others_do_not_notice() {
    let broken = keyed(breaker());
    assert_eq!(calls(&broken, "red", 20, 500), 4);
    assert_eq!(calls(&broken, "blue", 20, 200), 20);
    assert_eq!(calls(&broken, "red", 20, 200), 0);
    assert_eq!(broken.calls(5, 200), 5, "without a key");
    let handle = broken.handle();
    assert_eq!((handle.keys(), handle.broken_keys(), handle.state()), (2, 1, State::Closed));
    let red = handle.known_key("red").unwrap();
    assert_eq!((red.state(), red.open_for()), (State::Open, Some(Duration::from_secs(5))));
    assert!(handle.known_key("green").is_none());
    broken.pass(5);
    assert_eq!(calls(&broken, "red", 20, 200), 20);
    assert_eq!(handle.broken_keys(), 0);
}

#[test]
fn whoever_is_told_of_a_change_can_tell_whose_it_is() {
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let layer = CircuitBreakerLayer::new(breaker()).key(Header(TENANT));
    let broken = Broken::new(layer.on_state_change(move |change| {
        tell.lock().unwrap().push(change.key);
    }));
    calls(&broken, "red", 20, 500);
    broken.open();
    let red = broken.handle().key("red").unwrap().key();
    assert!(red.is_some());
    assert_eq!(*told.lock().unwrap(), [red, None]);
}

#[test]
fn requests_without_a_key_share_a_circuit_or_are_rejected_or_skipped() {
    for (choice, reached, status, state) in [
        (OnMissingKey::Share, 4, 503, State::Open),
        (OnMissingKey::Reject, 0, 400, State::Closed),
        (OnMissingKey::Skip, 20, 500, State::Closed),
    ] {
        let layer = CircuitBreakerLayer::new(breaker()).key(Header(TENANT)).on_missing_key(choice);
        let broken = Broken::new(layer);
        assert_eq!(broken.calls(20, 500), reached);
        assert_eq!(broken.get("/", 500).status().as_u16(), status);
        assert_eq!(broken.state(), state);
        assert_eq!(calls(&broken, "blue", 20, 200), 20);
    }
}

#[test]
fn there_are_never_more_keys_than_said() {
    let broken = keyed(breaker().max_keys(64).unwrap());
    for n in 0..2_000 {
        assert_eq!(calls(&broken, &format!("tenant {n}"), 1, 200), 1);
        assert!(broken.handle().keys() <= 64);
    }
    assert_eq!(broken.handle().keys(), 64);
}

#[test]
fn open_circuits_are_not_forgotten_and_the_rest_share_one() {
    let broken = keyed(breaker().max_keys(1).unwrap());
    assert_eq!(calls(&broken, "red", 20, 500), 4);
    assert_eq!(calls(&broken, "blue", 20, 500), 4);
    assert_eq!(calls(&broken, "green", 20, 200), 0, "it shares the circuit of blue");
    assert_eq!(broken.state(), State::Open);
    assert_eq!(calls(&broken, "red", 20, 200), 0);
    assert!(broken.handle().key("blue").is_none());
    broken.pass(5);
    assert_eq!(calls(&broken, "green", 20, 200), 20);
    assert_eq!(calls(&broken, "red", 20, 200), 20);
    assert_eq!(calls(&broken, "blue", 20, 200), 20);
    assert!(broken.handle().known_key("blue").is_some(), "red could make room");
}

#[test]
fn a_key_can_be_steered_before_it_comes() {
    let broken = keyed(breaker());
    broken.handle().key("red").unwrap().force_open();
    assert_eq!(calls(&broken, "red", 5, 200), 0);
    assert_eq!(calls(&broken, "blue", 5, 200), 5);
    let handle = broken.handle();
    handle.force_open();
    assert_eq!(calls(&broken, "blue", 5, 200), 0);
    assert_eq!(calls(&broken, "new", 5, 200), 0, "keys that come later too");
    assert_eq!(broken.calls(5, 200), 0);
    handle.reset();
    for tenant in ["red", "blue", "new", "newer"] {
        assert_eq!(calls(&broken, tenant, 5, 200), 5);
    }
}

#[test]
fn a_layer_around_a_client_has_a_circuit_for_each_host() {
    let layer = CircuitBreakerLayer::new(breaker())
        .key(|head: &tower_weir::head::Head<'_>| head.uri.authority().cloned());
    let broken = Broken::new(layer);
    let calls = |host: &str, status| {
        let before = broken.reached.load(SeqCst);
        (0..10).for_each(|_| drop(broken.get(&format!("http://{host}/"), status)));
        broken.reached.load(SeqCst) - before
    };
    assert_eq!((calls("a.example", 500), calls("b.example", 200)), (4, 10));
    assert_eq!(calls("A.example", 200), 0, "hosts have no case");
}
