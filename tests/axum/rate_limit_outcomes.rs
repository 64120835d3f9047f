//! Limits that look at responses, wait, and are steered, in axum, over a socket.

use std::{
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Path,
    routing::get,
};
use http::{Method, Request, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower_weir::{
    clock::{Clock, ManualClock},
    key::PeerIp,
    rate_limit::{Queue, Quota, RateLimitLayer},
};

use crate::{
    client::{Http, Server, listen},
    until::until,
};

async fn serve(app: Router) -> (SocketAddr, Server) {
    let (listener, addr) = listen().await;
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    (addr, Server::spawn(async move { axum::serve(listener, service).await.unwrap() }))
}

fn limit(quota: Quota) -> (RateLimitLayer, ManualClock) {
    let (clock, hand) = Clock::manual();
    (RateLimitLayer::new(quota).key(PeerIp).clock(clock), hand)
}

async fn fine() -> &'static str {
    "fine"
}

#[tokio::test]
async fn only_failed_logins_count_inside_and_outside_of_the_router() {
    let login = async |Path(password): Path<String>| match password.as_str() {
        "right" => StatusCode::OK,
        _ => StatusCode::UNAUTHORIZED,
    };
    let app = || Router::new().route("/login/{password}", get(login));
    let layer = || {
        let (layer, hand) = limit(Quota::per_minute(2));
        (layer.charge_on(|served| u32::from(served.status == 401)), hand)
    };
    let (inside, inside_hand) = layer();
    let (outside, outside_hand) = layer();
    let outside = Router::new().fallback_service(app()).layer(outside);
    for (app, hand) in [(app().route_layer(inside), inside_hand), (outside, outside_hand)] {
        let (addr, _server) = serve(app).await;
        let http = Http::new(addr);
        assert_eq!(http.statuses(Method::GET, "/login/right", 5).await, [200; 5]);
        assert_eq!(http.statuses(Method::GET, "/login/wrong", 3).await, [401, 401, 429]);
        assert_eq!(http.statuses(Method::GET, "/login/right", 1).await, [429]);
        hand.advance(Duration::from_secs(30));
        assert_eq!(http.statuses(Method::GET, "/login/right", 5).await, [200; 5]);
        assert_eq!(http.statuses(Method::GET, "/login/wrong", 2).await, [401, 429]);
    }
}

/// So many chunks of 1,000 bytes, and then the end or nothing ever.
struct Chunks {
    left: usize,
    ends: bool,
}

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.left {
            0 if self.ends => Poll::Ready(None),
            0 => Poll::Pending,
            _ => {
                self.left -= 1;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[7; 1_000])))))
            }
        }
    }
}

