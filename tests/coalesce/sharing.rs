//! Who shares a call with whom.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use http::{Method, Request, Uri, header::AUTHORIZATION};
use tower::{Layer, ServiceExt};
use tower_weir::coalesce::{CoalesceLayer, Fingerprint};

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn those_who_want_the_same_share_one_call() {
    let (world, gate) = World::gated(|layer| layer);
    let first = world.start(get()).await;
    let others = [world.start(get()).await, world.start(get()).await];
    let stats = world.handle.stats();
    assert_eq!((world.calls(), stats.in_flight, stats.waiting), (1, 1, 2));
    gate.open();
    for client in others.into_iter().chain([first]) {
        assert_eq!(client.await.unwrap().unwrap().text, "call 0");
    }
    assert_eq!(world.counts(), [1, 2, 0, 0]);
    world.is_at_rest().await;
    assert_eq!(world.send(get()).await.unwrap().text, "call 1", "nothing is kept");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_share_one_call() {
    let (world, gate) = World::gated(|layer| layer);
    let clients: Vec<_> = (0..10_000).map(|_| world.spawn(get())).collect();
    settle().await;
    gate.open();
    for client in clients {
        assert_eq!(client.await.unwrap().unwrap().text, "call 0");
    }
    assert_eq!((world.calls(), world.counts()), (1, [1, 9_999, 0, 0]));
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_polled_when_there_is_news_and_not_before() {
    let (world, gate) = World::gated(|layer| layer);
    let leader = world.start(get()).await;
    let (polls, waiting) = (Arc::new(AtomicUsize::new(0)), world.clone());
    let counted = Arc::clone(&polls);
    let follower = tokio::spawn(async move {
        let mut answer = pin!(waiting.head(get()));
        poll_fn(|cx| {
            counted.fetch_add(1, SeqCst);
            answer.as_mut().poll(cx)
        })
        .await
        .unwrap()
    });
    tokio::time::sleep(std::time::Duration::from_secs(20)).await;
    assert_eq!(polls.load(SeqCst), 1);
    gate.open();
    assert_eq!(Got::of(follower.await.unwrap()).await.text, "call 0");
    assert_eq!(polls.load(SeqCst), 2);
    leader.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn those_who_want_something_else_do_not() {
    let (world, gate) = World::gated(|layer| layer);
    let mut head = get();
    *head.method_mut() = Method::HEAD;
    let at = |uri: &'static str| {
        let mut request = get();
        *request.uri_mut() = Uri::from_static(uri);
        request
    };
    let different = [
        get(),
        head,
        at("/?a"),
        at("http://host/"),
        with(&[("host", "other")]),
        with(&[("accept", "text/html")]),
        with(&[("accept-encoding", "gzip")]),
        with(&[("accept-language", "de")]),
        with(&[("range", "bytes=0-1")]),
        with(&[("range", "bytes=0-1"), ("if-range", "\"a\"")]),
        with(&[("if-match", "\"a\"")]),
        with(&[("if-none-match", "\"a\"")]),
        with(&[("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")]),
        with(&[("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT")]),
        with(&[("cache-control", "no-cache")]),
        with(&[("pragma", "no-cache")]),
    ];
    let kinds = different.len();
    let mut clients = Vec::new();
    for request in different {
        clients.push(world.start(request.clone()).await);
        clients.push(world.start(request).await);
    }
    assert_eq!(world.calls(), kinds);
    gate.open();
    for (at, client) in clients.into_iter().enumerate() {
        assert_eq!(client.await.unwrap().unwrap().text, format!("call {}", at / 2));
    }
    assert_eq!(world.counts(), [kinds as u64, kinds as u64, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn some_pass() {
    let (world, gate) = World::gated(|layer| layer);
    let method = |method: Method| Request::builder().method(method).uri("/").body(()).unwrap();
    let passing = [
        method(Method::POST),
        method(Method::PUT),
        method(Method::OPTIONS),
        method(Method::QUERY),
        with(&[("authorization", "Bearer a")]),
        with(&[("cookie", "a=b")]),
        with(&[("x-api-key", "a")]),
        with(&[("content-length", "3")]),
        with(&[("transfer-encoding", "chunked")]),
        with(&[("connection", "upgrade"), ("upgrade", "websocket")]),
        with(&[("connection", "x-hop")]),
        with(&[("x-forwarded-host", "evil")]),
        with(&[("host", "a"), ("host", "b")]),
    ];
    let kinds = passing.len();
    let mut clients = Vec::new();
    for request in passing {
        clients.push(world.start(request.clone()).await);
        clients.push(world.start(request).await);
    }
    assert_eq!((world.calls(), world.counts()), (2 * kinds, [0, 0, 0, 2 * kinds as u64]));
    gate.open();
    for client in clients {
        client.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_get_with_a_body_that_no_field_tells_of_passes() {
    let (inner, seen) = Inner::new(|_, _| Play::answer([]).after([Step::Pause, Step::Pause]));
    let service = CoalesceLayer::new().layer(inner);
    let send = || service.clone().oneshot(Request::get("/").body(Steps::of([data("a")])).unwrap());
    let (one, other) = tokio::join!(send(), send());
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(seen.calls.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_has_the_same_credentials_shares_if_they_are_part_of_the_key() {
    let keyed =
        |layer: CoalesceLayer| layer.fingerprint(Fingerprint::builder().header(AUTHORIZATION));
    let (world, gate) = World::gated(keyed);
    let mut clients = Vec::new();
    for token in ["a", "b", "a", "b"] {
        clients.push(world.start(with(&[("authorization", token)])).await);
    }
    gate.open();
    let mut texts = Vec::new();
    for client in clients {
        texts.push(client.await.unwrap().unwrap().text);
    }
    assert_eq!(texts, ["call 0", "call 1", "call 0", "call 1"]);
}

#[tokio::test(start_paused = true)]
async fn services_and_clones_of_a_layer_share_their_calls() {
    let gate = Gate::default();
    let held = gate.clone();
    let (inner, seen) =
        Inner::new(move |_, _| Play::answer([data("all")]).after([Step::Wait(held.clone())]));
    let layer = CoalesceLayer::new();
    let clients: Vec<_> = (0..3)
        .map(|_| layer.clone().layer(inner.clone()))
        .map(|service| tokio::spawn(service.oneshot(get().map(|()| String::new()))))
        .collect();
    settle().await;
    gate.open();
    for client in clients {
        assert_eq!(Got::of(client.await.unwrap().unwrap()).await.text, "all");
    }
    assert_eq!(seen.calls.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn all_get_the_whole_head() {
    #[derive(Clone, Debug, PartialEq)]
    struct Told(u8);
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, _| {
        let play = Play::answer([]).status(404).field("x-a", "1").field("x-a", "2");
        play.extension(Told(7)).after([Step::Wait(held.clone())])
    });
    let clients = [world.start(get()).await, world.start(get()).await];
    gate.open();
    for client in clients {
        let head = client.await.unwrap().unwrap().head;
        assert_eq!((head.status.as_u16(), head.extensions.get()), (404, Some(&Told(7))));
        assert!(head.headers.get_all("x-a").iter().eq(["1", "2"]));
    }
    assert_eq!(world.calls(), 1);
}
