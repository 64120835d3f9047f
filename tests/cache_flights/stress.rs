//! Everything at once, on two threads, by chance that is the same each time.

use std::{pin::pin, sync::Mutex, task::Poll, time::Duration};

use http::Request;

use crate::world::*;

#[path = "../support/random.rs"]
mod random;
use random::Random;

const KEYS: u64 = 3;
const CLIENTS: u64 = 400;

fn pauses(random: &mut Random) -> Vec<Step> {
    (0..random.below(4)).map(|_| Step::Pause).collect()
}

/// A body that begins with `<` and ends with `>`, in pieces.
fn pieces(random: &mut Random, text: &str) -> Vec<Step> {
    let mut steps = vec![data("<")];
    for piece in text.split_inclusive('.') {
        steps.extend(pauses(random));
        steps.push(data(piece));
    }
    steps.extend(pauses(random));
    steps.push(data(">"));
    steps
}

fn ask(key: u64) -> Request<()> {
    Request::get(format!("/{key}")).body(()).unwrap()
}

/// A client that reads all, or leaves after some polls.
async fn client(world: World, key: u64, polls: Option<u64>) {
    let mut sent = pin!(world.send(ask(key)));
    let mut left = polls.unwrap_or(u64::MAX);
    let answer = std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        sent.as_mut().poll(cx).map(Some)
    })
    .await;
    let Some(Ok(got)) = answer else { return };
    if got.status() == 200 {
        let path = format!("/{key}.");
        assert!(
            got.broken.is_none() && got.text.starts_with('<') && got.text.ends_with('>'),
            "{got:?}"
        );
        assert!(got.text.contains(&path), "{got:?} for {key}");
    }
}

fn storm(seed: u64, failures: bool, purges: bool) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let dice = Mutex::new(Random::new(seed));
    let world = World::plain(move |request, call| {
        let mut random = Random::new(dice.lock().unwrap().next());
        let path = request.uri().path().to_owned();
        if failures && random.below(5) == 0 {
            return Play::failure().after(pauses(&mut random));
        }
        let text = format!("{path}.{call}.");
        Play::answer(pieces(&mut random, &text)).control("max-age=1").after(pauses(&mut random))
    });
    runtime.block_on(async {
        let mut random = Random::new(seed);
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let polls = (random.below(4) == 0).then(|| random.below(12));
            clients.push(tokio::spawn(client(world.clone(), random.below(KEYS), polls)));
            if random.below(10) == 0 {
                world.hand.advance(Duration::from_millis(500));
            }
            if purges && random.below(10) == 0 {
                world.handle.purge(&format!("/{}", random.below(KEYS)).parse().unwrap());
            }
            if random.below(3) == 0 {
                tokio::task::yield_now().await;
            }
        }
        for client in clients {
            // Not reached but by who is never answered.
            tokio::time::timeout(Duration::from_secs(60), client).await.expect("answered").unwrap();
        }
        if !failures && !purges {
            let most = world.seen.most_at_once.lock().unwrap().clone();
            assert!(most.values().all(|most| *most == 1), "seed {seed}: {most:?} calls at once");
        }
        for key in 0..KEYS {
            while world.send(ask(key)).await.is_err() {}
        }
    });
}

#[test]
fn nobody_is_left_waiting_and_nobody_gets_a_part() {
    for seed in 0..8 {
        storm(seed, false, false);
    }
}

#[test]
fn nobody_is_left_waiting_where_calls_fail() {
    for seed in 0..8 {
        storm(100 + seed, true, false);
    }
}

#[test]
fn nobody_is_left_waiting_where_things_are_purged() {
    for seed in 0..8 {
        storm(200 + seed, true, true);
    }
}
