//! Clients in several threads, some of which leave.

use http::Request;
use tokio::{runtime::Builder, task::yield_now};

use crate::{random::Random, world::*};

const PATHS: [&str; 3] = ["/a", "/b", "/c"];

#[test]
fn all_who_stay_get_their_answer_in_whatever_thread_they_are() {
    let world = World::plain(|request, call| {
        let path = request.uri().path().to_owned();
        let play = match call % 7 {
            5 => Play::failure(),
            _ => Play::answer([data(path), Step::Pause, data("!"), Step::Pause]),
        };
        let play = if call % 11 == 3 { play.field("set-cookie", "a=b") } else { play };
        play.after([Step::Pause, Step::Pause])
    });
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let clients: Vec<_> = (0..8)
            .map(|seed| {
                let world = world.clone();
                tokio::spawn(async move {
                    let mut random = Random::new(seed);
                    for _ in 0..300 {
                        visit(&world, &mut random).await;
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap();
        }
    });
    // Its tasks are gone.
    drop(runtime);
    let stats = world.handle.stats();
    assert_eq!((stats.in_flight, stats.waiting), (0, 0));
    assert!(stats.shared > 0 && stats.led > 0, "{stats:?}");
    assert_eq!(stats.led + stats.alone + stats.passed, world.calls() as u64);
}

/// Some ask for the same; some of them leave.
async fn visit(world: &World, random: &mut Random) {
    let path = random.of(&PATHS);
    let request = || Request::get(path).body(()).unwrap();
    let staying: Vec<_> = (0..3).map(|_| world.spawn(request())).collect();
    let leaving = world.spawn(request());
    for _ in 0..random.below(6) {
        yield_now().await;
    }
    leaving.abort();
    for client in staying {
        if let Ok(got) = client.await.unwrap() {
            assert!(got.status() == 502 || got.text == format!("{path}!"), "{path}: {got:?}");
        }
    }
}
