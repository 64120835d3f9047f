//! How seldom a hot key asks, and what it costs.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use tokio::{sync::Mutex, time::interval};
use tower_weir::{
    clock::Clock,
    rate_limit::{Quota, shared::Action},
};

use crate::{
    store::Mood,
    world::{Watched, instance, passes, service, together},
};

/// What became of the requests of some time.
#[derive(Debug, Default)]
struct Run {
    sent: usize,
    passed: usize,
    /// How many could not be answered at once.
    waited: usize,
    asked: usize,
}

/// Two instances, each of which gets so many requests in a millisecond for so long. An answer of the store takes half a
/// millisecond.
async fn run(quota: Quota, each: usize, time: Duration) -> Run {
    let store = Watched::new();
    store.store.set(Mood::Slow(Duration::from_micros(500)));
    let services = [(); 2].map(|()| service(&instance(quota, &store)));
    let run = Arc::new(Mutex::new(Run::default()));
    let clock = Clock::runtime();
    let mut ticks = interval(Duration::from_millis(1));
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..time.as_millis() {
        ticks.tick().await;
        for service in &services {
            for _ in 0..each {
                let (service, run, clock) = (service.clone(), Arc::clone(&run), clock.clone());
                requests.spawn(async move {
                    let sent = clock.now();
                    let passed = passes(&service).await;
                    let mut run = run.lock().await;
                    run.sent += 1;
                    run.passed += usize::from(passed);
                    run.waited += usize::from(clock.now() > sent);
                });
            }
        }
    }
    while requests.join_next().await.is_some() {}
    drop(services);
    let mut run = std::mem::take(&mut *run.lock().await);
    run.asked = store.store.asked().len();
    println!("{quota}, 2 × {each} a millisecond: {run:?}");
    run
}

#[tokio::test(start_paused = true)]
async fn a_hot_key_asks_for_one_request_in_a_hundred_at_most() {
    let plenty = Quota::per_second(1_000_000);
    let run = run(plenty, 10, Duration::from_secs(2)).await;
    assert_eq!((run.sent, run.passed), (40_000, 40_000));
    assert!(run.asked * 100 <= run.sent, "{run:?}");
    assert!(run.waited * 100 <= run.sent, "{run:?}");
}

#[tokio::test(start_paused = true)]
async fn so_does_one_at_its_limit_and_gets_all_that_its_quota_allows() {
    for quota in [Quota::per_second(10_000).burst(1_000), Quota::per_second(1_000).burst(100)] {
        let seconds = 2;
        let run = run(quota, 10, Duration::from_secs(seconds)).await;
        assert!(run.asked * 100 <= run.sent, "{run:?}");
        let in_time = quota.burst_size() as usize
            + (seconds * 1_000_000_000 / quota.interval().as_nanos() as u64) as usize;
        let more = 4 * 100_000_000 / quota.interval().as_nanos() as usize;
        assert!(run.passed <= in_time + more, "{} > {in_time} + {more}", run.passed);
        assert!(run.passed * 100 >= in_time * 95, "{} < 95 % of {in_time}", run.passed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cold_key_is_checked_and_holds_nothing() {
    let store = Watched::new();
    let service = service(&instance(Quota::per_second(1_000), &store));
    for _ in 0..20 {
        assert!(passes(&service).await);
        tokio::time::advance(Duration::from_millis(60)).await;
    }
    assert_eq!(store.store.asked(), [Action::Check { cells: 1 }; 20]);
}

#[tokio::test(start_paused = true)]
async fn two_instances_that_ask_until_they_are_refused_pass_exactly_the_quota() {
    let store = Watched::new();
    // A cell comes back each 0.9 seconds.
    let services = [(); 2].map(|()| service(&instance(Quota::per_day(100_000), &store)));
    let (mut passed, mut refused) = (0, [false; 2]);
    while refused != [true; 2] {
        for (service, refused) in services.iter().zip(&mut refused) {
            let passes = passes(service).await;
            passed += usize::from(passes);
            *refused = !passes;
        }
    }
    assert_eq!(passed, 100_000);
}

#[tokio::test(start_paused = true)]
async fn those_who_come_while_cells_are_bought_are_bought_for_together() {
    let store = Watched::new();
    store.store.set(Mood::Slow(Duration::from_millis(1)));
    let service = service(&instance(Quota::per_second(10_000), &store));
    let answers = together(&service, 1_000).await;
    assert!(answers.iter().all(|status| *status == StatusCode::OK));
    let asked = store.store.asked().len();
    assert!(asked <= 4, "{asked}");
}
