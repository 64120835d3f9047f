//! One layer with a table from routes to rules.

use http::{HeaderName, Method, Request};
use tower_weir::{
    key::Header,
    rate_limit::{Quota, RateLimitLayer, Rule},
    route::RouteTable,
};

use super::{Guarded, guarded};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

fn passing(service: &Guarded, method: &Method, path: &str, key: &str) -> usize {
    let request = || {
        let request = Request::builder().method(method.clone()).uri(path);
        request.header(X_API_KEY, key).body(()).unwrap()
    };
    (0..20).filter(|_| service.send(request()).status().is_success()).count()
}

#[test]
fn each_route_has_a_limit_of_its_own() {
    let routes = RouteTable::new()
        .method_route(Method::POST, "/login", Quota::per_minute(2))
        .route("/users/{id}", Rule::new(Quota::per_second(5)).and(Quota::per_minute(7)))
        .route("/open", Rule::new(Quota::per_second(9)).exempt(|_| true));
    let layer = RateLimitLayer::new(Quota::per_second(4)).key(Header(X_API_KEY)).routes(routes);
    let (service, hand) = guarded(layer);
    assert_eq!(passing(&service, &Method::POST, "/login", "a"), 2);
    // The layer's key holds for its routes.
    assert_eq!(passing(&service, &Method::POST, "/login", "b"), 2);
    // One limit for all paths like the pattern.
    assert_eq!(passing(&service, &Method::GET, "/users/1", "a"), 5);
    assert_eq!(passing(&service, &Method::GET, "/users/2", "a"), 0);
    hand.advance(std::time::Duration::from_secs(1));
    assert_eq!(passing(&service, &Method::DELETE, "/users/2", "a"), 2);
    assert_eq!(passing(&service, &Method::GET, "/open", "a"), 20);
    // What the table does not name falls to the layer's own rule, together.
    assert_eq!(passing(&service, &Method::GET, "/login", "a"), 4);
    assert_eq!(passing(&service, &Method::GET, "/else", "a"), 0);
}

#[test]
fn routes_alone_leave_the_rest_free() {
    let (service, _) =
        guarded(RateLimitLayer::for_routes(RouteTable::new().route("/a", Quota::per_second(3))));
    assert_eq!(passing(&service, &Method::GET, "/a", ""), 3);
    assert_eq!(passing(&service, &Method::GET, "/b", ""), 20);
}

#[test]
fn rules_of_the_same_name_share_their_limit() {
    let search = Rule::new(Quota::per_second(6)).named("search");
    let routes = RouteTable::new().route("/find", search.clone()).route("/search", search.clone());
    let (service, _) = guarded(RateLimitLayer::for_routes(routes));
    assert_eq!(passing(&service, &Method::GET, "/find", ""), 6);
    assert_eq!(passing(&service, &Method::GET, "/search", ""), 0);

    let unnamed = Rule::new(Quota::per_second(6));
    let routes = RouteTable::new().route("/find", unnamed.clone()).route("/search", unnamed);
    let (service, _) = guarded(RateLimitLayer::for_routes(routes));
    assert_eq!(passing(&service, &Method::GET, "/find", ""), 6);
    assert_eq!(passing(&service, &Method::GET, "/search", ""), 6);
}

#[test]
fn the_layers_settings_hold_for_routes_whenever_they_are_made() {
    let routes = || RouteTable::new().route("/a", Quota::per_second(2));
    for layer in [
        RateLimitLayer::for_routes(routes()).cost(|_| 2).exempt(|head| head.method == Method::PUT),
        RateLimitLayer::new(Quota::per_second(99))
            .cost(|_| 2)
            .exempt(|head| head.method == Method::PUT)
            .routes(routes()),
    ] {
        let (service, _) = guarded(layer);
        assert_eq!(passing(&service, &Method::PUT, "/a", ""), 20);
        assert_eq!(passing(&service, &Method::GET, "/a", ""), 1);
    }
}
