//! Charges that the response decides on.

use std::{convert::Infallible, time::Duration};

use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::task::{JoinSet, yield_now};
use tower::ServiceExt;
use tower_weir::{
    clock::Clock,
    rate_limit::{Fallback, Quota, RateLimitLayer, shared::Action},
};

use crate::{
    Answer, Limited, from, get, header, run, send, service,
    store::{MemoryStore, Mood},
};

/// Only failures count.
fn failures(store: &MemoryStore, clock: &Clock) -> Limited {
    let layer = RateLimitLayer::new(Quota::per_minute(3)).clock(clock.clone());
    let layer = layer.charge_on(|served| u32::from(!served.is_success()));
    service(&layer.shared(store.clone()).fallback(Fallback::FailOpen))
}

fn instances() -> (MemoryStore, [Limited; 2], tower_weir::clock::ManualClock) {
    let (clock, hand) = Clock::manual();
    let store = MemoryStore::with(clock.clone(), None);
    let instances = [failures(&store, &clock), failures(&store, &clock)];
    (store, instances, hand)
}

/// Three requests that hold all there is while they are under way.
async fn reserving(service: &Limited) -> JoinSet<Result<Answer, Infallible>> {
    let mut under_way = JoinSet::new();
    for _ in 0..3 {
        under_way.spawn(service.clone().oneshot(from("somebody", "/slow")));
    }
    yield_now().await;
    under_way
}

#[test]
fn what_was_reserved_is_taken_back_or_stays() {
    run(async {
        let (store, [first, second], _) = instances();
        for _ in 0..5 {
            assert_eq!(get(&first, "/").await, 200);
        }
        assert_eq!(store.asked()[..2], [Action::Check { cells: 1 }, Action::Refund { cells: 1 }]);
        let statuses = [get(&first, "/status/401").await, get(&second, "/status/401").await];
        assert_eq!(statuses, [401, 401]);
        let answer = send(&second, from("somebody", "/")).await;
        assert_eq!(header(&answer, "ratelimit"), r#""minute";r=1;t=20"#);
        assert_eq!(get(&first, "/status/401").await, 401);
        assert_eq!([get(&first, "/").await, get(&second, "/").await], [429, 429]);
    });
}

#[test]
fn who_is_refused_because_of_reservations_passes_when_they_are_given_back() {
    run(async {
        let (_, [first, second], _) = instances();
        let under_way = reserving(&first).await;
        assert_eq!([get(&first, "/").await, get(&second, "/").await], [429, 429]);
        under_way.join_all().await;
        yield_now().await;
        assert_eq!([get(&first, "/").await, get(&second, "/").await], [200, 200]);
    });
}

#[test]
fn who_leaves_before_there_is_a_status_is_charged_what_was_reserved() {
    run(async {
        let (_, [first, second], _) = instances();
        let mut under_way = reserving(&first).await;
        under_way.shutdown().await;
        assert_eq!(get(&second, "/").await, 429);
    });
}

#[test]
fn what_time_has_paid_is_not_given_back() {
    run(async {
        let (clock, hand) = Clock::manual();
        let store = MemoryStore::with(clock.clone(), None);
        let layer = RateLimitLayer::new(Quota::per_minute(3)).clock(clock.clone());
        let service = service(&layer.charge_at_end(|_| 0).shared(store.clone()));
        // Two are reserved, and paid off while the body is not read.
        let bodies = [send(&service, from("s", "/")).await, send(&service, from("s", "/")).await];
        hand.advance(Duration::from_secs(40));
        let three = [
            send(&service, from("s", "/")).await,
            send(&service, from("s", "/")).await,
            send(&service, from("s", "/")).await,
        ];
        assert!(three.iter().all(|answer| answer.status() == 200));
        for answer in bodies {
            let _ = answer.into_body().collect().await.unwrap();
            yield_now().await;
        }
        assert_eq!(send(&service, from("s", "/")).await.status(), 429);
        for answer in three {
            let _ = answer.into_body().collect().await.unwrap();
            yield_now().await;
        }
        let answer = send(&service, from("s", "/")).await;
        assert_eq!(header(&answer, "ratelimit"), r#""minute";r=2;t=20"#);
    });
}

#[test]
fn the_end_of_the_body_may_cost_more_than_was_reserved() {
    run(async {
        let (store, _) = MemoryStore::new();
        let layer = RateLimitLayer::new(Quota::per_minute(3));
        let layer = layer.charge_at_end(|served| served.bytes as u32).shared(store.clone());
        let service = service(&layer);
        let answer = send(&service, from("somebody", "/")).await;
        assert_eq!(answer.body().size_hint().exact(), Some(4));
        let _ = answer.into_body().collect().await.unwrap();
        yield_now().await;
        assert_eq!(store.asked(), [Action::Check { cells: 1 }, Action::Charge { cells: 3 }]);
        // Four of three.
        let refused = send(&service, from("somebody", "/")).await;
        assert_eq!((refused.status().as_u16(), header(&refused, "retry-after")), (429, "40"));
    });
}

#[test]
fn a_reservation_that_nobody_made_is_not_given_back() {
    run(async {
        let (store, [first, _], _) = instances();
        store.set(Mood::Fails);
        let answer = send(&first, from("somebody", "/")).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "ratelimit")), (200, ""));
        assert_eq!(get(&first, "/status/500").await, 500);
        assert_eq!(store.asked(), [Action::Check { cells: 1 }; 2]);
        store.set(Mood::Answers);
        let answer = send(&first, from("somebody", "/")).await;
        assert_eq!(header(&answer, "ratelimit"), r#""minute";r=3"#);
    });
}

#[test]
fn a_process_that_decides_by_itself_settles_by_itself() {
    run(async {
        let (store, _) = MemoryStore::new();
        store.set(Mood::Fails);
        let layer = RateLimitLayer::new(Quota::per_minute(3)).clock(Clock::manual().0);
        let layer = layer.charge_on(|served| u32::from(!served.is_success()));
        let service = service(&layer.shared(store.clone()));
        for _ in 0..5 {
            assert_eq!(get(&service, "/").await, 200);
        }
        for _ in 0..3 {
            assert_eq!(get(&service, "/status/401").await, 401);
        }
        assert_eq!(get(&service, "/").await, 429);
        assert_eq!(store.asked(), [Action::Check { cells: 1 }; 9]);
    });
}
