//! Coalesced calls in axum, over a socket.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::{
    Router,
    body::Body,
    response::AppendHeaders,
    routing::{MethodRouter, get, post},
};
use http::{HeaderValue, Method, Request};
use http_body_util::{Empty, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tokio::sync::Semaphore;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_weir::coalesce::{CoalesceLayer, Handle};

use crate::{
    client::{Answer, Http, Server, listen},
    until::until,
};

async fn serve(app: Router) -> (Http, SocketAddr, Server) {
    let (listener, addr) = listen().await;
    let server = Server::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (Http::new(addr), addr, server)
}

/// A handler that answers with its name and how often it was called, when it is let go.
fn gated<S: Clone + Send + Sync + 'static>(
    name: &'static str,
    go: &Arc<Semaphore>,
) -> MethodRouter<S> {
    let (calls, go) = (Arc::new(AtomicUsize::new(0)), Arc::clone(go));
    get(async move || {
        let call = calls.fetch_add(1, SeqCst);
        go.acquire().await.unwrap().forget();
        format!("{name} {call}")
    })
}

fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

/// As soon as so many wait and so many calls are under way, all go on.
async fn go(handle: &Handle, semaphore: &Semaphore, calls: u64, waiting: u64) {
    until(|| {
        let stats = handle.stats();
        (stats.in_flight, stats.waiting) == (calls, waiting)
    })
    .await;
    semaphore.add_permits(calls as usize);
}

/// axum makes services anew for each route, with state, and without state for each request.
#[tokio::test]
async fn one_layer_shares_calls_wherever_axum_puts_it() {
    type Build = fn(CoalesceLayer, &Arc<Semaphore>) -> Router;
    let apps: [Build; 5] = [
        |layer, go| Router::new().route("/a", gated("a", go)).layer(layer),
        |layer, go| Router::new().route("/a", gated("a", go)).route_layer(layer),
        |layer, go| Router::new().route("/a", gated("a", go).layer(layer)),
        |layer, go| Router::<u8>::new().route("/a", gated("a", go)).layer(layer).with_state(1),
        |layer, go| {
            let inner = Router::new().route("/a", gated("a", go)).layer(layer);
            Router::new().fallback_service(inner)
        },
    ];
    for (n, app) in apps.iter().enumerate() {
        let (layer, semaphore) = (CoalesceLayer::new(), Arc::new(Semaphore::new(0)));
        let handle = layer.handle();
        let (http, ..) = &serve(app(layer, &semaphore)).await;
        let (one, other, third, ()) = tokio::join!(
            http.get("/a"),
            http.get("/a"),
            http.get("/a"),
            go(&handle, &semaphore, 1, 2)
        );
        for answer in [one, other, third] {
            assert_eq!(text(&answer), "a 0", "app {n}");
        }
    }
}

/// axum strips the prefix of nested routers from the URI that their layers see.
#[tokio::test]
async fn nested_routers_with_the_same_paths_are_told_apart() {
    let (layer, semaphore) = (CoalesceLayer::new(), Arc::new(Semaphore::new(0)));
    let handle = layer.handle();
    let inner = |name| Router::new().route("/a", gated(name, &semaphore)).layer(layer.clone());
    let app = Router::new().nest("/x", inner("x")).nest("/y", inner("y")).merge(inner("top"));
    let (http, ..) = &serve(app).await;
    let (x, same, y, top, ()) = tokio::join!(
        http.get("/x/a"),
        http.get("/x/a"),
        http.get("/y/a"),
        http.get("/a"),
        go(&handle, &semaphore, 3, 1)
    );
    let texts = [&x, &same, &y, &top].map(text);
    assert_eq!(texts, ["x 0", "x 0", "y 0", "top 0"]);
}

#[tokio::test]
async fn answers_to_other_origins_are_not_given_to_one() {
    let (layer, semaphore) = (CoalesceLayer::new(), Arc::new(Semaphore::new(0)));
    let handle = layer.handle();
    let cors = CorsLayer::new().allow_origin(AllowOrigin::mirror_request());
    // Wrongly within, where what it says is shared.
    let app = Router::new().route("/a", gated("a", &semaphore)).layer(cors).layer(layer);
    let (http, ..) = &serve(app).await;
    let send = |origin: &str| {
        let request = Request::get("/a").header("origin", origin);
        http.send(request.body(Empty::new()).unwrap())
    };
    let go = go(&handle, &semaphore, 2, 1);
    let (one, same, other, ()) =
        tokio::join!(send("http://a"), send("http://a"), send("http://b"), go);
    for (answer, origin) in [(&one, "http://a"), (&same, "http://a"), (&other, "http://b")] {
        assert_eq!(answer.headers["access-control-allow-origin"], HeaderValue::from_static(origin));
    }
    let stats = handle.stats();
    assert_eq!((stats.led, stats.shared, stats.alone), (2, 1, 0));
}

#[tokio::test]
async fn sessions_that_begin_are_not_shared() {
    let (layer, semaphore) = (CoalesceLayer::new(), Arc::new(Semaphore::new(0)));
    let (handle, sessions, wait) =
        (layer.handle(), Arc::new(AtomicUsize::new(0)), Arc::clone(&semaphore));
    let begin = async move || {
        wait.acquire().await.unwrap().forget();
        let session = sessions.fetch_add(1, SeqCst).to_string();
        (AppendHeaders([("set-cookie", format!("id={session}"))]), session)
    };
    let (http, ..) = &serve(Router::new().route("/", get(begin)).layer(layer)).await;
    let go = async {
        go(&handle, &semaphore, 1, 2).await;
        semaphore.add_permits(2);
    };
    let (one, other, third, ()) = tokio::join!(http.get("/"), http.get("/"), http.get("/"), go);
    let mut texts = [&one, &other, &third].map(text);
    texts.sort();
    assert_eq!(texts, ["0", "1", "2"]);
}

#[tokio::test]
async fn queries_by_post_share_by_their_body() {
    let semaphore = Arc::new(Semaphore::new(0));
    let layer = CoalesceLayer::new().keyed_by_body(Body::new).only(|head| head.uri.path() == "/q");
    let (handle, wait, calls) =
        (layer.handle(), Arc::clone(&semaphore), Arc::new(AtomicUsize::new(0)));
    let find = async move |query: String| {
        let call = calls.fetch_add(1, SeqCst);
        wait.acquire().await.unwrap().forget();
        format!("{query} {call}")
    };
    let (_, addr, _server) = serve(Router::new().route("/q", post(find)).layer(layer)).await;
    let send = async |body: &'static str| {
        let request = Request::builder().method(Method::POST).uri(format!("http://{addr}/q"));
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
        let response = client.request(request.body(Full::from(body)).unwrap()).await.unwrap();
        http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes()
    };
    let (one, same, other, ()) =
        tokio::join!(send("a"), send("a"), send("b"), go(&handle, &semaphore, 2, 1));
    assert_eq!(one, same);
    assert_ne!(one, other);
    assert!(other.starts_with(b"b "));
}
