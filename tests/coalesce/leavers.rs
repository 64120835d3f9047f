//! Clients that leave, at every await of the way.

use std::{
    pin::{Pin, pin},
    sync::atomic::Ordering::SeqCst,
    task::{Context, Poll, Waker},
};

use crate::world::*;

/// A call with pauses in its head and its body.
fn halting() -> World {
    World::plain(|_, call| Play::halting(call))
}

#[tokio::test(start_paused = true)]
async fn a_leader_may_leave_at_any_poll_and_its_call_goes_on() {
    let mut never_ended = 0;
    for (polls, others_run) in (0..20).flat_map(|polls| [(polls, false), (polls, true)]) {
        let world = halting();
        never_ended += usize::from(!world.leader_leaves(polls, others_run).await);
        world.is_at_rest().await;
    }
    assert!((10..40).contains(&never_ended), "{never_ended}: some stayed, and some left half-way");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_alone_takes_its_call_along() {
    for polls in 0..20 {
        let world = halting();
        polled(pin!(world.send(get())), polls, false).await;
        world.is_at_rest().await;
        assert_eq!(
            world.send(get()).await.unwrap().text,
            format!("call {}.", usize::from(polls > 0))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn followers_may_leave_at_any_poll() {
    for polls in 0..20 {
        let world = halting();
        let mut leader = Box::pin(world.send(get()));
        assert!(!polled(leader.as_mut(), 1, false).await);
        let staying = world.spawn(get());
        polled(pin!(world.send(get())), polls, true).await;
        assert_eq!(leader.await.unwrap().text, "call 0.", "after {polls} polls");
        assert_eq!(staying.await.unwrap().unwrap().text, "call 0.", "after {polls} polls");
        assert_eq!(world.calls(), 1);
        world.is_at_rest().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_through_as_many_hands_as_it_must() {
    let (world, gate) = World::gated(|layer| layer);
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(world.start(get()).await);
    }
    let last = clients.pop().unwrap();
    for client in clients {
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        settle().await;
        assert_eq!(world.seen.live.load(SeqCst), 1, "it goes on");
    }
    gate.open();
    assert_eq!(last.await.unwrap().unwrap().text, "call 0");
    assert_eq!((world.calls(), world.counts()), (1, [1, 1, 0, 0]));
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_would_go_on_may_leave_before_it_knows() {
    let (world, gate) = World::gated(|layer| layer);
    let mut leader = Box::pin(world.send(get()));
    assert!(!polled(leader.as_mut(), 1, false).await);
    let mut next = Box::pin(world.send(get()));
    assert!(!polled(next.as_mut(), 1, false).await);
    let last = world.start(get()).await;
    drop(leader);
    drop(next);
    gate.open();
    assert_eq!(last.await.unwrap().unwrap().text, "call 0");
    assert_eq!(world.calls(), 1);
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn all_may_leave_and_nothing_goes_on() {
    for body in [false, true] {
        let gate = Gate::default();
        let world = World::plain(move |_, _| {
            let wait = Step::Wait(gate.clone());
            match body {
                true => Play::answer([data("begun"), wait]),
                false => Play::answer([data("whole")]).after([wait]),
            }
        });
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(world.start(get()).await);
        }
        assert_eq!(world.seen.live.load(SeqCst), 1);
        clients.iter().for_each(|client| client.abort());
        world.is_at_rest().await;
        assert_eq!(world.calls(), 1);
        let anew = world.start(get()).await;
        assert_eq!(world.calls(), 2, "nobody joins what was given up");
        anew.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_may_leave_while_others_read_on() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, _| {
        Play::answer([data("begun, "), Step::Wait(held.clone()), data("done")])
    });
    let leader = world.start(get()).await;
    let follower = world.start(get()).await;
    leader.abort();
    settle().await;
    gate.open();
    assert_eq!(follower.await.unwrap().unwrap().text, "begun, done");
    assert_eq!(world.calls(), 1);
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn who_goes_on_with_anothers_call_does_not_get_what_is_for_that_one() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| {
        let play = Play::answer([data(format!("call {call}"))]).field("set-cookie", "session=1");
        play.after([Step::Wait(held.clone())])
    });
    let leader = world.start(get()).await;
    let clients = [world.start(get()).await, world.start(get()).await];
    leader.abort();
    settle().await;
    gate.open();
    let mut texts = Vec::new();
    for client in clients {
        texts.push(client.await.unwrap().unwrap().text);
    }
    texts.sort();
    assert_eq!(texts, ["call 1", "call 2"]);
    assert_eq!(world.counts(), [1, 0, 2, 0]);
}

#[test]
fn without_a_runtime_calls_change_hands_too() {
    let (world, gate) = World::gated(|layer| layer);
    let poll = |future: &mut Pin<Box<dyn Future<Output = Result<Got, Failure>> + '_>>| {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    };
    let mut clients: Vec<Pin<Box<dyn Future<Output = _>>>> =
        (0..3).map(|_| Box::pin(world.send(get())) as _).collect();
    assert!(clients.iter_mut().all(|client| poll(client).is_pending()));
    drop(clients.remove(0));
    assert!(poll(&mut clients[0]).is_pending());
    assert_eq!(world.calls(), 1);
    gate.open();
    // There is nobody to receive a body for all: each goes alone.
    for (at, client) in clients.iter_mut().enumerate() {
        let Poll::Ready(Ok(got)) = poll(client) else { panic!("it is there") };
        assert_eq!(got.text, format!("call {}", at + 1));
    }
}

#[test]
fn a_runtime_may_end_at_any_time() {
    for turns in 0..30 {
        let world = halting();
        world.runtime_ends(turns);
        let second = runtime();
        let got = second.block_on(world.send(get())).unwrap();
        assert!(got.text.starts_with("call ") && got.text.ends_with('.'), "after {turns}: {got:?}");
        assert!(world.calls() <= 2);
        second.block_on(world.is_at_rest());
    }
}
