//! Breakers for routes.

use http::Method;
use tower_weir::route::RouteTable;

use super::*;

/// How many of ten requests reach the service.
fn reached(broken: &Broken, path: &str, status: u16) -> usize {
    let before = broken.reached.load(SeqCst);
    (0..10).for_each(|_| drop(broken.get(path, status)));
    broken.reached.load(SeqCst) - before
}

#[test]
fn each_route_has_its_breaker_and_clones_are_one() {
    let users = breaker().named("users");
    let routes = RouteTable::new()
        .route("/orders/{id}", breaker())
        .route("/users", users.clone())
        .route("/users/{id}", users);
    let broken = Broken::new(CircuitBreakerLayer::new(breaker()).routes(routes));
    assert_eq!(reached(&broken, "/orders/7", 500), 4);
    assert_eq!(reached(&broken, "/orders/8", 200), 0);
    assert_eq!(reached(&broken, "/users/7", 500), 4);
    assert_eq!(reached(&broken, "/users", 200), 0, "it shares the breaker");
    assert_eq!(reached(&broken, "/", 200), 10);
    let names: Vec<_> =
        broken.layer.handle().breakers().map(|breaker| breaker.name().to_owned()).collect();
    assert_eq!(names, ["default", "/orders/{id}", "users"]);
}

#[test]
fn what_no_route_names_is_not_watched() {
    let routes = RouteTable::new().method_route(Method::GET, "/orders", breaker());
    let broken = Broken::new(CircuitBreakerLayer::for_routes(routes));
    assert_eq!(reached(&broken, "/orders", 500), 4);
    assert_eq!(reached(&broken, "/users", 500), 10);
}

#[test]
fn a_setting_makes_another_breaker() {
    let pattern = breaker();
    let layer = CircuitBreakerLayer::new(pattern.clone());
    let same = Broken::new(CircuitBreakerLayer::new(pattern.clone()));
    let other = Broken::new(CircuitBreakerLayer::new(pattern.clone().failure_share(0.5).unwrap()));
    let broken = Broken::new(layer);
    broken.open();
    assert_eq!(pattern.state(), State::Open);
    assert_eq!((same.state(), other.state()), (State::Open, State::Closed));
}
