//! Clients that leave, at every await of the way.

use std::{future::poll_fn, pin::pin, task::Poll};

use crate::world::*;

/// Polls `future` so many times. Whether it was ready by then.
async fn polled(
    mut future: std::pin::Pin<&mut impl Future>,
    times: usize,
    others_run: bool,
) -> bool {
    for _ in 0..times {
        if poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await {
            return true;
        }
        if others_run {
            tokio::task::yield_now().await;
        }
    }
    false
}

/// A call with pauses in its head and its body.
fn halting() -> World {
    World::plain(|_, call| {
        let body = [
            data("call "),
            Step::Pause,
            data(call.to_string()),
            Step::Pause,
            data("."),
            Step::Pause,
        ];
        Play::fresh(body).after([Step::Pause, Step::Pause, Step::Pause])
    })
}

#[tokio::test(start_paused = true)]
async fn a_leader_may_leave_at_any_poll() {
    let mut never_ended = 0;
    for (polls, others_run) in (0..20).flat_map(|polls| [(polls, false), (polls, true)]) {
        let world = halting();
        let mut clients = Vec::new();
        {
            let mut leader = pin!(world.send(get()));
            let early = polled(leader.as_mut(), polls.min(1), others_run).await;
            clients.extend((0..5).map(|_| world.spawn(get())));
            tokio::task::yield_now().await;
            let ended = early || polled(leader, polls.saturating_sub(1), others_run).await;
            never_ended += usize::from(!ended);
        }
        for client in clients {
            assert_eq!(client.await.unwrap().unwrap().text, "call 0.", "after {polls} polls");
        }
        assert_eq!(world.calls(), 1, "after {polls} polls");
        assert!(world.get().await.told.contains("; hit"), "it is stored");
        world.is_at_rest().await;
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
        world.is_at_rest().await;
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
        world.is_at_rest().await;
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
    world.is_at_rest().await;
    assert_eq!(world.get().await.text, "whole");
    assert_eq!(world.calls(), 1, "what was asked for was stored");
}

#[test]
fn a_runtime_may_end_at_any_time() {
    for turns in 0..30 {
        let world = halting();
        let first = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        first.block_on(async {
            for _ in 0..5 {
                drop(world.spawn(get()));
            }
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
        });
        drop(first);
        let second = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let got = second.block_on(world.get());
        assert!(
            got.text.starts_with("call ") && got.text.ends_with('.'),
            "after {turns} turns: {got:?}"
        );
        assert!(world.calls() <= 2);
    }
}
