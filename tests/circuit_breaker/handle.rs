//! Reading and steering.

use super::*;

#[test]
fn it_can_be_opened_closed_and_reset() {
    let broken = Broken::plain();
    let handle = broken.handle();
    handle.force_open();
    assert!(handle.circuit().is_forced());
    assert_eq!((handle.state(), handle.circuit().open_for()), (State::Open, None));
    broken.pass(100_000);
    let rejected = broken.get("/", 200);
    assert_eq!((rejected.status().as_u16(), header(&rejected, "retry-after")), (503, ""));
    handle.force_closed();
    assert_eq!(broken.calls(50, 500), 50);
    assert_eq!((handle.counts().failures, handle.state()), (10, State::Closed));
    handle.reset();
    assert!(!handle.circuit().is_forced());
    assert_eq!(handle.counts().calls, 0);
    assert_eq!(broken.calls(50, 500), 4);
    handle.reset();
    assert_eq!(broken.calls(50, 200), 50);
}

#[test]
fn a_reset_begins_with_the_first_open_time_again() {
    let broken = Broken::plain();
    broken.half_open();
    broken.calls(2, 500);
    assert_eq!(broken.handle().circuit().open_for(), Some(Duration::from_secs(10)));
    broken.handle().reset();
    broken.open();
    assert_eq!(broken.handle().circuit().open_for(), Some(Duration::from_secs(5)));
}

#[test]
fn what_is_under_way_while_it_is_steered_counts_for_nothing() {
    let broken = Broken::plain();
    let calls: Vec<_> = (0..20).map(|_| broken.begin().unwrap()).collect();
    broken.handle().reset();
    calls.into_iter().for_each(|call| call.end(500));
    assert_eq!((broken.state(), broken.handle().counts().calls), (State::Closed, 0));
}

#[test]
fn an_unknown_name_is_answered_with_those_that_there_are() {
    let layer = CircuitBreakerLayer::new(breaker().named("payments"));
    let error = layer.handle().breaker("payment").unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid breaker `payment`: there is no such breaker; allowed: `payments`"
    );
    assert_eq!(layer.handle().breaker("payments").unwrap().name(), "payments");
}

#[test]
fn breakers_of_one_name_are_steered_together() {
    let routes = tower_weir::route::RouteTable::new()
        .route("/a", breaker().named("both"))
        .route("/b", breaker().named("both"));
    let broken = Broken::new(CircuitBreakerLayer::for_routes(routes));
    (0..4).for_each(|_| drop(broken.get("/a", 500)));
    broken.get("/b", 200);
    let both = broken.layer.handle().breaker("both").unwrap();
    assert_eq!((both.state(), both.counts().calls), (State::Open, 1));
    both.force_open();
    assert!(Rejected::is_on(&broken.get("/b", 200)));
}

#[test]
fn everything_can_be_shown() {
    let broken = Broken::new(CircuitBreakerLayer::new(breaker().named("payments")));
    broken.open();
    let handle = broken.layer.handle();
    for shown in [format!("{handle:?}"), format!("{:?}", broken.layer)] {
        assert!(shown.contains("payments") && shown.contains("Open"), "{shown}");
    }
}
