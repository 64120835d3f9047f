//! What the layer does with requests.

use std::{
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};
use tower_weir::{
    head::Head,
    key::{Extension, Forwarded, Global, Header, OnMissingKey, PeerIp},
    rate_limit::{Quota, RateLimitLayer, Rule, Table},
};

use super::{body, guarded, header};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

fn with_key(key: &str) -> Request<()> {
    Request::builder().header(X_API_KEY, key).body(()).unwrap()
}

fn from_peer(addr: &str) -> Request<()> {
    let addr: SocketAddr = addr.parse().unwrap();
    Request::builder().extension(addr).body(()).unwrap()
}

#[test]
fn passes_and_rejects_and_passes_again() {
    let (service, hand) = guarded(RateLimitLayer::new(Quota::per_second(2)));
    for _ in 0..2 {
        let answer = service.get("/");
        assert_eq!((answer.status(), &*body(answer)), (StatusCode::OK, &b"fine"[..]));
    }
    let limited = service.get("/");
    assert_eq!(limited.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&limited, "content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_slice(&body(limited)).unwrap();
    let expected = serde_json::json!({
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Request cannot be satisfied as assigned quota has been exceeded",
        "status": 429,
        "detail": "too many requests",
        "violated-policies": ["second"],
    });
    assert_eq!(problem, expected);
    hand.advance(Duration::from_millis(500));
    assert_eq!(service.passing(2), 1);
}

#[test]
fn a_rejected_request_never_reaches_the_inner_service() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (service, _) = guarded(RateLimitLayer::new(Quota::per_second(3)));
    for _ in 0..10 {
        let calls = calls.clone();
        let inner = service_fn(move |request| {
            calls.fetch_add(1, Relaxed);
            super::fine(request)
        });
        service.send_to(inner, Request::new(()));
    }
    assert_eq!(calls.load(Relaxed), 3);
}

#[test]
fn layers_and_services_and_clones_share_one_limit() {
    let (service, _) = guarded(RateLimitLayer::new(Quota::per_second(4)));
    let clone = super::Guarded(service.0.clone());
    let configured = super::Guarded(service.0.clone().exempt(|_| false));
    // `send` makes a service for each request.
    assert_eq!((service.passing(1), clone.passing(1), configured.passing(1)), (1, 1, 1));
    assert_eq!((service.passing(9), clone.passing(9), configured.passing(9)), (1, 0, 0));
    // A layer of its own is a limit of its own.
    let (other, _) = guarded(RateLimitLayer::new(Quota::per_second(4)));
    assert_eq!(other.passing(9), 4);
}

#[test]
fn layers_with_one_table_share_limits_of_the_same_name() {
    let table = Table::with_capacity(1_000);
    let layer = |name: &'static str| {
        guarded(RateLimitLayer::new(Quota::per_hour(3)).named(name).table(table.clone())).0
    };
    assert_eq!(layer("a").passing(2), 2);
    assert_eq!(layer("a").passing(2), 1);
    assert_eq!(layer("b").passing(4), 3);
}

#[test]
fn keys_are_limited_each_by_itself() {
    let (service, _) = guarded(RateLimitLayer::new(Quota::per_second(2)).key(Header(X_API_KEY)));
    let passing =
        |key: &str| (0..5).filter(|_| service.send(with_key(key)).status() == 200).count();
    assert_eq!((passing("a"), passing("b"), passing("a")), (2, 2, 0));

    let (service, _) = guarded(RateLimitLayer::new(Quota::per_second(2)).key(PeerIp));
    let passing =
        |addr: &str| (0..5).filter(|_| service.send(from_peer(addr)).status() == 200).count();
    assert_eq!((passing("192.0.2.1:1"), passing("192.0.2.2:1"), passing("192.0.2.1:2")), (2, 2, 0));
    // An IPv6 subscriber has a /64; a mapped address is the same client as the IPv4 one.
    assert_eq!((passing("[2001:db8::1]:1"), passing("[2001:db8::2]:1")), (2, 0));
    assert_eq!(passing("[2001:db8:0:1::1]:1"), 2);
    assert_eq!(passing("[::ffff:192.0.2.2]:1"), 0);
}

