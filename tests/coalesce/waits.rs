//! For how long one waits for another's call.

use std::time::Duration;

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn whoever_has_waited_long_enough_calls_alone_and_nobody_joins_the_old_call() {
    let (world, gate) = World::gated(|layer| layer.max_wait(Duration::from_secs(3)));
    let leader = world.start(get()).await;
    let follower = world.start(get()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.calls(), 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.calls(), 2);
    let fresh = world.start(get()).await;
    assert_eq!(world.calls(), 3);
    gate.open();
    for (call, client) in [leader, follower, fresh].into_iter().enumerate() {
        assert_eq!(client.await.unwrap().unwrap().text, format!("call {call}"));
    }
    assert_eq!(world.counts(), [2, 0, 1, 0]);
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_joins_a_body_that_began_too_long_ago() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| {
        Play::answer([data(format!("call {call}")), Step::Wait(held.clone()), data(".")])
    });
    let first = world.start(get()).await;
    world.hand.advance(Duration::from_secs(29));
    let second = world.start(get()).await;
    world.hand.advance(Duration::from_secs(2));
    let third = world.start(get()).await;
    gate.open();
    for (client, text) in [(first, "call 0."), (second, "call 0."), (third, "call 1.")] {
        assert_eq!(client.await.unwrap().unwrap().text, text);
    }
    world.is_at_rest().await;
}
