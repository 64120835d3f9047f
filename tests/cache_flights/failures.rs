//! Calls that fail or panic.

use crate::world::*;

/// Starts `size` clients whose call waits, and lets it go.
async fn fail(world: &World, gate: &Gate, size: usize) -> Vec<Client> {
    let clients: Vec<_> = (0..size).map(|_| world.spawn(get())).collect();
    settle().await;
    assert_eq!(world.calls(), 1);
    gate.open();
    clients
}

#[tokio::test(start_paused = true)]
async fn after_an_error_one_other_tries_and_then_nobody() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| match call {
        0 | 1 => Play::failure().after([Step::Wait(held.clone())]),
        _ => Play::fresh([data("whole")]),
    });
    let (mut failed, mut told) = (0, 0);
    for client in fail(&world, &gate, 100).await {
        match client.await.unwrap() {
            Err(Failure) => failed += 1,
            Ok(got) => told += usize::from(got.status() == 502),
        }
    }
    assert_eq!((failed, told, world.calls()), (2, 98, 2));
    assert_eq!(world.get().await.text, "whole");
    world.calls_have_ended().await;
}

#[tokio::test(start_paused = true)]
async fn after_one_error_the_next_call_is_for_all() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| match call {
        0 => Play::failure().after([Step::Wait(held.clone())]),
        _ => Play::fresh([data("whole")]),
    });
    let mut failed = 0;
    for client in fail(&world, &gate, 100).await {
        match client.await.unwrap() {
            Err(Failure) => failed += 1,
            Ok(got) => assert_eq!(got.text, "whole"),
        }
    }
    assert_eq!((failed, world.calls()), (1, 2));
}

/// Those of the clients who got the whole, and how many panicked.
async fn survivors(clients: Vec<Client>) -> (usize, usize) {
    let (mut whole, mut panicked) = (0, 0);
    for client in clients {
        match client.await {
            Ok(got) => whole += usize::from(got.unwrap().text == "whole"),
            Err(error) => panicked += usize::from(error.is_panic()),
        }
    }
    (whole, panicked)
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_call_is_its_clients_alone() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| match call {
        // Everybody is in line before the second panics.
        0 => Play::failure().after([Step::Wait(held.clone())]),
        1 => panic!("as the play has it"),
        _ => Play::fresh([data("whole")]),
    });
    let mut clients = fail(&world, &gate, 50).await;
    assert!(clients.remove(0).await.unwrap().is_err());
    assert_eq!(survivors(clients).await, (48, 1));
    assert_eq!(world.calls(), 3);
    world.calls_have_ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_future_is_its_clients_alone() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| match call {
        0 => Play::failure().after([Step::Wait(held.clone()), Step::Panic]),
        _ => Play::fresh([data("whole")]),
    });
    assert_eq!(survivors(fail(&world, &gate, 50).await).await, (49, 1));
    assert_eq!(world.calls(), 2);
    world.calls_have_ended().await;
}

/// Who waits has the head already when the body panics, so it breaks off for all; and it is not stored.
#[tokio::test(start_paused = true)]
async fn a_panic_in_the_body_leaves_nobody_waiting() {
    for paused in [false, true] {
        let gate = Gate::default();
        let held = gate.clone();
        let world = World::plain(move |_, call| match (call, paused) {
            (0, false) => Play::fresh([data("who"), Step::Panic]).after([Step::Wait(held.clone())]),
            (0, true) => Play::fresh([data("who"), Step::Pause, Step::Panic])
                .after([Step::Wait(held.clone())]),
            _ => Play::fresh([data("whole")]),
        });
        for client in fail(&world, &gate, 50).await {
            match client.await {
                Ok(got) => {
                    let got = got.unwrap();
                    assert!(got.broken.is_some() || got.text == "whole");
                }
                Err(error) => assert!(error.is_panic()),
            }
        }
        assert_eq!(world.get().await.text, "whole");
        world.calls_have_ended().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_is_nobodys_failure() {
    for panics in [false, true] {
        let world = World::plain(move |_, call| match call {
            1 if panics => Play::failure().after([Step::Pause, Step::Panic]),
            1 => Play::failure().after([Step::Pause]),
            call => Play::answer([data(call.to_string())])
                .control("max-age=60, stale-while-revalidate=600"),
        });
        world.get().await;
        world.pass(61);
        assert_eq!(world.get().await.text, "0");
        settle().await;
        assert_eq!(world.calls(), 2);
        assert_eq!(world.get().await.text, "0", "the next one tries again");
        settle().await;
        assert_eq!(world.get().await.text, "2");
        world.calls_have_ended().await;
    }
}

/// Those who come when it is too stale to be given join the refresh. If that fails, it was the first failure.
#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_is_followed_by_a_call_of_who_waits() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| match call {
        1 => Play::failure().after([Step::Wait(held.clone())]),
        call => {
            Play::answer([data(call.to_string())]).control("max-age=60, stale-while-revalidate=60")
        }
    });
    world.get().await;
    world.pass(61);
    assert_eq!(world.get().await.text, "0");
    world.pass(60);
    let waiting = world.start(get()).await;
    gate.open();
    assert_eq!(waiting.await.unwrap().unwrap().text, "2");
}