#[test]
fn keys_combine_and_may_be_closures() {
    #[derive(Clone, Hash)]
    struct Tenant(u8);
    let request = |tenant: u8, path: &str| {
        Request::builder().uri(path.to_owned()).extension(Tenant(tenant)).body(()).unwrap()
    };
    let by = (Extension::<Tenant>::new(), |head: &Head<'_>| head.uri.path().len());
    let (service, _) = guarded(RateLimitLayer::new(Quota::per_second(1)).key(by));
    let passes = |tenant, path| service.send(request(tenant, path)).status() == 200;
    assert!(passes(1, "/a") && passes(2, "/a") && passes(1, "/aa"));
    assert!(!passes(1, "/b") && !passes(2, "/a") && !passes(1, "/bb"));
}

#[test]
fn a_request_without_a_key_is_shared_rejected_or_skipped() {
    let layer = RateLimitLayer::new(Quota::per_second(2)).key(Header(X_API_KEY));
    let (service, _) = guarded(layer.clone());
    assert_eq!(
        service.passing(5),
        2,
        "shared is the default: leaving the key out is no way around"
    );
    assert_eq!(service.send(with_key("a")).status(), 200);

    let (service, _) = guarded(layer.clone().on_missing_key(OnMissingKey::Skip));
    assert_eq!(service.passing(5), 5);

    let (service, _) = guarded(layer.on_missing_key(OnMissingKey::Reject));
    let answer = service.get("/");
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let problem: serde_json::Value = serde_json::from_slice(&body(answer)).unwrap();
    assert_eq!(problem["detail"], "the request has no header x-api-key");
}

#[test]
fn a_server_that_passes_no_address_on_still_serves() {
    let forwarded = Forwarded::trusting(["10.0.0.0/8"]).unwrap();
    for layer in [
        RateLimitLayer::new(Quota::per_second(2)).key(PeerIp),
        RateLimitLayer::new(Quota::per_second(2)).key(forwarded),
    ] {
        let (service, _) = guarded(layer);
        let answers: Vec<_> = (0..4).map(|_| service.get("/").status().as_u16()).collect();
        assert_eq!(answers, [200, 200, 429, 429], "one limit for all, and never a 500");
    }
}

#[test]
fn costs_are_charged_and_an_impossible_one_is_never_told_to_come_back() {
    let cost = |head: &Head<'_>| head.uri.path().trim_start_matches('/').parse().unwrap_or(1);
    let (service, _) = guarded(RateLimitLayer::new(Quota::per_second(10)).cost(cost));
    let status = |path: &str| service.get(path).status().as_u16();
    assert_eq!(
        (status("/7"), status("/4"), status("/3"), status("/1"), status("/0")),
        (200, 429, 200, 429, 200)
    );
    let never = service.get("/11");
    assert_eq!(never.status(), 429);
    assert!(!never.headers().contains_key("retry-after"));
    let problem: serde_json::Value = serde_json::from_slice(&body(never)).unwrap();
    assert_eq!(problem["detail"], "the request costs more than its quota ever allows at once");
}

#[test]
fn exemptions_and_preflights_pass_uncounted() {
    let layer = || {
        RateLimitLayer::new(Quota::per_second(1))
            .exempt(|head| head.uri.path() == "/health")
            .exempt(|head| head.headers.contains_key("x-internal"))
    };
    let preflight = || {
        let request = Request::builder().method(Method::OPTIONS);
        let request = request.header("origin", "https://example.com");
        request.header("access-control-request-method", "PUT").body(()).unwrap()
    };
    let internal = || Request::builder().header("x-internal", "1").body(()).unwrap();
    let options = || Request::builder().method(Method::OPTIONS).body(()).unwrap();

    let (service, _) = guarded(layer());
    for _ in 0..5 {
        assert_eq!(service.get("/health").status(), 200);
        assert_eq!(service.send(internal()).status(), 200);
        let answer = service.send(preflight());
        assert_eq!(answer.status(), 200);
        assert!(!answer.headers().contains_key("ratelimit"));
    }
    // None of them was charged, and OPTIONS alone is no preflight.
    assert_eq!(
        (service.send(options()).status(), service.send(options()).status().as_u16()),
        (StatusCode::OK, 429)
    );

    let (service, _) = guarded(layer().count_preflights());
    assert_eq!(service.send(preflight()).status(), 200);
    assert_eq!(service.send(preflight()).status(), 429);
}

#[test]
fn a_custom_rejection_still_tells_when_to_come_back() {
    let layer = RateLimitLayer::new(Quota::per_minute(1)).on_reject(|rejection, head| {
        assert_eq!(rejection.violated_policies().collect::<Vec<_>>(), ["minute"]);
        let mut response = Response::new(format!("no more {}", head.uri.path()));
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
    });
    let (service, _) = guarded(layer);
    service.get("/");
    let answer = service.get("/tea");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&answer, "retry-after"), "60");
    assert_eq!(header(&answer, "ratelimit"), r#""minute";r=0;t=60"#);
    assert_eq!(&*body(answer), b"no more /tea");
}

