//! The cache in axum, over a socket.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::Path,
    response::IntoResponse,
    routing::{MethodRouter, get, post},
};
use http::{HeaderValue, Request};
use http_body_util::Empty;
use tokio::sync::Semaphore;
use tonic::codegen::tokio_stream::{self, StreamExt};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_weir::{
    cache::{CacheLayer, MemoryStore},
    clock::Clock,
};

use crate::{
    client::{Answer, Http, Server, listen},
    raw::Raw,
    until::until,
};

async fn serve(app: Router) -> (Http, SocketAddr, Server) {
    let (listener, addr) = listen().await;
    let server = Server::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (Http::new(addr), addr, server)
}

fn store() -> MemoryStore {
    MemoryStore::with_max_bytes(16 << 20)
}

fn layer() -> CacheLayer {
    CacheLayer::new(store()).default_ttl(Duration::from_secs(60))
}

/// A handler that answers with its name and how often it was called.
fn counted<S: Clone + Send + Sync + 'static>(name: &'static str) -> MethodRouter<S> {
    let calls = Arc::new(AtomicUsize::new(0));
    get(async move || format!("{name} {}", calls.fetch_add(1, SeqCst)))
}

fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

async fn texts(http: &Http, paths: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for path in paths {
        all.push(text(&http.get(path).await).to_owned());
    }
    all
}

/// axum makes services anew for each route, with state, and without state for each request.
#[tokio::test]
async fn one_layer_is_one_cache_wherever_axum_puts_it() {
    let routes = || Router::new().route("/a", counted("a")).route("/b", counted("b"));
    let stateful = || Router::<u8>::new().route("/a", counted("a")).route("/b", counted("b"));
    type Build<'a> = Box<dyn Fn(CacheLayer) -> Router + 'a>;
    let apps: [Build<'_>; 7] = [
        Box::new(|layer| routes().layer(layer)),
        Box::new(|layer| routes().route_layer(layer)),
        Box::new(|layer| {
            let a = Router::new().route("/a", counted("a").layer(layer.clone()));
            a.route("/b", counted("b").route_layer(layer))
        }),
        Box::new(|layer| stateful().layer(layer).with_state(1)),
        Box::new(|layer| stateful().route_layer(layer).with_state(1)),
        Box::new(|layer| Router::new().fallback_service(routes().layer(layer))),
        Box::new(|layer| Router::new().merge(routes()).fallback(async || "none").layer(layer)),
    ];
    for (n, app) in apps.iter().enumerate() {
        let layer = layer();
        let cache = layer.handle();
        let (http, ..) = &serve(app(layer)).await;
        for _ in 0..2 {
            assert_eq!(texts(http, &["/a", "/b", "/a"]).await, ["a 0", "b 0", "a 0"], "app {n}");
        }
        let total = cache.stats().total;
        assert_eq!((total.hits, total.misses), (4, 2), "app {n}");
        cache.purge(&"/a".parse().unwrap());
        assert_eq!(texts(http, &["/a", "/b"]).await, ["a 1", "b 0"], "app {n}");
    }
}

/// axum strips the prefix of nested routers from the URI that their layers see.
#[tokio::test]
async fn nested_routers_with_the_same_paths_are_told_apart() {
    let layer = layer();
    let cache = layer.handle();
    let inner = |name| Router::new().route("/a", counted(name)).layer(layer.clone());
    let app = Router::new().nest("/x", inner("x")).nest("/y", inner("y"));
    let app = app.nest("/deep", Router::new().nest("/er", inner("z")));
    let (http, ..) = &serve(app.merge(inner("top"))).await;
    for _ in 0..2 {
        let paths = ["/x/a", "/y/a", "/deep/er/a", "/a"];
        assert_eq!(texts(http, &paths).await, ["x 0", "y 0", "z 0", "top 0"]);
    }
    cache.purge(&"/x/a".parse().unwrap());
    cache.purge_prefix("/deep/");
    let paths = ["/x/a", "/y/a", "/deep/er/a", "/a"];
    assert_eq!(texts(http, &paths).await, ["x 1", "y 0", "z 1", "top 0"]);
}

#[tokio::test]
async fn routes_share_a_store_and_keep_their_own_ways() {
    let (clock, hand) = Clock::manual();
    let store = store();
    let layer = |name, ttl| {
        let layer = CacheLayer::new(store.clone()).named(name).clock(clock.clone());
        layer.default_ttl(Duration::from_secs(ttl))
    };
    let (short, long) = (layer("short", 10), layer("long", 100));
    let (short_cache, long_cache) = (short.handle(), long.handle());
    let app = Router::new()
        .route("/short", counted("short").layer(short))
        .route("/long", counted("long").layer(long))
        .route("/none", counted("none"));
    let (http, ..) = &serve(app).await;
    let all = async || texts(http, &["/short", "/long", "/none"]).await;
    assert_eq!(all().await, ["short 0", "long 0", "none 0"]);
    assert_eq!(all().await, ["short 0", "long 0", "none 1"]);
    hand.advance(Duration::from_secs(11));
    assert_eq!(all().await, ["short 1", "long 0", "none 2"]);
    assert_eq!(short_cache.stats().store.entries, long_cache.stats().store.entries);
    long_cache.purge_all();
    assert_eq!(all().await, ["short 1", "long 1", "none 3"]);
    assert_eq!(http.get("/long").await.header("cache-status"), "long; hit; ttl=100");
}

