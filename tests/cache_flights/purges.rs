//! Changes that come while a call is under way: what it brings may be older than they are.

use http::Request;

use crate::world::*;

/// A world whose first call waits at a gate, and whose answers are confirmed changes for any method but GET.
fn changing(
    steps: impl Fn(Gate) -> (Vec<Step>, Vec<Step>) + Send + Sync + 'static,
) -> (World, Gate) {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| match call {
        0 => {
            let (head, body) = steps(held.clone());
            Play::fresh([vec![data("0")], body].concat()).after(head)
        }
        call => Play::fresh([data(call.to_string())]),
    });
    (world, gate)
}

fn put() -> Request<()> {
    Request::put("/").body(()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_before_a_purge_is_not_stored_after_it() {
    for late in [false, true] {
        let (world, gate) = changing(move |gate| {
            let wait = vec![Step::Wait(gate)];
            if late { (Vec::new(), wait) } else { (wait, Vec::new()) }
        });
        let asking = world.start(get()).await;
        world.handle.purge(&"/".parse().unwrap());
        gate.open();
        assert_eq!(asking.await.unwrap().unwrap().text, "0", "who asked before gets it");
        assert_eq!(world.get().await.text, "1");
        assert_eq!(world.get().await.text, "1");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_before_a_change_is_not_stored_after_it() {
    for late in [false, true] {
        let (world, gate) = changing(move |gate| {
            let wait = vec![Step::Wait(gate)];
            if late { (Vec::new(), wait) } else { (wait, Vec::new()) }
        });
        let asking = world.start(get()).await;
        world.send(put()).await.unwrap();
        gate.open();
        assert_eq!(asking.await.unwrap().unwrap().text, "0");
        assert_eq!(world.get().await.text, "2");
        assert_eq!(world.get().await.text, "2");
    }
}

/// Who asks after a change must not get what another was asking for before it; and all of them together ask once.
#[tokio::test(start_paused = true)]
async fn who_asks_after_a_change_gets_what_is_new() {
    for late in [false, true] {
        let (world, gate) = changing(move |gate| {
            let wait = vec![Step::Wait(gate)];
            if late { (Vec::new(), wait) } else { (wait, Vec::new()) }
        });
        let before = world.start(get()).await;
        world.send(put()).await.unwrap();
        let clients: Vec<_> = (0..100).map(|_| world.spawn(get())).collect();
        settle().await;
        gate.open();
        assert_eq!(before.await.unwrap().unwrap().text, "0");
        for client in clients {
            assert_eq!(client.await.unwrap().unwrap().text, "2");
        }
        assert_eq!(world.calls(), 3, "late: {late}");
        assert_eq!(world.get().await.text, "2");
    }
}

/// The service's own change, made while it answers, by the handle that it holds.
#[tokio::test(start_paused = true)]
async fn a_handler_may_purge_while_it_answers() {
    use std::sync::{Arc, OnceLock};
    let cache = Arc::new(OnceLock::<tower_weir::cache::Handle>::new());
    let (inside, asked) = (Arc::clone(&cache), Arc::clone(&cache));
    let world = World::new(
        |layer| {
            layer.cacheable(move |_, _| {
                asked.get().unwrap().purge_tag("unrelated");
                asked.get().unwrap().stats().store.entries == 0
            })
        },
        move |_, call| {
            if call == 0 {
                inside.get().unwrap().purge_all();
            }
            Play::fresh([data(call.to_string())])
        },
    );
    assert!(cache.set(world.handle.clone()).is_ok());
    for expected in ["0", "1", "1"] {
        assert_eq!(world.get().await.text, expected);
    }
}
