//! What is stale is given at once, and made fresh in the background.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use http::Request;

use crate::world::*;

const STALE: &str = "max-age=60, stale-while-revalidate=600";

#[tokio::test(start_paused = true)]
async fn a_thousand_who_find_it_stale_refresh_it_once() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| match call {
        0 => Play::answer([data("0")]).control(STALE),
        call => {
            Play::answer([data(call.to_string())]).control(STALE).after([Step::Wait(held.clone())])
        }
    });
    world.get().await;
    world.pass(61);
    let clients: Vec<_> = (0..1_000).map(|_| world.spawn(get())).collect();
    for client in clients {
        assert_eq!(client.await.unwrap().unwrap().text, "0");
    }
    assert_eq!(world.calls(), 2);
    gate.open();
    settle().await;
    assert_eq!(world.get().await.text, "1");
    assert_eq!(world.calls(), 2);
    world.calls_have_ended().await;
    let total = world.handle.stats().total;
    assert_eq!(
        (total.misses, total.stale_hits, total.hits),
        (1, 1_000, 1),
        "a refresh is no request"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refresh_has_all_that_the_request_had() {
    let seen = Arc::new(AtomicUsize::new(0));
    let inside = Arc::clone(&seen);
    let world = World::plain(move |request, _| {
        assert_eq!(request.extensions().get(), Some(&7_u32), "as axum's path parameters");
        assert_eq!(request.headers()["x-kept"], "1");
        assert!(!request.headers().contains_key("range"));
        inside.fetch_add(1, SeqCst);
        Play::answer([data("a")]).control(STALE)
    });
    let ask = |range: Option<&str>| {
        let request = Request::get("/").header("x-kept", "1").extension(7_u32);
        range.into_iter().fold(request, |r, range| r.header("range", range)).body(()).unwrap()
    };
    world.send(ask(None)).await.unwrap();
    world.pass(61);
    world.send(ask(Some("bytes=0-0"))).await.unwrap();
    settle().await;
    assert_eq!(seen.load(SeqCst), 2);
    assert!(world.send(ask(None)).await.unwrap().told().contains("ttl=60"));
}

#[tokio::test(start_paused = true)]
async fn who_is_early_refreshes_once() {
    let gate = Gate::default();
    let held = gate.clone();
    // So eager that everybody is early.
    let world = World::new(
        |layer| layer.early_refresh(1e300).unwrap(),
        move |_, call| match call {
            0 => Play::fresh([data("0"), Step::Pause]).after([Step::Pause]),
            call => Play::fresh([data(call.to_string())]).after([Step::Wait(held.clone())]),
        },
    );
    let hand = world.hand.clone();
    let (first, ()) = tokio::join!(world.get(), async {
        tokio::task::yield_now().await;
        hand.advance(std::time::Duration::from_secs(1));
    });
    assert_eq!(first.text, "0");
    let clients: Vec<_> = (0..100).map(|_| world.spawn(get())).collect();
    for client in clients {
        assert_eq!(client.await.unwrap().unwrap().text, "0");
    }
    assert!(world.calls() <= 2);
    gate.open();
    world.calls_have_ended().await;
}

#[test]
fn without_a_runtime_what_is_stale_is_given_and_nothing_is_stored() {
    let world = World::plain(|_, call| Play::answer([data(call.to_string())]).control(STALE));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(world.get());
    world.pass(61);
    assert_eq!(futures_executor::block_on(world.get()).text, "0");
    world.pass(600);
    let got = futures_executor::block_on(world.get());
    assert_eq!(got.text, "1");
    assert!(got.told().contains("no-runtime"), "{}", got.told());
}
