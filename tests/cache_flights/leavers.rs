//! Clients that leave, at every await of the way.

use std::pin::pin;

use crate::world::*;

/// A call with pauses in its head and its body.
fn halting() -> World {
    World::plain(|_, call| Play::halting(call).control("max-age=60"))
}

#[tokio::test(start_paused = true)]
async fn a_leader_may_leave_at_any_poll() {
    let mut never_ended = 0;
    for (polls, others_run) in (0..20).flat_map(|polls| [(polls, false), (polls, true)]) {
        let world = halting();
        never_ended += usize::from(!world.leader_leaves(polls, others_run).await);
        assert!(world.get().await.told().contains("; hit"), "it is stored");
        world.calls_have_ended().await;
    }
    assert!((10..40).contains(&never_ended), "{never_ended}: some stayed, and some left half-way");
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_leaves_alone_leaves_its_call_to_be_stored() {
    for polls in 1..20 {
        let world = halting();
        {
            let leader = pin!(world.send(get()));
            polled(leader, polls, false).await;
        }
        world.calls_have_ended().await;
        assert_eq!(world.get().await.text, "call 0.");
        assert_eq!(world.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn followers_may_leave_at_any_poll() {
    for polls in 0..20 {
        let world = halting();
        let leader = world.spawn(get());
        tokio::task::yield_now().await;
        let staying = world.spawn(get());
        {
            let follower = pin!(world.send(get()));
            polled(follower, polls, true).await;
        }
        for client in [leader, staying] {
            assert_eq!(client.await.unwrap().unwrap().text, "call 0.");
        }
        assert_eq!(world.calls(), 1);
        world.calls_have_ended().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_would_lead_next_may_leave_before_it_knows() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| match call {
        0 => Play::failure().after([Step::Wait(held.clone())]),
        _ => Play::fresh([data("whole")]),
    });
    let mut leader = pin!(world.send(get()));
    assert!(!polled(leader.as_mut(), 1, false).await);
    let mut next = Box::pin(world.send(get()));
    assert!(!polled(next.as_mut(), 1, false).await);
    let last = world.start(get()).await;
    gate.open();
    assert_eq!(leader.await.unwrap_err(), Failure);
    drop(next);
    assert_eq!(last.await.unwrap().unwrap().text, "whole");
    assert_eq!(world.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn all_may_leave() {
    let gate = Gate::default();
    let held = gate.clone();
    let world =
        World::plain(move |_, _| Play::fresh([data("whole")]).after([Step::Wait(held.clone())]));
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(world.start(get()).await);
    }
    clients.iter().for_each(|client| client.abort());
    settle().await;
    gate.open();
    world.calls_have_ended().await;
    assert_eq!(world.get().await.text, "whole");
    assert_eq!(world.calls(), 1, "what was asked for was stored");
}

#[test]
fn a_runtime_may_end_at_any_time() {
    for turns in 0..30 {
        let world = halting();
        world.runtime_ends(turns);
        let second = runtime();
        let got = second.block_on(world.get());
        assert!(
            got.text.starts_with("call ") && got.text.ends_with('.'),
            "after {turns} turns: {got:?}"
        );
        assert!(world.calls() <= 2);
    }
}