#[tokio::test]
async fn a_refresh_in_the_background_has_the_parameters_of_the_path() {
    let (clock, hand) = Clock::manual();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let handler = get(async move |Path((user, post)): Path<(String, u32)>| {
        let call = counted.fetch_add(1, SeqCst);
        const CONTROL: &str = "max-age=60, stale-while-revalidate=60";
        ([("cache-control", CONTROL)], format!("{user}/{post} {call}"))
    });
    let app = Router::new().route("/{user}/posts/{post}", handler);
    let app = Router::new().nest("/users", app).layer(layer().clock(clock));
    let (http, ..) = &serve(app).await;
    assert_eq!(texts(http, &["/users/ann/posts/7"]).await, ["ann/7 0"]);
    hand.advance(Duration::from_secs(61));
    assert_eq!(texts(http, &["/users/ann/posts/7"]).await, ["ann/7 0"]);
    until(|| calls.load(SeqCst) == 2).await;
    let refreshed = loop {
        let answer = http.get("/users/ann/posts/7").await;
        if text(&answer) != "ann/7 0" {
            break answer;
        }
    };
    assert_eq!(text(&refreshed), "ann/7 1");
    assert_eq!(calls.load(SeqCst), 2);
}

#[tokio::test]
async fn what_layers_outside_add_is_not_stored() {
    let origins = ["http://one.test", "http://two.test"];
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.map(|origin| origin.parse().unwrap())));
    let (http, ..) =
        &serve(Router::new().route("/", counted("a")).layer(layer()).layer(cors)).await;
    for (n, origin) in [origins[0], origins[1], origins[0], "http://three.test"].iter().enumerate()
    {
        let request = Request::get("/").header("origin", *origin).body(Empty::new()).unwrap();
        let answer = http.send(request).await;
        let allowed = if n < 3 { *origin } else { "" };
        assert_eq!((text(&answer), answer.header("access-control-allow-origin")), ("a 0", allowed));
        assert_eq!(answer.headers.get_all("vary").iter().count(), 1, "{:?}", answer.headers);
    }
}

/// A body whose second half is sent when it is let go.
fn halves(go: &Arc<Semaphore>) -> Body {
    let go = Arc::clone(go);
    let second = tokio_stream::iter([Ok::<_, Infallible>("second")]);
    let second = StreamExt::then(second, move |half| {
        let go = Arc::clone(&go);
        async move {
            go.acquire().await.unwrap().forget();
            half
        }
    });
    Body::from_stream(tokio_stream::iter([Ok("first,")]).chain(second))
}

#[tokio::test]
async fn the_first_byte_does_not_wait_for_the_last() {
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let handler = get(async move || ([("cache-control", "max-age=60")], halves(&gate)));
    let (http, addr, _server) = &serve(Router::new().route("/", handler).layer(layer())).await;
    const REQUEST: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let mut leader = Raw::send(*addr, REQUEST).await;
    assert!(leader.read_to("first,").await.contains("cache-status: weir; fwd=uri-miss; stored"));
    let mut follower = Raw::send(*addr, REQUEST).await;
    assert!(follower.read_to("first,").await.contains("collapsed"));
    go.add_permits(1);
    assert!(leader.read_all().await.contains("second"));
    assert!(follower.read_all().await.contains("second"));
    let request = Request::get("/").header("host", "a").body(Empty::new()).unwrap();
    assert_eq!(text(&http.send(request).await), "first,second");
}

#[tokio::test]
async fn a_change_through_the_same_method_router_invalidates() {
    let app = counted("a").post(async || "changed").layer(layer());
    let (http, ..) = &serve(Router::new().route("/", app)).await;
    assert_eq!(texts(http, &["/", "/"]).await, ["a 0", "a 0"]);
    let request = Request::post("/").body(Empty::new()).unwrap();
    let changed = http.send(request).await;
    assert_eq!((text(&changed), changed.header("cache-status")), ("changed", "weir; fwd=method"));
    assert_eq!(texts(http, &["/"]).await, ["a 1"]);
}

#[tokio::test]
async fn queries_are_told_apart_by_their_body() {
    let calls = Arc::new(AtomicUsize::new(0));
    let search = post(async move |query: String| {
        format!("{query} {}\n", calls.fetch_add(1, SeqCst)).into_response()
    });
    let app = Router::new().route("/search", search).layer(layer().keyed_by_body(Body::new));
    let (_, addr, _server) = serve(app).await;
    let ask = async |query: &str| {
        let length = query.len();
        let head = format!("POST /search HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n");
        let request = format!("{head}content-type: text/plain\r\nconnection: close\r\n\r\n{query}");
        let answer = Raw::send(addr, &request).await.read_all().await;
        answer.lines().last().unwrap().to_owned()
    };
    for _ in 0..2 {
        assert_eq!(ask("one").await, "one 0");
        assert_eq!(ask("two").await, "two 1");
    }
}

/// A layer inside that writes the URI anew shows the cache another one than the client asked for: both count.
#[tokio::test]
async fn what_a_layer_inside_the_router_makes_of_a_uri_counts_too() {
    let rewrite = axum::middleware::map_request(async |mut request: Request<Body>| {
        let tenant =
            request.headers().get("x-tenant").map_or("none", |tenant| tenant.to_str().unwrap());
        let uri = format!("/{tenant}{}", request.uri().path());
        *request.uri_mut() = uri.parse().unwrap();
        request
    });
    let echo = get(async |request: Request<Body>| request.uri().path().to_owned());
    let (http, ..) = &serve(Router::new().route("/a", echo.layer(layer()).layer(rewrite))).await;
    for tenant in ["one", "two", "one"] {
        let request = Request::get("/a").header("x-tenant", HeaderValue::from_static(tenant));
        let answer = http.send(request.body(Empty::new()).unwrap()).await;
        assert_eq!(text(&answer), format!("/{tenant}/a"));
    }
}
