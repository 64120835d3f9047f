//! A limit for each key.

use std::{convert::Infallible, future::ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use tower::{Layer, ServiceExt, service_fn};
use tower_weir::{
    concurrency::{ConcurrencyLimitLayer, Fixed, Limiter},
    key::{Header, OnMissingKey, PeerIp},
};

use super::{Bench, Work, at, fates, limiter, patient, warnings::warnings, with, work};

const TENANT: &str = "x-tenant";

fn by_tenant(limit: usize) -> Limiter {
    limiter(limit).reject_when_full().key(Header(http::HeaderName::from_static(TENANT)))
}

fn of(tenant: &str, takes: u64) -> http::Request<Work> {
    with(work(tenant, takes), TENANT, tenant)
}

#[tokio::test(start_paused = true)]
async fn each_key_has_the_limit_to_itself() {
    let bench = Bench::new(by_tenant(2));
    let mut tasks = Vec::new();
    for tenant in ["a", "a", "a", "b", "b", "b"] {
        tasks.push(bench.send(of(tenant, 10)).await);
    }
    let limiter = bench.layer.handle().limiter("default").unwrap();
    assert_eq!((limiter.in_flight(), limiter.limit(), limiter.keys()), (4, 2, Some(2)));
    assert_eq!(fates(tasks).await, ["served", "served", "full", "served", "served", "full"]);
}

#[tokio::test(start_paused = true)]
async fn each_key_has_a_queue_of_its_own() {
    let header = Header(http::HeaderName::from_static(TENANT));
    let bench = Bench::new(patient(1).key(header));
    let mut tasks = Vec::new();
    for tenant in ["a", "a", "a", "b", "b"] {
        tasks.push(bench.send(of(tenant, 10)).await);
    }
    assert_eq!((bench.under_way(), bench.waiting()), (2, 3));
    assert_eq!(fates(tasks).await, ["served"; 5]);
    assert_eq!(bench.reached(), ["a", "b", "a", "b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_carries_no_key_shares_a_limit_is_rejected_or_passes() {
    let fates_of_three = async |choice| {
        let bench = Bench::new(by_tenant(1).on_missing_key(choice));
        let mut answers = Vec::new();
        let mut tasks = Vec::new();
        for _ in 0..3 {
            let call = bench.call(work("nobody", 10));
            tasks.push(tokio::spawn(async move { call.await.status().as_u16() }));
        }
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    };
    assert_eq!(fates_of_three(OnMissingKey::Share).await, [200, 503, 503]);
    assert_eq!(fates_of_three(OnMissingKey::Reject).await, [400; 3]);
    assert_eq!(fates_of_three(OnMissingKey::Skip).await, [200; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_rejects_nobody_for_want_of_a_key() {
    let limiter = by_tenant(1).on_missing_key(OnMissingKey::Reject);
    let bench = Bench::of(ConcurrencyLimitLayer::new(limiter).shadow(true));
    assert_eq!(bench.call(work("nobody", 1)).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn who_is_exempt_needs_no_key() {
    let limiter = by_tenant(1).on_missing_key(OnMissingKey::Reject);
    let layer = ConcurrencyLimitLayer::new(limiter.clone());
    let bench = Bench::of(layer.exempt(|head| head.uri.path() == "/health"));
    for _ in 0..3 {
        let answer = bench.call(at(work("health", 1), "/health")).await;
        assert_eq!(answer.status(), 200);
        bench.call(at(of("a", 1), "/health")).await;
    }
    assert_eq!(limiter.keys(), Some(0), "nor a place for one");
}

#[tokio::test(start_paused = true)]
async fn when_there_are_more_keys_than_room_the_newcomers_share_one_limit() {
    let bench = Bench::new(by_tenant(2).max_keys(1).unwrap());
    let limiter = bench.layer.handle().limiter("default").unwrap();
    let held = [bench.send(of("a", 100)).await, bench.send(of("b", 100)).await];
    let more = [bench.send(of("c", 100)).await, bench.send(of("d", 100)).await];
    assert_eq!((limiter.keys(), limiter.in_flight()), (Some(1), 3));
    assert_eq!(fates(held.into()).await, ["served"; 2]);
    assert_eq!(fates(more.into()).await, ["served", "full"], "b and c share what is left");
    // Now nothing is held, and whoever comes takes the room.
    for n in 0..1_000 {
        assert_eq!(bench.send(of(&format!("{n}"), 1)).await.await.unwrap(), "served");
        assert_eq!(limiter.keys(), Some(1));
    }
    assert_eq!(limiter.in_flight(), 0);
}

/// A key that has something under way keeps its limit, however many others come.
#[tokio::test(start_paused = true)]
async fn no_key_gets_a_second_limit_while_it_has_something_under_way() {
    let bench = Bench::new(by_tenant(1).max_keys(64).unwrap());
    let held = bench.send(of("held", 1_000)).await;
    for n in 0..2_000 {
        bench.call(of(&format!("{n}"), 0)).await;
        if n % 100 == 0 {
            assert_eq!(bench.send(of("held", 1)).await.await.unwrap(), "full");
        }
    }
    assert_eq!(held.await.unwrap(), "served");
}

#[test]
fn a_missing_key_is_logged_once_with_what_becomes_of_it() {
    for (choice, consequence) in [
        (OnMissingKey::Share, "such requests share one key"),
        (OnMissingKey::Reject, "such requests are rejected"),
        (OnMissingKey::Skip, "such requests pass and count for no key"),
    ] {
        let limiter = Limiter::new(Fixed::new(1)).key(PeerIp).on_missing_key(choice);
        let layer = ConcurrencyLimitLayer::new(limiter);
        let warnings = warnings(|| {
            for _ in 0..5 {
                let service = layer.layer(service_fn(|_: Request<()>| {
                    ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
                }));
                futures_executor::block_on(service.oneshot(Request::new(()))).unwrap();
            }
        });
        let [warning] = &warnings[..] else { panic!("{warnings:?}") };
        assert!(warning.contains("the request has no peer address"), "{warning}");
        assert!(warning.contains(consequence), "{warning}");
    }
}
