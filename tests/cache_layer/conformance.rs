//! What the public conformance suite for caches found to be wrong, and what else it looks at that is the layer's to do.

use http::{Request, StatusCode};
use tower_weir::cache::rules::{Grace, RequestDirectives};

use crate::service::*;

#[tokio::test]
async fn the_answer_to_a_head_makes_what_is_stored_fresh_again() {
    let cached = Cached::new(
        |layer| layer,
        |request, call| match request.method().as_str() {
            "HEAD" => answer(call, &[("cache-control", "max-age=600"), ("a", "2")]),
            _ => answer(call, &[("cache-control", "max-age=2"), ("a", "1"), ("b", "1")]),
        },
    );
    cached.get("/a").await;
    cached.pass(3);
    let head = cached.send(Request::head("/a").body(()).unwrap()).await;
    assert_eq!(field(&head, "cache-status"), "weir; fwd=stale");
    let hit = cached.get("/a").await;
    assert_eq!(
        (hit.body().as_str(), field(&hit, "cache-status")),
        ("call 0", "weir; hit; ttl=600")
    );
    assert_eq!((field(&hit, "a"), field(&hit, "b")), ("2", "1"));
    assert_eq!(cached.calls(), 2);
}

#[tokio::test]
async fn the_answer_to_a_head_drops_what_is_another_by_now() {
    let cached = Cached::new(
        |layer| layer,
        |request, call| {
            let tag = if request.method() == "HEAD" { "\"2\"" } else { "\"1\"" };
            answer(call, &[("cache-control", "max-age=2"), ("etag", tag)])
        },
    );
    cached.get("/a").await;
    cached.pass(3);
    cached.send(Request::head("/a").body(()).unwrap()).await;
    assert_eq!(field(&cached.get("/a").await, "cache-status"), "weir; fwd=uri-miss; stored");
}

#[tokio::test]
async fn a_head_that_a_purge_overtook_does_not_bring_back_what_was_purged() {
    let cached = std::sync::Arc::new(std::sync::OnceLock::<tower_weir::cache::Handle>::new());
    let purging = std::sync::Arc::clone(&cached);
    let service = Cached::new(
        |layer| layer,
        move |request, call| {
            if request.method() == "HEAD"
                && let Some(cache) = purging.get()
            {
                cache.purge_all();
            }
            answer(call, &[("cache-control", "max-age=2")])
        },
    );
    cached.set(service.cache.clone()).unwrap();
    service.get("/a").await;
    service.pass(3);
    service.send(Request::head("/a").body(()).unwrap()).await;
    assert_eq!(service.get("/a").await.body(), "call 2");
}

#[tokio::test]
async fn a_client_that_takes_what_is_stale_gets_it() {
    let cached = Cached::new(
        |layer| layer.request_directives(RequestDirectives::Honour),
        |_, call| answer(call, &[("cache-control", "max-age=1")]),
    );
    cached.get("/a").await;
    cached.pass(600);
    let stale = cached.get_with("/a", &[("cache-control", "max-stale=1000")]).await;
    assert_eq!((stale.body().as_str(), field(&stale, "age")), ("call 0", "600"));
    assert_eq!(cached.get("/a").await.body(), "call 1");
}

#[tokio::test]
async fn a_confirmation_under_another_tag_is_good_for_once_and_teaches_nothing() {
    let cached = Cached::new(
        |layer| layer,
        |request, call| {
            let fields: &[_] = match request.headers().get("if-none-match") {
                Some(_) => &[("cache-control", "max-age=60"), ("etag", "\"2\""), ("a", "2")],
                None => &[("cache-control", "max-age=60"), ("etag", "\"1\""), ("a", "1")],
            };
            let mut response = answer(call, fields);
            if request.headers().contains_key("if-none-match") {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
            }
            response
        },
    );
    cached.get("/a").await;
    cached.pass(61);
    let confirmed = cached.get("/a").await;
    assert_eq!((confirmed.status(), confirmed.body().as_str()), (StatusCode::OK, "call 0"));
    assert_eq!((field(&confirmed, "etag"), field(&confirmed, "a")), ("\"1\"", "1"));
    assert_eq!(field(&confirmed, "cache-status"), "weir; fwd=stale; fwd-status=304");
    assert_eq!(cached.get("/a").await.body(), "call 2");
}

#[tokio::test]
async fn what_may_not_be_used_when_stale_is_not_if_the_service_fails() {
    let grace = Grace { if_error: std::time::Duration::from_secs(600), ..Grace::NONE };
    for forbidden in ["must-revalidate", "proxy-revalidate", "no-cache", "s-maxage=60"] {
        let cached = Cached::new(
            |layer| layer.grace(grace),
            move |_, call| {
                let control = format!("max-age=60, {forbidden}");
                let mut response = answer(call, &[("cache-control", &control), ("etag", "\"1\"")]);
                if call > 0 {
                    *response.status_mut() = StatusCode::BAD_GATEWAY;
                }
                response
            },
        );
        cached.get("/a").await;
        cached.pass(61);
        assert_eq!(cached.get("/a").await.status(), StatusCode::BAD_GATEWAY, "{forbidden}");
    }
}

#[tokio::test]
async fn fields_that_confirmations_add_do_not_pile_up() {
    let cached = Cached::new(
        |layer| layer,
        |request, call| {
            let mut response = answer(call, &[("cache-control", "max-age=60"), ("etag", "\"1\"")]);
            for field in 0..1_000 {
                let name = format!("x-{call}-{field}").parse::<http::HeaderName>().unwrap();
                response.headers_mut().insert(name, http::HeaderValue::from_static("x"));
            }
            if request.headers().contains_key("if-none-match") {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
            }
            response
        },
    );
    for _ in 0..60 {
        let response = cached.get("/a").await;
        assert!(response.status() == StatusCode::OK && response.headers().len() < 3_000);
        cached.pass(61);
    }
}
