//! Which route a request is counted for, wherever the layer stands.

use axum::routing::{any_service, get, post};
use http::{Response, header::CONTENT_TYPE};
use tower::service_fn;
use tower_weir::{profile::RouteReporter, route::RouteTable};

use super::*;

/// Routes in all of axum's ways. What is nested as a service has `inner` inside.
fn routes(inner: impl FnOnce(Router) -> Router) -> Router {
    let old = Router::new().route("/pages/{page}", get(fine));
    Router::new()
        .route("/users/{id}", get(fine).delete(fine))
        .route("/files/{*path}", get(fine))
        .nest("/api", Router::new().route("/things/{name}", get(fine)))
        .nest_service("/old", inner(old))
}

/// Asks for something of each, twice.
async fn visit(app: Router) {
    let (addr, _server) = serve(app).await;
    let http = Http::new(addr);
    for n in 0..2 {
        for (method, path, status) in [
            ("GET", "/users/", 200),
            ("HEAD", "/users/", 200),
            ("DELETE", "/users/", 200),
            ("POST", "/users/", 405),
            ("BREW", "/users/", 405),
            ("GET", "/files/a/", 200),
            ("GET", "/api/things/", 200),
            ("GET", "/api/nothings/", 404),
            ("GET", "/old/pages/", 200),
            ("GET", "/nowhere/", 404),
        ] {
            let answer = http.send(request(method, &format!("{path}{n}"))).await;
            assert_eq!(answer.status, status, "{method} {path}");
        }
    }
}

const NAMED: [&str; 7] = [
    "DELETE /users/{id} ok 2",
    "GET /api/things/{name} ok 2",
    "GET /files/{*path} ok 2",
    "GET /users/{id} ok 2",
    "HEAD /users/{id} ok 2",
    "POST /users/{id} client_error 2",
    "_OTHER /users/{id} client_error 2",
];

fn sorted<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn inside_the_router_it_knows_all_routes_but_those_of_nested_services() {
    let (profile, _hand, layer) = profile();
    visit(routes(|old| old).layer(layer)).await;
    let rest = ["GET _unmatched client_error 4", "GET _unmatched ok 2"];
    assert_eq!(settled(&profile).await, sorted(NAMED.into_iter().chain(rest)));
}

#[tokio::test]
async fn inside_the_router_a_reporter_in_a_nested_service_tells_the_rest() {
    let (profile, _hand, layer) = profile();
    visit(routes(|old| old.layer(RouteReporter)).layer(layer)).await;
    let rest = ["GET /old/pages/{page} ok 2", "GET _unmatched client_error 4"];
    assert_eq!(settled(&profile).await, sorted(NAMED.into_iter().chain(rest)));
}

#[tokio::test]
async fn around_the_router_it_knows_no_route_unless_one_is_reported() {
    let (profile, _hand, layer) = profile();
    visit(around(routes(|old| old), layer)).await;
    let expected = [
        "DELETE _unmatched ok 2",
        "GET _unmatched client_error 4",
        "GET _unmatched ok 8",
        "HEAD _unmatched ok 2",
        "POST _unmatched client_error 2",
        "_OTHER _unmatched client_error 2",
    ];
    assert_eq!(settled(&profile).await, expected);
}

#[tokio::test]
async fn around_the_router_it_is_told_the_routes_by_a_reporter_inside() {
    let (profile, _hand, layer) = profile();
    let app = routes(|old| old.layer(RouteReporter)).layer(RouteReporter);
    visit(around(app, layer)).await;
    let rest = ["GET /old/pages/{page} ok 2", "GET _unmatched client_error 4"];
    assert_eq!(settled(&profile).await, sorted(NAMED.into_iter().chain(rest)));
}

/// The outermost counts and is told the route by the next one inside, whatever profile that one is for.
#[tokio::test]
async fn of_several_layers_the_outermost_counts() {
    let (outer, _hand, outer_layer) = profile();
    let (inner, _hand, inner_layer) = profile();
    let fine = || get(fine).layer((outer_layer.clone(), inner_layer.clone()));
    let app = Router::new()
        .route("/a/{x}", fine())
        .nest("/b", Router::new().route("/{x}", fine()).layer(inner_layer.clone()))
        .route_layer(inner_layer.clone())
        .route_layer(outer_layer.clone())
        .layer(RouteReporter)
        .layer(inner_layer);
    let (addr, _server) = serve(around(app, outer_layer)).await;
    let http = Http::new(addr);
    for path in ["/a/1", "/a/2", "/b/1", "/nowhere"] {
        http.get(path).await;
    }
    let expected = ["GET /a/{x} ok 2", "GET /b/{x} ok 1", "GET _unmatched client_error 1"];
    assert_eq!(settled(&outer).await, expected);
    assert!(inner.snapshot().routes.is_empty());
}

