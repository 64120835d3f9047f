//! Attempts to keep others from what they ask for.

use std::time::Duration;

use http::Request;

use crate::{
    kit::{polled, *},
    world::*,
};

/// Refuses whoever sends a field that is no part of the key, when the gate is open.
fn refusing(status: u16, fields: &'static [(&'static str, &'static str)]) -> (World, Gate) {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |request, _| {
        let play = match request.headers().contains_key("x-evil") {
            true => fields
                .iter()
                .fold(Play::answer([data("no")]).status(status), |play, (name, value)| {
                    play.field(name, value)
                }),
            false => Play::answer([data("yes")]),
        };
        play.after([Step::Wait(held.clone())])
    });
    (world, gate)
}

fn evil() -> Request<()> {
    asking("/", &[("x-evil", "1")])
}

#[tokio::test(start_paused = true)]
async fn denial_by_a_request_that_the_service_refuses() {
    for status in [400, 402, 403, 407, 408, 409, 413, 414, 417, 421, 425, 426, 428, 429, 431, 451] {
        let (world, gate) = refusing(status, &[]);
        let attacker = world.start(evil()).await;
        let victims = [world.start(get()).await, world.start(get()).await];
        assert_eq!(world.calls(), 1);
        gate.open();
        assert_eq!(attacker.await.unwrap().unwrap().status(), status);
        for victim in victims {
            assert_eq!(victim.await.unwrap().unwrap().text, "yes", "{status}");
        }
        // Nor are those who come then kept from sharing.
        world.send(get()).await.unwrap();
        assert_eq!(world.counts()[3], 0);
        world.is_at_rest().await;
    }
}

#[tokio::test(start_paused = true)]
async fn denial_by_a_grpc_call_that_the_service_refuses() {
    const GRPC: (&str, &str) = ("content-type", "application/grpc");
    for fields in [
        &[GRPC, ("grpc-status", "1")][..],
        &[GRPC, ("grpc-status", "4")],
        &[GRPC, ("grpc-status", "7")],
        &[GRPC, ("grpc-status", "8")],
    ] {
        let (world, gate) = refusing(200, fields);
        let attacker = world.start(evil()).await;
        let victim = world.start(get()).await;
        gate.open();
        assert_eq!(attacker.await.unwrap().unwrap().text, "no");
        assert_eq!(victim.await.unwrap().unwrap().text, "yes", "{fields:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn denial_by_leaders_that_leave_one_after_the_other() {
    let (world, gate) = World::gated(|layer| layer);
    let attackers = {
        let mut attackers = Vec::new();
        for _ in 0..20 {
            attackers.push(world.start(get()).await);
        }
        attackers
    };
    let victim = world.start(get()).await;
    for attacker in attackers {
        attacker.abort();
        settle().await;
    }
    assert_eq!(world.calls(), 1, "the call goes on, whoever leaves");
    gate.open();
    assert_eq!(victim.await.unwrap().unwrap().text, "call 0");
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn denial_by_a_leader_that_is_kept_and_not_polled() {
    let (world, gate) = World::gated(|layer| layer);
    let mut kept = Box::pin(world.send(get()));
    assert!(polled(kept.as_mut()).is_pending());
    let victim = world.start(get()).await;
    gate.open();
    settle().await;
    assert!(!victim.is_finished(), "the call is in the hands of the attacker");
    tokio::time::advance(Duration::from_secs(31)).await;
    assert_eq!(victim.await.unwrap().unwrap().text, "call 1");
    // Nor does whoever comes then wait for it.
    assert_eq!(world.send(get()).await.unwrap().text, "call 2");
    drop(kept);
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn denial_by_a_reader_that_reads_nothing() {
    let world = World::plain(|_, call| {
        let parts: Vec<Step> =
            (0..64).flat_map(|_| [Step::Pause, data("x".repeat(1000))]).collect();
        Play::answer(parts).field("x-call", &call.to_string())
    });
    let idle = world.head(get()).await.unwrap();
    let victim = world.send(get()).await.unwrap();
    assert_eq!(
        (victim.text.len(), &victim.head.headers["x-call"]),
        (64_000, &"0".parse().unwrap())
    );
    // What nobody reads is not there for whoever comes later.
    assert_eq!(world.send(get()).await.unwrap().head.headers["x-call"], "1");
    drop(idle);
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn denial_by_marks_for_what_only_the_attacker_gets() {
    // Whatever it is, what one has asked for otherwise is another key.
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |request, _| {
        let play = Play::answer([data("a")]).after([Step::Wait(held.clone())]);
        match request.headers().get("accept-language") {
            Some(_) => play.field("cache-control", "private"),
            None => play,
        }
    });
    gate.open();
    world.send(asking("/", &[("accept-language", "evil")])).await.unwrap();
    world.send(get()).await.unwrap();
    assert_eq!(world.counts(), [2, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn denial_by_readers_that_read_a_large_body_slowly() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::new(
        |layer| layer.max_body_bytes(100),
        move |_, _| {
            Play::answer([
                Step::Wait(held.clone()),
                data("x".repeat(99)),
                data("x".repeat(99)),
                data("end"),
            ])
        },
    );
    let mut slow = vec![world.head(get()).await.unwrap()];
    let first = world.start(get()).await;
    gate.open();
    settle().await;
    assert!(!first.is_finished(), "it reads at the pace of the slowest");
    // As many others may join as come before it turns out large, and nobody afterwards, however many attackers there are.
    for _ in 0..20 {
        slow.push(world.head(get()).await.unwrap());
        assert_eq!(world.start(get()).await.await.unwrap().unwrap().text.len(), 201);
    }
    assert_eq!(world.counts(), [1, 1, 0, 40]);
    drop(slow);
    assert_eq!(first.await.unwrap().unwrap().text.len(), 201);
}