#[tokio::test]
async fn downloads_are_charged_by_what_was_sent() {
    let (layer, _hand) = limit(Quota::per_hour(100));
    let layer = layer.charge_at_end(|served| (served.bytes / 1_000) as u32);
    let app = Router::new()
        .route("/whole", get(async || Body::new(Chunks { left: 10, ends: true })))
        .route("/part", get(async || Body::new(Chunks { left: 3, ends: false })))
        .route("/", get(fine))
        .layer(layer);
    let (addr, _server) = serve(app).await;
    let http = Http::new(addr);
    let remaining = async || http.get("/").await.header("ratelimit").to_owned();
    // One is reserved for the request that asks.
    assert_eq!(remaining().await, r#""hour";r=99;t=36"#);
    assert_eq!(http.get("/whole").await.body.len(), 10_000);
    assert_eq!(remaining().await, r#""hour";r=89;t=36"#);

    let request = Request::get(format!("http://{addr}/part")).body(Empty::<Bytes>::new()).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut body = client.request(request).await.unwrap().into_body();
    let mut read = 0;
    while read < 3_000 {
        read += body.frame().await.unwrap().unwrap().into_data().unwrap().len();
    }
    assert_eq!(remaining().await, r#""hour";r=88;t=36"#, "as much is reserved as it costs");
    drop((body, client));
    while remaining().await == r#""hour";r=88;t=36"# {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(remaining().await, r#""hour";r=86;t=36"#);
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_gives_its_place_to_those_behind() {
    const INTERVAL: Duration = Duration::from_millis(5);
    let (layer, hand) = limit(Quota::every(INTERVAL));
    let layer = layer.queue(Queue::new(Duration::from_secs(600), 10));
    let served = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&served);
    let handler = async move |Path(name): Path<String>| log.lock().unwrap().push(name);
    let app = Router::new().route("/{name}", get(handler)).layer(layer.clone());
    let (addr, _server) = serve(app).await;
    assert_eq!(Http::new(addr).get("/first").await.status, 200);
    // The layer's clock stands, so they wait until it is moved.
    let mut clients = Vec::new();
    for (before, name) in ["/leaves", "/second", "/leaves-too", "/third"].into_iter().enumerate() {
        let client = tokio::spawn(async move { Http::new(addr).get(name).await.status });
        clients.push(client);
        until(|| layer.waiting() > before).await;
    }
    for (client, left) in [(2, 3), (0, 2)] {
        clients[client].abort();
        until(|| layer.waiting() == left).await;
    }
    for (client, left) in [(1, 1), (3, 0)] {
        hand.advance(INTERVAL);
        assert_eq!((&mut clients[client]).await.unwrap(), 200);
        assert_eq!(layer.waiting(), left);
    }
    assert_eq!(*served.lock().unwrap(), ["first", "second", "third"]);
    // Nothing was charged for those who left: the next one does not wait.
    hand.advance(INTERVAL);
    assert_eq!(Http::new(addr).get("/fourth").await.status, 200);
}

/// A queue under each of axum's ways to add a layer.
#[tokio::test]
async fn a_queued_layer_goes_wherever_a_layer_goes() {
    let layer = || limit(Quota::per_day(1)).0.queue(Queue::new(Duration::from_millis(1), 1));
    let apps = [
        Router::new().route("/", get(fine)).layer(layer()),
        Router::new().route("/", get(fine)).route_layer(layer()),
        Router::new().route("/", get(fine).layer(layer())),
        Router::<u8>::new().route("/", get(fine).layer(layer())).with_state(1),
    ];
    for app in apps {
        let (addr, _server) = serve(app).await;
        assert_eq!(Http::new(addr).statuses(Method::GET, "/", 2).await, [200, 429]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotas_and_overrides_change_while_requests_flow() {
    const SLOW: Quota = Quota::every(Duration::from_secs(10)).burst(10);
    const FAST: Quota = Quota::every(Duration::from_secs(1)).burst(10);
    let policy_of = |layer: &RateLimitLayer| {
        layer.handle().limit("default").unwrap().policies().next().unwrap()
    };
    let (layer, hand) = limit(SLOW);
    let policy = policy_of(&layer);
    let (addr, _server) = serve(Router::new().route("/", get(fine)).layer(layer)).await;
    let (passed, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let clients = [(); 3].map(|()| {
        let (passed, stop) = (Arc::clone(&passed), Arc::clone(&stop));
        tokio::spawn(async move {
            let http = Http::new(addr);
            while !stop.load(Ordering::Relaxed) {
                match http.get("/").await.status.as_u16() {
                    200 => _ = passed.fetch_add(1, Ordering::Relaxed),
                    status => assert_eq!(status, 429),
                }
            }
        })
    });
    until(|| passed.load(Ordering::Relaxed) == 10).await;
    for quota in [FAST, SLOW, FAST, SLOW] {
        policy.set_quota(quota);
        assert_eq!(policy.quota(), quota);
    }
    assert_eq!(passed.load(Ordering::Relaxed), 10, "the burst was used up before");
    let me = PeerIp.key_for(IpAddr::from([127, 0, 0, 1]));
    policy.set_override(&me, SLOW.burst(15));
    until(|| passed.load(Ordering::Relaxed) == 15).await;
    policy.remove_override(&me);
    hand.advance(Duration::from_secs(10));
    until(|| passed.load(Ordering::Relaxed) == 16).await;
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(passed.load(Ordering::Relaxed), 16);
}

#[tokio::test]
async fn a_dry_run_rejects_and_tells_nothing_until_it_is_made_real() {
    let (layer, _hand) = limit(Quota::per_minute(1));
    let layer = layer.shadow(true);
    let handle = layer.handle().limit("default").unwrap();
    let (addr, _server) = serve(Router::new().route("/", get(fine)).layer(layer)).await;
    let http = Http::new(addr);
    for _ in 0..3 {
        let answer = http.get("/").await;
        assert_eq!((answer.status.as_u16(), answer.header("ratelimit-policy")), (200, ""));
    }
    handle.set_shadow(false);
    assert_eq!(http.statuses(Method::GET, "/", 1).await, [429]);
    handle.set_shadow(true);
    assert_eq!(http.statuses(Method::GET, "/", 1).await, [200]);
}

/// A client at an address of its own.
fn at(local: [u8; 4], server: SocketAddr) -> impl AsyncFn() -> u16 {
    let mut connector = HttpConnector::new();
    connector.set_local_address(Some(IpAddr::from(local)));
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(connector);
    async move || {
        client.get(format!("http://{server}/").parse().unwrap()).await.unwrap().status().into()
    }
}

#[tokio::test]
async fn addresses_are_allowed_and_denied_by_network_and_one_by_one() {
    let (layer, _hand) = limit(Quota::per_day(1));
    let layer = layer
        .exempt(PeerIp.within(["127.1.0.0/16"]).unwrap())
        .deny(PeerIp.within(["127.2.0.0/16"]).unwrap());
    let handle = layer.handle().limit("default").unwrap();
    let (addr, _server) = serve(Router::new().route("/", get(fine)).layer(layer)).await;
    let (friend, foe, other) =
        (at([127, 1, 0, 7], addr), at([127, 2, 0, 7], addr), at([127, 3, 0, 7], addr));
    assert_eq!([friend().await, friend().await, foe().await], [200, 200, 403]);
    assert_eq!([other().await, other().await], [200, 429]);
    let key = PeerIp.key_for(IpAddr::from([127, 3, 0, 7]));
    handle.allow(&key);
    assert_eq!([other().await, other().await], [200, 200]);
    handle.deny(&key);
    assert_eq!(other().await, 403);
    handle.restore(&key);
    assert_eq!(other().await, 429);
    assert_eq!(handle.exceptions(), 0);
}
