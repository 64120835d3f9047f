//! Bodies that many read while they come.

use http::HeaderMap;

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn whoever_comes_while_a_body_streams_reads_it_from_its_beginning() {
    let gates = [Gate::default(), Gate::default()];
    let held = gates.clone();
    let world = World::plain(move |_, call| {
        let [first, last] = held.clone().map(Step::Wait);
        let mut trailers = HeaderMap::new();
        trailers.insert("x-end", "yes".parse().unwrap());
        let (middle, end) = (data(format!("{call}, ")), Step::Trailers(trailers));
        Play::answer([data("call "), first, middle, last, data("done"), end])
    });
    let mut clients = vec![world.start(get()).await];
    clients.push(world.start(get()).await);
    gates[0].open();
    settle().await;
    clients.push(world.start(get()).await);
    gates[1].open();
    for client in clients {
        let got = client.await.unwrap().unwrap();
        assert_eq!(got.text, "call 0, done");
        assert_eq!(got.trailers.unwrap()["x-end"], "yes");
    }
    assert_eq!((world.calls(), world.counts()), (1, [1, 2, 0, 0]));
    world.is_at_rest().await;
    assert!(world.send(get()).await.unwrap().text.starts_with("call 1"));
}

#[tokio::test(start_paused = true)]
async fn a_large_body_goes_on_for_those_who_read_it_and_whoever_comes_calls_anew() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::new(
        |layer| layer.max_body_bytes(10),
        move |_, call| {
            let wait = Step::Wait(held.clone());
            Play::answer([
                data("012345"),
                wait,
                data(format!("6789{call}")),
                Step::Pause,
                data("!"),
            ])
        },
    );
    let readers = [world.start(get()).await, world.start(get()).await];
    gate.open();
    settle().await;
    let late = world.start(get()).await;
    for reader in readers {
        assert_eq!(reader.await.unwrap().unwrap().text, "01234567890!");
    }
    assert_eq!(late.await.unwrap().unwrap().text, "01234567891!");
    assert_eq!(world.calls(), 2);
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn a_large_body_waits_for_those_who_read_it() {
    let world = World::new(
        |layer| layer.max_body_bytes(100),
        |_, _| Play::answer(vec![data("0123456789"); 1_000]),
    );
    let response = world.head(get()).await.unwrap();
    settle().await;
    assert_eq!(world.seen.live.load(std::sync::atomic::Ordering::SeqCst), 1, "it is not drained");
    assert_eq!(Got::of(response).await.text.len(), 10_000);
    world.is_at_rest().await;
}

#[tokio::test(start_paused = true)]
async fn what_says_that_it_is_large_is_for_whoever_asked() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::new(
        |layer| layer.max_body_bytes(5),
        move |_, call| {
            let play = Play::answer([data(format!("call {call}"))]).length(6);
            play.after([Step::Wait(held.clone())])
        },
    );
    let clients = [world.start(get()).await, world.start(get()).await];
    gate.open();
    for (call, client) in clients.into_iter().enumerate() {
        assert_eq!(client.await.unwrap().unwrap().text, format!("call {call}"));
    }
    assert_eq!(world.counts(), [1, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_there_needs_no_task() {
    let world = World::plain(|_, _| Play::answer([data("all "), data("of it")]));
    let response = world.head(get()).await.unwrap();
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert_eq!((tasks, world.handle.stats().in_flight), (0, 0));
    assert_eq!(Got::of(response).await.text, "all of it");
}

#[tokio::test(start_paused = true)]
async fn the_announced_length_is_told_to_all() {
    use http_body::Body;
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, _| {
        Play::answer([data("abc")]).length(3).after([Step::Wait(held.clone())])
    });
    let (one, other) = (world.clone(), world.clone());
    let heads = [one, other].map(|world| tokio::spawn(async move { world.head(get()).await }));
    settle().await;
    gate.open();
    for head in heads {
        assert_eq!(head.await.unwrap().unwrap().body().size_hint().exact(), Some(3));
    }
}

#[tokio::test(start_paused = true)]
async fn all_get_a_body_as_it_is_however_much_of_it_is_there_at_once() {
    use http_body::Body;
    let mut fields = HeaderMap::new();
    fields.insert("x-end", "yes".parse().unwrap());
    let end = Step::Trailers(fields);
    let bodies = [
        (vec![], None),
        (vec![], Some(0)),
        (vec![data("")], Some(0)),
        (vec![data("abc")], None),
        (vec![data("abc")], Some(3)),
        (vec![data("abcde")], Some(3)),
        (vec![data("abc")], Some(4)),
        (vec![data("ab"), data("c")], Some(3)),
        (vec![data("a"), data("b"), data("c")], None),
        (vec![end.clone()], None),
        (vec![data("abc"), end.clone()], None),
        (vec![data("abc"), end.clone()], Some(3)),
        (vec![data("ab"), data("c"), end.clone()], None),
        (vec![data("abc"), Step::Pause, end], None),
        (vec![Step::Pause, data("abc")], Some(3)),
        (vec![data("abc"), Step::Error], None),
        (vec![Step::Error], Some(3)),
        (vec![data("larger than may be held")], None),
    ];
    for (steps, length) in bodies {
        let gate = Gate::default();
        let (held, play) = (gate.clone(), steps.clone());
        let world = World::new(
            |layer| layer.max_body_bytes(10),
            move |_, _| {
                let answer = Play::answer(play.clone());
                let answer = match length {
                    Some(length) => answer.length(length),
                    None => answer,
                };
                answer.after([Step::Wait(held.clone())])
            },
        );
        let clients = [world.clone(), world.clone()]
            .map(|world| tokio::spawn(async move { world.head(get()).await }));
        settle().await;
        gate.open();
        for client in clients {
            let response = client.await.unwrap().unwrap();
            assert_eq!(response.body().size_hint().exact(), length, "{length:?}");
            let alone = Got::of(http::Response::new(Steps::of(steps.clone()))).await;
            let got = Got::of(response).await;
            assert_eq!((got.text, got.trailers), (alone.text, alone.trailers), "{length:?}");
            assert_eq!(got.broken, alone.broken, "{length:?}");
        }
        world.is_at_rest().await;
    }
}
