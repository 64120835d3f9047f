//! What layers know outlives the change of their settings.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use tokio::{spawn, sync::Semaphore, task::yield_now};

use super::world::{Ask, Folder, counting, failing, file, held, weir};
use crate::{circuit_breaker::State, rate_limit::Quota};

const OK: StatusCode = StatusCode::OK;
const TOO_MANY: StatusCode = StatusCode::TOO_MANY_REQUESTS;
const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_key_owes_as_many_requests_of_another_quota() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 10");
    let (weir, hand) = weir(file(&path));
    let service = counting(&weir);
    for _ in 0..4 {
        assert_eq!(service.status("/").await, OK);
    }
    folder.write("weir.toml", "rate 6");
    weir.handle().reload().unwrap();
    for _ in 0..2 {
        assert_eq!(service.status("/").await, OK);
    }
    assert_eq!(service.status("/").await, TOO_MANY);
    // One comes back after a sixth of an hour.
    hand.advance(Duration::from_secs(600));
    assert_eq!(service.status("/").await, OK);
    assert_eq!(service.status("/").await, TOO_MANY);
}

#[tokio::test]
async fn what_was_set_by_a_handle_stays_in_force() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 1");
    let (weir, _hand) = weir(file(&path));
    let service = counting(&weir);
    let limit = weir.handle().rate_limit("default").unwrap().limit("default").unwrap();
    limit.deny(&());
    limit.policy("hour").unwrap().set_override(&(), Quota::per_hour(7));
    limit.set_shadow(true);
    limit.policy("hour").unwrap().set_multiplier(0.5).unwrap();
    folder.write("weir.toml", "rate 1 silent");
    weir.handle().reload().unwrap();
    let limit = weir.handle().rate_limit("default").unwrap().limit("default").unwrap();
    assert_eq!((limit.exceptions(), limit.is_shadow()), (1, true));
    assert_eq!(limit.policy("hour").unwrap().multiplier(), 0.5);
    limit.set_shadow(false);
    assert_eq!(service.status("/").await, StatusCode::FORBIDDEN);
    limit.restore(&());
    limit.policy("hour").unwrap().set_multiplier(1.0).unwrap();
    for _ in 0..7 {
        assert_eq!(service.status("/").await, OK);
    }
    assert_eq!(service.status("/").await, TOO_MANY);
}

#[tokio::test]
async fn a_quota_that_was_set_by_a_handle_stays_until_the_file_has_another() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 2");
    let (weir, _hand) = weir(file(&path));
    let service = counting(&weir);
    let quota = || {
        let limit = weir.handle().rate_limit("default").unwrap().limit("default").unwrap();
        limit.policy("hour").unwrap()
    };
    quota().set_quota(Quota::per_hour(4));
    assert_eq!(service.status("/").await, OK);
    folder.write("weir.toml", "rate 2 silent");
    weir.handle().reload().unwrap();
    assert_eq!(quota().quota(), Quota::per_hour(4));
    for _ in 0..3 {
        assert_eq!(service.status("/").await, OK);
    }
    assert_eq!(service.status("/").await, TOO_MANY);
    folder.write("weir.toml", "rate 5 silent");
    weir.handle().reload().unwrap();
    assert_eq!(quota().quota(), Quota::per_hour(5));
    assert_eq!(service.status("/").await, OK, "four of five are owed");
    assert_eq!(service.status("/").await, TOO_MANY);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_in_counts_under_another_limit() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "watch off\nconcurrency 2");
    let (weir, _hand) = weir(file(&path));
    let doors = Arc::new(Semaphore::new(0));
    let service = held(&weir, &doors);
    let in_flight = || weir.handle().concurrency("default").unwrap().in_flight();
    let first = [spawn(service.status("/")), spawn(service.status("/"))];
    settle().await;
    assert_eq!(service.status("/").await, UNAVAILABLE);

    folder.write("weir.toml", "watch off\nconcurrency 3");
    weir.handle().reload().unwrap();
    assert_eq!(in_flight(), 2);
    let third = spawn(service.status("/"));
    settle().await;
    assert_eq!((in_flight(), service.status("/").await), (3, UNAVAILABLE));

    // Down again, and with a queue: whoever comes waits until there are fewer than the limit.
    folder.write("weir.toml", "watch off\nconcurrency 1 5");
    weir.handle().reload().unwrap();
    let waits = spawn(service.status("/"));
    settle().await;
    assert_eq!((in_flight(), weir.handle().concurrency("default").unwrap().waiting()), (3, 1));
    doors.add_permits(2);
    settle().await;
    assert_eq!((in_flight(), weir.handle().concurrency("default").unwrap().waiting()), (1, 1));

    // Without the queue, whoever waits goes on waiting, and nobody overtakes.
    folder.write("weir.toml", "watch off\nconcurrency 1");
    weir.handle().reload().unwrap();
    assert_eq!(service.status("/").await, UNAVAILABLE);
    doors.add_permits(2);
    assert_eq!(waits.await.unwrap(), OK);
    for done in first.into_iter().chain([third]) {
        assert_eq!(done.await.unwrap(), OK);
    }
    assert_eq!(in_flight(), 0);
}

#[tokio::test]
async fn a_breaker_that_is_open_stays_open_under_other_settings() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "watch off\nbreaker 2\n/forced breaker 3");
    let (weir, hand) = weir(file(&path));
    let service = failing(&weir);
    let state =
        |route| weir.handle().circuit_breaker(route).unwrap().breakers().next().unwrap().state();
    for _ in 0..2 {
        assert_eq!(service.status("/").await, StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert_eq!((state("default"), service.status("/").await), (State::Open, UNAVAILABLE));
    let forced = weir.handle().circuit_breaker("/forced").unwrap();
    forced.breakers().next().unwrap().force_closed();
    folder.write("weir.toml", "watch off\nbreaker 3\n/forced breaker 1");
    weir.handle().reload().unwrap();
    assert_eq!((state("default"), service.status("/").await), (State::Open, UNAVAILABLE));
    for _ in 0..9 {
        assert_eq!(service.status("/forced").await, StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert_eq!(state("/forced"), State::Closed, "forced");
    hand.advance(Duration::from_secs(10));
    assert_eq!(service.status("/").await, StatusCode::INTERNAL_SERVER_ERROR, "a probe");
    assert_eq!(state("default"), State::HalfOpen);
}
