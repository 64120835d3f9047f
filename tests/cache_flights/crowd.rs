//! Many who want the same at once.

use tower_weir::clock::Clock;

use crate::world::*;

async fn crowd(world: &World, size: usize) -> Vec<Client> {
    let clients = (0..size).map(|_| world.spawn(get())).collect();
    settle().await;
    clients
}

async fn texts(clients: Vec<Client>) -> Vec<String> {
    let mut texts = Vec::new();
    for client in clients {
        texts.push(client.await.unwrap().unwrap().text);
    }
    texts
}

/// A world whose calls wait at a gate.
fn gated(play: impl Fn(usize) -> Play + Send + Sync + 'static) -> (World, Gate) {
    let gate = Gate::default();
    let held = gate.clone();
    (World::plain(move |_, call| play(call).after([Step::Wait(held.clone())])), gate)
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_wait_for_one_call() {
    let (world, gate) = gated(|call| Play::fresh([data(call.to_string())]));
    let clients = crowd(&world, 10_000).await;
    assert_eq!(world.calls(), 1);
    gate.open();
    assert!(texts(clients).await.iter().all(|text| text == "0"));
    assert_eq!(world.calls(), 1);
    world.calls_have_ended().await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_wait_for_one_call_though_its_leader_leaves() {
    let (world, gate) = gated(|call| Play::fresh([data(call.to_string()), Step::Pause, data("!")]));
    let mut clients = crowd(&world, 10_000).await;
    clients.remove(0).abort();
    settle().await;
    gate.open();
    assert!(texts(clients).await.iter().all(|text| text == "0!"));
    assert_eq!(world.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_shared_is_asked_for_by_all_at_once_and_remembered_for_a_while() {
    let (one, all) = (Gate::default(), Gate::default());
    let gates = (one.clone(), all.clone());
    let world = World::plain(move |_, call| {
        let gate = if call == 0 { &gates.0 } else { &gates.1 };
        Play::answer([data(call.to_string())]).control("no-store").after([Step::Wait(gate.clone())])
    });
    let clients = crowd(&world, 100).await;
    assert_eq!(world.calls(), 1);
    one.open();
    settle().await;
    assert_eq!(world.calls(), 100, "nobody waits for another");
    let more = crowd(&world, 10).await;
    assert_eq!(world.calls(), 110, "nor does who comes after");
    all.open();
    let mut texts = texts(clients.into_iter().chain(more).collect()).await;
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 110);
    assert!(world.get().await.told().contains("detail=pass"));
    world.pass(10);
    assert!(world.get().await.told().contains("detail=no-store"), "it is asked anew");
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_service_is_for_all_who_wait_and_nobody_else() {
    let (world, gate) =
        gated(|call| Play::answer([data(call.to_string())]).control("max-age=0").status(503));
    let clients = crowd(&world, 100).await;
    gate.open();
    assert!(texts(clients).await.iter().all(|text| text == "0"));
    assert_eq!(world.calls(), 1);
    let next = world.get().await;
    assert_eq!((next.status(), next.text.as_str()), (503, "1"));
}

/// A service that has become slower than its answers live would be called by all at once otherwise, just then.
#[tokio::test(start_paused = true)]
async fn an_answer_that_took_longer_than_it_lives_is_for_all_who_wait() {
    let (world, gate) = gated(|call| Play::fresh([data(call.to_string())]));
    let clients = crowd(&world, 100).await;
    world.pass(61);
    gate.open();
    assert!(texts(clients).await.iter().all(|text| text == "0"));
    assert_eq!(world.calls(), 1);
    let next = world.get().await;
    assert_eq!((next.text.as_str(), next.told()), ("1", "weir; fwd=uri-miss; stored"));
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_goes_alone() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| match call {
        0 => Play::fresh([data("late")]).after([Step::Wait(held.clone())]),
        _ => Play::fresh([data("soon")]),
    });
    let leader = world.start(get()).await;
    let waiting = world.spawn(get());
    tokio::time::sleep(std::time::Duration::from_millis(29_900)).await;
    assert_eq!(world.calls(), 1);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(world.calls(), 2);
    assert_eq!(waiting.await.unwrap().unwrap().text, "soon");
    gate.open();
    assert_eq!(leader.await.unwrap().unwrap().text, "late");
    assert_eq!(world.get().await.text, "late", "and what the first brings is stored");
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_after_one_who_waited_too_long_does_not_wait() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| match call {
        0 => Play::fresh([data("never")]).after([Step::Wait(held.clone())]),
        1 => Play::answer([data("alone")]).control("no-store"),
        _ => Play::fresh([data("soon")]),
    });
    let hangs = world.start(get()).await;
    assert_eq!(world.get().await.text, "alone");
    let clock = Clock::runtime();
    let begun = clock.now();
    assert_eq!(world.get().await.text, "soon");
    assert!(clock.now().saturating_since(begun).as_secs() < 1);
    drop(hangs);
}

#[tokio::test(start_paused = true)]
async fn each_variant_is_called_for_once() {
    let gate = Gate::default();
    let held = gate.clone();
    let (seen, vary) = (http::header::ACCEPT_LANGUAGE, "accept-language");
    let language = seen.clone();
    let world = World::new(
        |layer| layer.fingerprint(tower_weir::cache::Fingerprint::builder().header(language)),
        move |request, _| {
            let text = request.headers()[&seen].to_str().unwrap().to_owned();
            Play::fresh([data(text)]).after([Step::Wait(held.clone())])
        },
    );
    let ask = |language| http::Request::get("/").header(vary, language).body(()).unwrap();
    let clients: Vec<_> =
        (0..1_000).map(|n| (n % 2, world.spawn(ask(["de", "en"][n % 2])))).collect();
    settle().await;
    gate.open();
    for (language, client) in clients {
        assert_eq!(client.await.unwrap().unwrap().text, ["de", "en"][language]);
    }
    assert_eq!(world.calls(), 2);
}