/// By `MethodRouter::layer` and `Router::route_layer` a layer is only around what it was added to.
#[tokio::test]
async fn a_layer_around_a_route_counts_that_route_only() {
    let (profile, _hand, layer) = profile();
    let app = Router::new()
        .route("/a/{x}", get(fine).layer(layer.clone()).post(fine))
        .route("/b/{x}", get(fine))
        .route_layer(layer)
        .route("/c/{x}", get(fine));
    let (addr, _server) = serve(app).await;
    let http = Http::new(addr);
    for (method, path) in
        [("GET", "/a/1"), ("POST", "/a/1"), ("GET", "/b/1"), ("GET", "/c/1"), ("GET", "/d")]
    {
        http.send(request(method, path)).await;
    }
    let expected = ["GET /a/{x} ok 1", "GET /b/{x} ok 1", "POST /a/{x} ok 1"];
    assert_eq!(settled(&profile).await, expected);
}

#[tokio::test]
async fn a_table_names_requests_around_the_router_and_what_axum_says_comes_first_inside() {
    let table = || RouteTable::<()>::new().route("/{section}/{id}", ());
    let app = || Router::new().route("/users/{user}", get(fine)).fallback(fine);
    for (is_inside, expected) in [
        (true, ["GET /users/{user} ok 1", "GET /{section}/{id} ok 1", "GET _unmatched ok 1"]),
        (false, ["GET /{section}/{id} ok 2", "GET _unmatched ok 1", ""]),
    ] {
        let (profile, _hand, layer) = profile();
        let layer = layer.routes(table());
        let app = if is_inside { app().layer(layer) } else { around(app(), layer) };
        let (addr, _server) = serve(app).await;
        let http = Http::new(addr);
        for path in ["/users/1", "/things/1", "/"] {
            http.get(path).await;
        }
        let expected = expected.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>();
        assert_eq!(settled(&profile).await, expected);
    }
}

/// A gRPC call to a route of its own, which the Router reports and the response proves.
#[tokio::test]
async fn a_grpc_route_that_is_told_twice_is_counted_once() {
    let say_hello = async || [(CONTENT_TYPE, "application/grpc"), (GRPC_STATUS, "0")];
    let (profile, _hand, layer) = profile();
    let app = Router::new().route("/pkg.Greeter/SayHello", post(say_hello)).layer(RouteReporter);
    let (addr, _server) = serve(around(app, layer)).await;
    let http = Http::new(addr);
    for count in 1..4 {
        assert_eq!(http.send(grpc("/pkg.Greeter/SayHello")).await.status, 200);
        assert_eq!(settled(&profile).await, [format!("POST /pkg.Greeter/SayHello ok {count}")]);
    }
}

const GRPC_STATUS: http::HeaderName = http::HeaderName::from_static("grpc-status");

fn grpc(path: &str) -> http::Request<Empty<bytes::Bytes>> {
    let mut request = request("POST", path);
    request.headers_mut().insert(CONTENT_TYPE, "application/grpc".parse().unwrap());
    request
}

/// Anybody may claim to speak gRPC, also to a service that answers every path.
#[tokio::test]
async fn a_client_that_claims_to_speak_grpc_names_no_routes_and_makes_no_errors() {
    let (profile, _hand, layer) = profile();
    let anything = service_fn(async |_| Ok(Response::new(axum::body::Body::from("index"))));
    let app = Router::new()
        .route("/users/{id}", any_service(anything))
        .fallback(fine)
        .layer(layer.clone());
    let around = around(Router::new().fallback(fine), layer);
    for app in [app, around] {
        let (addr, _server) = serve(app).await;
        let http = Http::new(addr);
        for n in 0..100 {
            assert_eq!(http.send(grpc(&format!("/invented/{n}"))).await.status, 200);
        }
        http.send(grpc("/users/7")).await;
    }
    let expected = ["POST /users/{id} ok 1", "POST _unmatched ok 201"];
    assert_eq!(settled(&profile).await, expected);
}

#[tokio::test]
async fn a_client_that_claims_to_speak_grpc_gets_the_errors_of_http() {
    let (profile, _hand, layer) = profile();
    let app = Router::new().route("/", get(fine)).layer(layer);
    let (addr, _server) = serve(app).await;
    let http = Http::new(addr);
    for (path, status) in [("/nowhere", 404), ("/", 405)] {
        assert_eq!(http.send(grpc(path)).await.status, status);
    }
    let expected = ["POST / client_error 1", "POST _unmatched client_error 1"];
    assert_eq!(settled(&profile).await, expected);
}
