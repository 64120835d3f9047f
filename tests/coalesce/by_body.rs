//! Queries that are told apart by their body.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use tower::{Layer, ServiceExt};
use tower_weir::{
    coalesce::{BodyKeyed, BodyKeyedLayer, Coalesce, CoalesceLayer},
    error::BoxError,
};

use crate::world::*;

type Boxed = UnsyncBoxBody<Bytes, BoxError>;
type KeyedLayer = BodyKeyedLayer<CoalesceLayer, Boxed>;

struct Queries {
    service: BodyKeyed<Coalesce<Inner>, Boxed>,
    seen: Arc<Seen>,
    gate: Gate,
}

/// Calls wait at the gate.
fn queries(configure: impl FnOnce(KeyedLayer) -> KeyedLayer) -> Queries {
    let gate = Gate::default();
    let held = gate.clone();
    let (inner, seen) = Inner::new(move |_, call| {
        Play::answer([data(format!("call {call}"))]).after([Step::Wait(held.clone())])
    });
    let layer = configure(CoalesceLayer::new().keyed_by_body(BodyExt::boxed_unsync));
    Queries { service: layer.layer(inner), seen, gate }
}

fn query(method: Method, fields: &[(&str, &str)], body: &'static str) -> Request<Boxed> {
    let request = Request::builder().method(method).uri("/q");
    let request =
        fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Full::from(body).map_err(|never| match never {}).boxed_unsync()).unwrap()
}

impl Queries {
    /// How many calls there are for these requests at once.
    async fn calls(&self, requests: impl IntoIterator<Item = Request<Boxed>>) -> usize {
        let before = self.seen.calls.load(SeqCst);
        let send = |request| tokio::spawn(self.service.clone().oneshot(request));
        let clients: Vec<_> = requests.into_iter().map(send).collect();
        settle().await;
        self.gate.open();
        for client in clients {
            assert!(Got::of(client.await.unwrap().unwrap()).await.text.starts_with("call"));
        }
        self.seen.calls.load(SeqCst) - before
    }
}

#[tokio::test(start_paused = true)]
async fn queries_with_the_same_body_share() {
    for method in [Method::POST, Method::QUERY] {
        let send = |body| query(method.clone(), &[("content-length", "1")], body);
        assert_eq!(queries(|layer| layer).calls([send("a"), send("a"), send("b")]).await, 2);
    }
    let as_text = query(Method::POST, &[("content-type", "text/plain")], "a");
    let plain = || query(Method::POST, &[], "a");
    assert_eq!(queries(|layer| layer).calls([plain(), as_text, plain()]).await, 2);
}

#[tokio::test(start_paused = true)]
async fn only_what_is_named_is_a_query() {
    let send = |fields: &[(&str, &str)], body| query(Method::POST, fields, body);
    let only = |layer: KeyedLayer| layer.only(|head| head.headers.contains_key("x-q"));
    let named = [("x-q", "1")];
    assert_eq!(queries(only).calls([send(&named, "a"), send(&named, "a")]).await, 1);
    assert_eq!(queries(only).calls([send(&[], "a"), send(&[], "a")]).await, 2);
    let content = |layer: KeyedLayer| layer.only_content(|_, body| body == b"query");
    assert_eq!(queries(content).calls([send(&[], "query"), send(&[], "query")]).await, 1);
    assert_eq!(queries(content).calls([send(&[], "change"), send(&[], "change")]).await, 2);
    let small = |layer: KeyedLayer| layer.max_body_bytes(3);
    assert_eq!(queries(small).calls([send(&[], "abcd"), send(&[], "abcd")]).await, 2);
}

#[tokio::test(start_paused = true)]
async fn who_asks_counts_for_queries_too() {
    let send = |fields: &[(&str, &str)]| query(Method::POST, fields, "a");
    let token = [("authorization", "a")];
    assert_eq!(queries(|layer| layer).calls([send(&token), send(&token)]).await, 2);
}

#[tokio::test(start_paused = true)]
async fn grpc_calls_share_if_they_are_named() {
    let grpc = [("content-type", "application/grpc"), ("te", "trailers")];
    let send = || query(Method::POST, &grpc, "a");
    let send_with = |timeout| {
        let fields = [grpc[0], grpc[1], ("grpc-timeout", timeout)];
        query(Method::POST, &fields, "a")
    };
    assert_eq!(queries(|layer| layer).calls([send(), send()]).await, 2);
    let named = |layer: KeyedLayer| layer.only(|head| head.uri.path() == "/q");
    assert_eq!(queries(named).calls([send(), send_with("1S"), send_with("9S")]).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_change_sent_as_a_query_could_be_parts_reads_from_each_other() {
    let content = |layer: KeyedLayer| layer.only_content(|_, body| body == b"query");
    let world = queries(content);
    let send = |body| tokio::spawn(world.service.clone().oneshot(query(Method::POST, &[], body)));
    let before = send("query");
    settle().await;
    let change = send("change");
    settle().await;
    change.abort();
    settle().await;
    let after = send("query");
    settle().await;
    assert_eq!(world.seen.calls.load(SeqCst), 3);
    world.gate.open();
    assert!(before.await.unwrap().is_ok() && after.await.unwrap().is_ok());
}