#[test]
fn a_custom_rejection_may_begin_with_the_usual_one_for_grpc() {
    let layer = RateLimitLayer::new(Quota::per_minute(1)).on_reject(|rejection, head| {
        let mut response = rejection.response(head);
        response.headers_mut().insert("x-custom", "1".parse().unwrap());
        response
    });
    let (service, _) = guarded(layer);
    service.get("/");
    let call = Request::builder().header("content-type", "application/grpc").body(()).unwrap();
    let answer = service.send(call);
    assert_eq!((answer.status(), header(&answer, "x-custom")), (StatusCode::OK, "1"));
    assert_eq!(header(&answer, "grpc-status"), "8");
    assert_eq!(header(&answer, "grpc-retry-pushback-ms"), "60000");
    assert!(!answer.headers().contains_key("retry-after"));
}

#[test]
fn jitter_only_lengthens_the_delay() {
    let layer = RateLimitLayer::new(Quota::per_hour(1));
    assert_eq!(
        layer.clone().retry_jitter(f64::NAN).unwrap_err().to_string(),
        "invalid retry jitter `NaN`: a share from 0 to 10",
    );
    let (service, hand) = guarded(layer.retry_jitter(0.5).unwrap());
    service.get("/");
    let delays: Vec<u64> = (0..50)
        .map(|_| {
            hand.advance(Duration::from_nanos(1));
            header(&service.get("/"), "retry-after").parse().unwrap()
        })
        .collect();
    assert!(delays.iter().all(|delay| (3_600..=5_400).contains(delay)), "{delays:?}");
    let spread = delays.iter().max().unwrap() - delays.iter().min().unwrap();
    assert!(spread > 600, "{delays:?}");
}

#[test]
fn a_key_function_that_panics_loses_nothing() {
    let layer = RateLimitLayer::new(Quota::per_second(2)).key(|head: &Head<'_>| {
        assert_ne!(head.uri.path(), "/panic");
    });
    let (service, _) = guarded(layer);
    assert_eq!(service.passing(1), 1);
    for _ in 0..3 {
        assert!(catch_unwind(AssertUnwindSafe(|| service.get("/panic"))).is_err());
    }
    assert_eq!(service.passing(3), 1, "the limit stands as it stood");
}

#[test]
fn a_clock_that_goes_backwards_gives_no_quota_away() {
    let (service, hand) = guarded(RateLimitLayer::new(Quota::per_second(2)));
    assert_eq!(service.passing(3), 2);
    for _ in 0..5 {
        hand.turn_back(Duration::from_secs(600));
        assert_eq!(service.passing(3), 0);
    }
}

#[test]
fn any_body_will_do() {
    // Neither `Sync`, nor `Unpin`, nor with a `Send` error: the layer asks nothing of the body but to be one.
    type Body = std::pin::Pin<Box<dyn http_body::Body<Data = Bytes, Error = std::rc::Rc<str>>>>;
    let inner = service_fn(async |_: Request<std::cell::Cell<u8>>| {
        let body: Body = Box::pin(Full::new(Bytes::new()).map_err(|never| match never {}));
        Ok::<_, std::rc::Rc<str>>(Response::new(body))
    });
    let service = RateLimitLayer::new(Rule::new(Quota::per_second(1)).key(Global)).layer(inner);
    let call = || service.clone().oneshot(Request::new(std::cell::Cell::new(1)));
    assert_eq!(futures_executor::block_on(call()).unwrap().status(), 200);
    let rejected = futures_executor::block_on(call()).unwrap();
    assert!(
        !futures_executor::block_on(rejected.into_body().collect()).unwrap().to_bytes().is_empty()
    );
}
