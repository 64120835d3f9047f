//! Many loads from many threads: each gets its own answer, whoever leaves.

use std::{
    collections::HashSet,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use tokio::{runtime::Builder, task::yield_now};
use tower_weir::{
    batch::{Batch, BatchLayer, Fixed, Load},
    clock::Clock,
};

use crate::{
    random::Random,
    support::{Got, Numbers, ms},
    until::until,
};

const LOADS: u64 = 20_000;
const MAX_IN_FLIGHT: usize = 3;

#[derive(Default)]
struct Seen {
    sent: Mutex<HashSet<u64>>,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Seen {
    fn sends(&self, numbers: &[u64]) {
        let mut sent = self.sent.lock().unwrap();
        assert!(numbers.iter().all(|number| sent.insert(*number)), "sent twice");
    }
}

fn batcher(seen: Arc<Seen>) -> Numbers {
    BatchLayer::new()
        .max_size(16)
        .max_in_flight(MAX_IN_FLIGHT)
        .max_waiting(usize::try_from(LOADS).unwrap())
        .partition_by(|number: &u64| number % 5)
        .linger(Fixed::new(ms(1)))
        .clock(Clock::runtime())
        .batcher(async move |batch: Batch<u64, u64>| {
            let under_way = seen.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            seen.most.fetch_max(under_way, Ordering::SeqCst);
            assert!(batch.items.len() <= 16 && batch.items.iter().all(|n| n % 5 == batch.key));
            seen.sends(&batch.items);
            for _ in 0..batch.items[0] % 7 {
                yield_now().await;
            }
            seen.under_way.fetch_sub(1, Ordering::SeqCst);
            batch.items.iter().map(|number| Ok(number * 2)).collect::<Vec<_>>()
        })
}

/// Whoever has so much patience looks so often again, and leaves then if there is no answer.
async fn stays_or_leaves(mut load: Load<u64, u64, String>, patience: Option<u64>) -> Option<Got> {
    let Some(patience) = patience else { return Some(load.await) };
    for _ in 0..=patience {
        let polled = poll_fn(|cx| Poll::Ready(Pin::new(&mut load).poll(cx)));
        if let Poll::Ready(answer) = polled.await {
            return Some(answer);
        }
        yield_now().await;
    }
    None
}

#[test]
fn each_of_many_loads_gets_its_own_answer_while_others_leave() {
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let seen = Arc::new(Seen::default());
    let batcher = batcher(Arc::clone(&seen));
    runtime.block_on(async {
        let mut loads = Vec::new();
        let mut random = Random::new(7);
        for number in 0..LOADS {
            let load = batcher.load(number);
            let patience = (random.below(3) == 0).then(|| random.below(12));
            loads.push(tokio::spawn(stays_or_leaves(load, patience)));
            if number % 64 == 0 {
                yield_now().await;
            }
        }
        let mut answered = 0;
        for (number, load) in (0..).zip(loads) {
            if let Some(answer) = load.await.unwrap() {
                assert_eq!(answer.unwrap(), number * 2);
                assert!(seen.sent.lock().unwrap().contains(&number));
                answered += 1;
            }
        }
        let handle = batcher.handle();
        handle.drain().await;
        let stats = handle.stats();
        assert_eq!((stats.waiting, stats.in_flight, stats.refused), (0, 0, 0));
        assert_eq!((stats.items, stats.failed_batches), (LOADS, 0));
        let sent = seen.sent.lock().unwrap().len() as u64;
        assert_eq!(sent + stats.abandoned, LOADS, "what was not abandoned was sent");
        assert!(answered <= sent && answered >= LOADS / 4, "{answered} of {sent}");
        assert!(seen.most.load(Ordering::SeqCst) <= MAX_IN_FLIGHT);
        let metrics = tokio::runtime::Handle::current().metrics();
        until(|| metrics.num_alive_tasks() == 0).await;
    });
}
