//! The layers in axum, over a socket.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{MatchedPath, Request},
    middleware::{Next, from_fn},
    routing::{any, get, post},
};
use http::Method;
use http_body_util::Empty;
use tower_http::cors::CorsLayer;
use tower_weir::{
    clock::{Clock, ManualClock},
    head::Head,
    key::{KeyExtractor, PeerIp},
    rate_limit::{Quota, RateLimitLayer, Rule},
    route::{RouteLabels, RouteTable, UNMATCHED},
};

use crate::client::{Http, Server, listen};

async fn serve(app: Router) -> (Http, Server) {
    let (listener, addr) = listen().await;
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = Server::spawn(async move { axum::serve(listener, service).await.unwrap() });
    (Http::new(addr), server)
}

fn limit(quota: Quota) -> (RateLimitLayer, ManualClock) {
    let (clock, hand) = Clock::manual();
    (RateLimitLayer::new(quota).clock(clock), hand)
}

async fn fine() -> &'static str {
    "fine"
}

#[tokio::test]
async fn a_router_layer_limits_all_routes_together() {
    let (layer, hand) = limit(Quota::per_second(4));
    let app = Router::new().route("/a", get(fine)).route("/b", get(fine).post(fine));
    let (http, _server) = serve(app.layer(layer.key(PeerIp))).await;
    assert_eq!(http.statuses(Method::GET, "/a", 3).await, [200, 200, 200]);
    assert_eq!(http.statuses(Method::POST, "/b", 2).await, [200, 429]);
    assert_eq!(http.statuses(Method::GET, "/nowhere", 1).await, [429]);
    let limited = http.get("/a").await;
    assert_eq!(limited.header("retry-after"), "1");
    assert_eq!(limited.header("ratelimit-policy"), r#""second";q=4;w=1"#);
    assert_eq!(limited.header("ratelimit"), r#""second";r=0;t=1"#);
    assert_eq!(limited.header("content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_slice(&limited.body).unwrap();
    assert_eq!(problem["violated-policies"], serde_json::json!(["second"]));
    hand.advance(Duration::from_secs(1));
    assert_eq!(http.statuses(Method::GET, "/a", 5).await, [200, 200, 200, 200, 429]);
}

#[tokio::test]
async fn a_method_router_layer_limits_its_methods() {
    let (layer, _hand) = limit(Quota::per_second(2));
    let (other, _hand) = limit(Quota::per_second(1));
    let app = Router::new()
        .route("/a", get(fine).layer(layer.clone()).post(fine))
        .route("/b", get(fine).layer(layer))
        .route("/c", any(fine).layer(other));
    let (http, _server) = serve(app).await;
    // Two routes given clones of one layer share its limit; a method added after the layer is outside of it.
    assert_eq!(http.statuses(Method::GET, "/a", 1).await, [200]);
    assert_eq!(http.statuses(Method::GET, "/b", 2).await, [200, 429]);
    assert_eq!(http.statuses(Method::POST, "/a", 3).await, [200, 200, 200]);
    assert_eq!(http.statuses(Method::HEAD, "/a", 1).await, [429]);
    assert_eq!(http.statuses(Method::GET, "/c", 2).await, [200, 429]);
}

#[tokio::test]
async fn one_layer_with_a_table_limits_by_route_pattern_and_method() {
    let routes = || {
        RouteTable::new()
            .route("/users/{id}", Quota::per_minute(3))
            .method_route(Method::POST, "/login", Quota::per_minute(1))
            .route("/api/things/{thing}", Rule::new(Quota::per_minute(2)).key(PeerIp))
            .route("/static/{*file}", Quota::per_minute(2))
    };
    let things = Router::new().route("/things/{name}", get(fine));
    let app = |layer: RateLimitLayer| {
        Router::new()
            .route("/users/{user}", get(fine))
            .route("/login", post(fine).get(fine))
            .route("/static/{*path}", get(fine))
            .route("/free", get(fine))
            .nest("/api", things.clone())
            .layer(layer)
    };
    let around =
        |layer: RateLimitLayer, app: Router| Router::new().fallback_service(app).layer(layer);
    let layer = || RateLimitLayer::for_routes(routes()).clock(Clock::manual().0);
    // Inside the Router, where axum says which pattern it matched, and around it, where there is only the path.
    for app in [app(layer()), around(layer(), app(RateLimitLayer::for_routes(RouteTable::new())))] {
        let (http, _server) = serve(app).await;
        assert_eq!(http.statuses(Method::GET, "/users/1", 2).await, [200, 200]);
        assert_eq!(http.statuses(Method::GET, "/users/2", 2).await, [200, 429]);
        assert_eq!(http.statuses(Method::HEAD, "/users/3", 1).await, [429]);
        assert_eq!(http.statuses(Method::POST, "/login", 2).await, [200, 429]);
        assert_eq!(http.statuses(Method::GET, "/login", 3).await, [200, 200, 200]);
        // A nested Router sees its own part of the path; the table names the whole.
        assert_eq!(http.statuses(Method::GET, "/api/things/a", 3).await, [200, 200, 429]);
        assert_eq!(http.statuses(Method::GET, "/static/a/b.css", 3).await, [200, 200, 429]);
        assert_eq!(http.statuses(Method::GET, "/free", 5).await, [200; 5]);
    }
}

/// An entry may say more than the Router does, as for the methods of a gRPC service that is one route to axum.
#[tokio::test]
async fn the_table_may_be_more_specific_than_the_router() {
    let routes = RouteTable::new()
        .route("/users/me", Quota::per_minute(1))
        .route("/users/{id}", Quota::per_minute(3))
        .rpc("pkg.Greeter", "SayHello", Quota::per_minute(1))
        .service("pkg.Greeter", Quota::per_minute(2))
        .route("/things/{id}", Quota::per_minute(1))
        .route("/{{odd}}", Quota::per_minute(1));
    let app = Router::new()
        .route("/users/{user}", get(fine))
        .route("/{{odd}}", get(fine))
        .route("/pkg.Greeter/{*method}", post(fine))
        // Inside, its path looks like that of another route.
        .nest("/api", Router::new().route("/things/{id}", get(fine)))
        .layer(RateLimitLayer::for_routes(routes).clock(Clock::manual().0));
    let (http, _server) = serve(app).await;
    assert_eq!(http.statuses(Method::GET, "/users/me", 2).await, [200, 429]);
    assert_eq!(http.statuses(Method::GET, "/users/7", 4).await, [200, 200, 200, 429]);
    assert_eq!(http.statuses(Method::POST, "/pkg.Greeter/SayHello", 2).await, [200, 429]);
    assert_eq!(http.statuses(Method::POST, "/pkg.Greeter/Other", 3).await, [200, 200, 429]);
    assert_eq!(http.statuses(Method::GET, "/api/things/7", 3).await, [200; 3]);
    assert_eq!(http.statuses(Method::GET, "/%7Bodd%7D", 1).await, [404]);
}

#[tokio::test]
async fn a_layer_inside_a_nested_router_knows_the_whole_pattern() {
    let layer = RateLimitLayer::for_routes(
        RouteTable::new().route("/api/things/{thing}", Quota::per_minute(2)),
    );
    let things = Router::new().route("/things/{name}", get(fine)).layer(layer.clone());
    let by_method_router = Router::new().route("/things/{name}", get(fine).layer(layer.clone()));
    let by_route_layer = Router::new().route("/things/{name}", get(fine)).route_layer(layer);
    let app = Router::new().nest("/api", things);
    let (http, _server) = serve(app).await;
    assert_eq!(http.statuses(Method::GET, "/api/things/a", 1).await, [200]);
    let (http, _server) = serve(Router::new().nest("/api", by_method_router)).await;
    assert_eq!(http.statuses(Method::GET, "/api/things/b", 1).await, [200]);
    let (http, _server) = serve(Router::new().nest("/api", by_route_layer)).await;
    assert_eq!(http.statuses(Method::GET, "/api/things/c", 1).await, [429], "clones share");
}

/// Without `with_state`, axum makes the layer's service anew for each request; with it, for each route.
#[tokio::test]
async fn state_does_not_depend_on_how_often_axum_calls_layer() {
    let (layer, _hand) = limit(Quota::per_minute(2));
    let app = Router::new().route("/", get(fine)).layer(layer);
    let (http, _server) = serve(app).await;
    assert_eq!(http.statuses(Method::GET, "/", 3).await, [200, 200, 429]);

    let (layer, _hand) = limit(Quota::per_minute(2));
    let app: Router<()> = Router::<u8>::new().route("/", get(fine)).layer(layer).with_state(1);
    let (http, _server) = serve(app).await;
    assert_eq!(http.statuses(Method::GET, "/", 3).await, [200, 200, 429]);
}

#[tokio::test]
async fn peers_are_told_apart_by_their_address() {
    let (layer, _hand) = limit(Quota::per_minute(1));
    let app = Router::new().route("/", get(fine)).layer(layer.key(PeerIp));
    let (listener, addr) = listen().await;
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let _server = Server::spawn(async move { axum::serve(listener, service).await.unwrap() });
    let from = async |local: &str| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{local}:0").parse().unwrap()).unwrap();
        let stream = hyper_util::rt::TokioIo::new(socket.connect(addr).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        let _connection = Server::spawn(async move { drop(connection.await) });
        let request = Request::get("/").header("host", "test").body(Empty::<Bytes>::new()).unwrap();
        sender.send_request(request).await.unwrap().status().as_u16()
    };
    assert_eq!(from("127.0.0.1").await, 200);
    assert_eq!(from("127.0.0.1").await, 429);
    assert_eq!(from("127.0.0.2").await, 200);
}

#[tokio::test]
async fn without_connect_info_all_peers_share_one_limit_and_nobody_gets_a_500() {
    let (layer, _hand) = limit(Quota::per_minute(2));
    let app = Router::new().route("/", get(fine)).layer(layer.key(PeerIp));
    let (listener, addr) = listen().await;
    let _server = Server::spawn(async move { axum::serve(listener, app).await.unwrap() });
    assert_eq!(Http::new(addr).statuses(Method::GET, "/", 4).await, [200, 200, 429, 429]);
}

#[tokio::test]
async fn cors_outside_answers_preflights_and_marks_rejections() {
    let (layer, _hand) = limit(Quota::per_minute(1));
    let app = Router::new().route("/", get(fine)).layer(layer).layer(CorsLayer::permissive());
    let (http, _server) = serve(app).await;
    let send = async |method: Method| {
        let request =
            Request::builder().method(method).uri("/").header("origin", "https://example.com");
        let request = request.header("access-control-request-method", "GET");
        http.send(request.body(Empty::new()).unwrap()).await
    };
    for _ in 0..3 {
        assert_eq!(send(Method::OPTIONS).await.status, 200);
    }
    assert_eq!(send(Method::GET).await.status, 200);
    let limited = send(Method::GET).await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn preflights_pass_to_a_router_that_answers_them_itself() {
    let (layer, _hand) = limit(Quota::per_minute(1));
    let app = Router::new().route("/", get(fine).options(fine)).layer(layer);
    let (http, _server) = serve(app).await;
    for _ in 0..3 {
        let request = Request::options("/").header("origin", "https://example.com");
        let request = request.header("access-control-request-method", "GET");
        assert_eq!(http.send(request.body(Empty::new()).unwrap()).await.status, 200);
    }
    assert_eq!(http.statuses(Method::GET, "/", 2).await, [200, 429]);
}

/// Where axum gives the matched pattern, and where not.
#[tokio::test]
async fn labels_follow_the_matched_path() {
    let labels = RouteLabels::new(100);
    let mark = |app: Router| {
        let labels = labels.clone();
        app.layer(from_fn(move |request: Request, next: Next| {
            let label = labels.of(&Head::of(&request)).to_string();
            async move {
                let mut response = next.run(request).await;
                response.headers_mut().insert("x-label", label.parse().unwrap());
                response
            }
        }))
    };
    let app = Router::new()
        .route("/users/{id}", get(fine))
        .nest("/api", Router::new().route("/things/{name}", get(fine)))
        .fallback(fine);
    let labels_of = async |app: Router| {
        let (http, _server) = serve(app).await;
        let mut labels = Vec::new();
        for path in ["/users/7", "/api/things/x", "/nowhere"] {
            labels.push(http.get(path).await.header("x-label").to_owned());
        }
        labels
    };
    assert_eq!(
        labels_of(mark(app.clone())).await,
        ["/users/{id}", "/api/things/{name}", UNMATCHED]
    );
    let around = mark(Router::new().fallback_service(app));
    assert_eq!(labels_of(around).await, [UNMATCHED; 3]);
}

#[tokio::test]
async fn the_layer_and_the_handler_see_the_same_extensions() {
    let key = |head: &Head<'_>| {
        let peer = PeerIp.extract(head).unwrap().address();
        let path = head.extensions.get::<MatchedPath>().unwrap().as_str().to_owned();
        (peer, path)
    };
    let (layer, _hand) = limit(Quota::per_minute(1));
    let handler = async |path: MatchedPath, peer: axum::extract::ConnectInfo<SocketAddr>| {
        format!("{} {}", path.as_str(), peer.ip())
    };
    let app = Router::new()
        .route("/a/{x}", get(handler))
        .route("/b/{x}", get(handler))
        .layer(layer.key(key));
    let (http, _server) = serve(app).await;
    assert_eq!(http.get("/a/1").await.body, "/a/{x} 127.0.0.1");
    assert_eq!(http.get("/b/1").await.body, "/b/{x} 127.0.0.1");
    assert_eq!(http.get("/a/2").await.status, 429);
}
