//! Calls that fail, panic, and break off.

use crate::world::*;

/// The first `failing` calls do as `play` says, the next ones answer.
fn failing(failing: usize, play: fn() -> Play) -> (World, Gate) {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| match call {
        0 => play().after([Step::Wait(held.clone())]),
        _ if call < failing => play(),
        _ => Play::answer([data(format!("call {call}"))]).after([Step::Pause]),
    });
    (world, gate)
}

fn panics_in_its_body() -> Play {
    Play::answer([Step::Panic])
}

#[tokio::test(start_paused = true)]
async fn an_error_is_its_leaders_and_the_next_calls_for_all() {
    let (world, gate) = failing(1, Play::failure);
    let leader = world.start(get()).await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(world.start(get()).await);
    }
    gate.open();
    assert_eq!(leader.await.unwrap().unwrap_err(), Failure);
    for client in clients {
        assert_eq!(client.await.unwrap().unwrap().text, "call 1");
    }
    assert_eq!((world.calls(), world.counts()), (2, [2, 9, 0, 0]));
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn after_two_errors_nobody_tries_any_more() {
    let (world, gate) = failing(usize::MAX, Play::failure);
    let first = world.start(get()).await;
    let second = world.start(get()).await;
    let mut others = Vec::new();
    for _ in 0..10 {
        others.push(world.start(get()).await);
    }
    gate.open();
    for failed in [first, second] {
        assert_eq!(failed.await.unwrap().unwrap_err(), Failure);
    }
    for client in others {
        assert_eq!(client.await.unwrap().unwrap().status(), 502);
    }
    assert_eq!(world.calls(), 2);
    world.is_at_rest().await;
    assert!(world.send(get()).await.is_err(), "whoever comes then tries again");
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_call_that_changed_hands_is_whose_it_is_by_then() {
    let (world, gate) = failing(1, Play::failure);
    let leader = world.start(get()).await;
    let heir = world.start(get()).await;
    let last = world.start(get()).await;
    leader.abort();
    settle().await;
    gate.open();
    assert_eq!(heir.await.unwrap().unwrap_err(), Failure);
    assert_eq!(last.await.unwrap().unwrap().text, "call 1");
    assert_eq!(world.calls(), 2);
}

/// A world whose calls do these things in turn, the first of them when the gate is open.
fn in_turn(plays: &'static [fn() -> Play]) -> (World, Gate) {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| {
        let mut play = plays.get(call).map_or_else(|| Play::answer([data("well")]), |play| play());
        if call == 0 {
            play.before.insert(0, Step::Wait(held.clone()));
        }
        play
    });
    (world, gate)
}

/// What panics in its future.
fn panics() -> Play {
    Play::answer([]).after([Step::Panic])
}

#[tokio::test(start_paused = true)]
async fn a_panic_reaches_its_leader_and_the_next_calls_for_all() {
    let (world, gate) = in_turn(&[panics]);
    let leader = world.start(get()).await;
    let clients = [world.start(get()).await, world.start(get()).await];
    gate.open();
    assert!(leader.await.unwrap_err().is_panic());
    for client in clients {
        assert_eq!(client.await.unwrap().unwrap().text, "well");
    }
    assert_eq!(world.calls(), 2);
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn after_two_that_failed_in_whatever_way_nobody_tries_any_more() {
    for plays in [
        &[panics as fn() -> Play, panics] as &'static [fn() -> Play],
        &[Play::failure, panics],
        // That one panics where it is called.
        &[Play::failure, Play::panic],
        &[panics, Play::failure],
        &[panics_in_its_body, panics_in_its_body],
    ] {
        let (world, gate) = in_turn(plays);
        let failing = [world.start(get()).await, world.start(get()).await];
        let others = [world.start(get()).await, world.start(get()).await];
        gate.open();
        for failed in failing {
            assert!(!matches!(failed.await, Ok(Ok(_))));
        }
        for client in others {
            assert_eq!(client.await.unwrap().unwrap().status(), 502);
        }
        assert_eq!((world.calls(), world.counts()), (2, [2, 2, 0, 0]));
        world.is_at_rest().await;
        assert_eq!(world.send(get()).await.unwrap().text, "well");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panics_where_it_is_made_leaves_nobody_waiting() {
    let world = World::plain(|_, call| match call {
        0 => Play::panic(),
        _ => Play::answer([data("well")]),
    });
    assert!(world.spawn(get()).await.unwrap_err().is_panic());
    assert_eq!(world.send(get()).await.unwrap().text, "well");
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_does_for_all_who_read_it() {
    for step in [Step::Error, Step::Panic] {
        let gate = Gate::default();
        let held = gate.clone();
        let world = World::plain(move |_, _| {
            Play::answer([data("begun"), Step::Wait(held.clone()), step.clone(), Step::Pause])
        });
        let clients = [world.start(get()).await, world.start(get()).await];
        gate.open();
        for client in clients {
            let got = client.await.unwrap().unwrap();
            assert!(got.text == "begun" && got.broken.is_some(), "{got:?}");
        }
        assert_eq!(world.calls(), 1);
        world.is_at_rest().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_at_once_is_not_waited_for_again_and_again() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, _| {
        Play::answer([data("a"), Step::Error, Step::Pause]).after([Step::Wait(held.clone())])
    });
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(world.start(get()).await);
    }
    gate.open();
    for client in clients {
        assert!(client.await.unwrap().unwrap().broken.is_some());
    }
    assert!(world.calls() <= 10);
    world.is_at_rest().await;
}
