//! Responses that are for whoever asked.

use std::time::Duration;

use http::{HeaderValue, header::COOKIE};
use tower_weir::coalesce::{CoalesceLayer, Fingerprint};

use crate::world::*;

/// Sends so many at once to a service that answers so; which calls answered them.
async fn crowd(world: &World, gate: &Gate, clients: usize) -> Vec<String> {
    let mut waiting = Vec::new();
    for _ in 0..clients {
        waiting.push(world.start(get()).await);
    }
    gate.open();
    let mut texts = Vec::new();
    for client in waiting {
        texts.push(client.await.unwrap().unwrap().text);
    }
    texts.sort();
    texts
}

/// A world whose answers have this field.
fn answering(
    configure: impl FnOnce(CoalesceLayer) -> CoalesceLayer,
    status: u16,
    field: (&'static str, &'static str),
) -> (World, Gate) {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::new(configure, move |_, call| {
        let play = Play::answer([data(format!("call {call}"))]).status(status);
        play.field(field.0, field.1).after([Step::Wait(held.clone()), Step::Pause])
    });
    (world, gate)
}

#[tokio::test(start_paused = true)]
async fn whoever_waited_for_what_is_not_for_all_goes_alone_at_once() {
    for field in [
        ("set-cookie", "session=1"),
        ("cache-control", "private"),
        ("cache-control", "no-store"),
        ("vary", "*"),
        ("www-authenticate", "Negotiate"),
        ("content-type", "text/event-stream"),
        ("content-type", "multipart/x-mixed-replace; boundary=a"),
    ] {
        let (world, gate) = answering(|layer| layer, 200, field);
        assert_eq!(crowd(&world, &gate, 3).await, ["call 0", "call 1", "call 2"], "{field:?}");
        assert_eq!(world.counts(), [1, 0, 2, 0]);
        assert_eq!(
            world.seen.most_at_once.lock().unwrap()["/"],
            2,
            "side by side, once that is known"
        );
        // It is remembered for a while.
        assert_eq!(crowd(&world, &Gate::default(), 3).await.len(), 3);
        assert_eq!(world.counts(), [1, 0, 2, 3]);
        world.hand.advance(Duration::from_secs(11));
        world.send(get()).await.unwrap();
        assert_eq!(world.counts(), [2, 0, 2, 3]);
        world.is_at_rest().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_for_all_is_shared_whatever_its_status() {
    for status in [200, 204, 301, 304, 404, 500, 503] {
        let (world, gate) = answering(|layer| layer, status, ("cache-control", "no-cache"));
        assert_eq!(crowd(&world, &gate, 3).await, ["call 0"; 3], "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_concerns_one_client_is_not_shared_and_not_remembered() {
    for status in [408, 429] {
        let (world, gate) = answering(|layer| layer, status, ("retry-after", "1"));
        assert_eq!(crowd(&world, &gate, 2).await, ["call 0", "call 1"]);
        world.send(get()).await.unwrap();
        assert_eq!(world.counts(), [2, 0, 1, 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_not_for_all_does_not_keep_others_from_sharing() {
    let (world, gate) = answering(|layer| layer, 404, ("set-cookie", "a=b"));
    crowd(&world, &gate, 2).await;
    world.send(get()).await.unwrap();
    assert_eq!(world.counts(), [2, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn only_those_share_who_are_the_same_by_what_the_response_varies_by() {
    let (world, gate) = answering(|layer| layer, 200, ("vary", "X-B"));
    let mut clients = Vec::new();
    for value in ["a", "b", "a"] {
        clients.push(world.start(with(&[("x-b", value)])).await);
    }
    clients.push(world.start(get()).await);
    assert_eq!(world.calls(), 1);
    gate.open();
    let mut texts = Vec::new();
    for client in clients {
        texts.push(client.await.unwrap().unwrap().text);
    }
    assert_eq!(texts, ["call 0", "call 1", "call 0", "call 2"]);
    assert_eq!(world.counts(), [1, 1, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn cookies_that_do_not_matter_do_not_keep_from_sharing_what_does_not_vary_by_them() {
    let disregarding =
        |layer: CoalesceLayer| layer.fingerprint(Fingerprint::builder().disregard(COOKIE));
    for (vary, calls) in [("accept", 1), ("cookie", 2)] {
        let (world, gate) = answering(disregarding, 200, ("vary", vary));
        let one = world.start(with(&[("cookie", "a=1")])).await;
        let other = world.start(with(&[("cookie", "a=2")])).await;
        gate.open();
        assert!(one.await.unwrap().is_ok() && other.await.unwrap().is_ok());
        assert_eq!(world.calls(), calls, "{vary}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_operator_may_refuse_more() {
    let refusing = |layer: CoalesceLayer| {
        layer.share_if(|head, response| {
            head.uri.path() != "/" || response.headers()["x-a"] != HeaderValue::from_static("b")
        })
    };
    for (value, calls) in [("b", 2), ("c", 1)] {
        let (world, gate) = answering(refusing, 200, ("x-a", value));
        crowd(&world, &gate, 2).await;
        assert_eq!(world.calls(), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_layer_inside_turned_away_is_not_shared() {
    use tower::{Layer, ServiceExt};
    use tower_weir::rate_limit::{Quota, RateLimitLayer};
    let gate = Gate::default();
    let held = gate.clone();
    let (inner, _) =
        Inner::new(move |_, _| Play::answer([data("served")]).after([Step::Wait(held.clone())]));
    let limit = RateLimitLayer::new(Quota::per_day(1));
    let layer = CoalesceLayer::new();
    let service = (layer.clone(), limit).layer(inner);
    let send = || tokio::spawn(service.clone().oneshot(get().map(|()| String::new())));
    let clients = [send(), send(), send()];
    settle().await;
    gate.open();
    for client in clients {
        assert_eq!(client.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(send().await.unwrap().unwrap().status(), 429);
    assert_eq!(layer.handle().stats().led, 2);
}
