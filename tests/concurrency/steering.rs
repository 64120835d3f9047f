//! Reading and steering a running limit.

use http::HeaderName;
use tokio::task::yield_now;
use tower_weir::{
    concurrency::{ConcurrencyLimitLayer, Refusal},
    key::Header,
    route::RouteTable,
};

use super::{Bench, at, fates, limiter, millis, now, patient, until, with, work};

#[tokio::test]
async fn a_limiter_is_found_by_its_name_and_an_error_names_those_there_are() {
    let routes =
        RouteTable::new().route("/a/{id}", limiter(2)).route("/b", limiter(3).named("bees"));
    let handle = ConcurrencyLimitLayer::new(limiter(1)).routes(routes).handle();
    assert_eq!(handle.limiter("default").unwrap().limit(), 1);
    assert_eq!(handle.limiter("/a/{id}").unwrap().limit(), 2);
    assert_eq!(handle.limiter("bees").unwrap().limit(), 3);
    let error = handle.limiter("/b").unwrap_err().to_string();
    let expected = ["`default`", "`/a/{id}`", "`bees`"];
    assert!(
        error.starts_with("invalid limiter `/b`: there is no such limiter; allowed: `default`, ")
    );
    assert!(expected.iter().all(|name| error.contains(name)), "{error}");
    assert_eq!(handle.limiters().count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_raised_limit_lets_those_in_who_wait() {
    let bench = Bench::new(patient(1));
    let tasks = bench.send_all(&["a", "b", "c", "d", "e"], 50).await;
    let limiter = bench.layer.handle().limiter("default").unwrap();
    limiter.set_limit(4).unwrap();
    until(bench.begin, 0).await;
    assert_eq!((bench.under_way(), bench.waiting(), limiter.limit()), (4, 1, 4));
    assert_eq!(bench.reached(), ["a", "b", "c", "d"]);
    assert_eq!(fates(tasks).await, ["served"; 5]);
}

#[tokio::test(start_paused = true)]
async fn a_lowered_limit_cuts_nothing_off_and_lets_none_in_until_enough_have_left() {
    let bench = Bench::new(patient(4));
    let tasks = [
        bench.send(work("a", 10)).await,
        bench.send(work("b", 20)).await,
        bench.send(work("c", 30)).await,
        bench.send(work("d", 40)).await,
        bench.send(work("e", 10)).await,
    ];
    bench.layer.handle().limiter("default").unwrap().set_limit(2).unwrap();
    for (after, under_way, waiting) in [(15, 3, 1), (25, 2, 1), (35, 2, 0), (55, 0, 0)] {
        until(bench.begin, after).await;
        assert_eq!((bench.under_way(), bench.waiting()), (under_way, waiting), "{after} ms");
    }
    assert_eq!(fates(tasks.into()).await, ["served"; 5]);
}

#[tokio::test]
async fn what_was_set_by_hand_can_be_taken_back() {
    let limiter = limiter(3);
    limiter.set_limit(9).unwrap();
    assert_eq!(limiter.limit(), 9);
    limiter.learn();
    assert_eq!(limiter.limit(), 3, "what it was built with");
}

#[tokio::test(start_paused = true)]
async fn a_pause_lets_none_in_and_disturbs_none_who_is() {
    let bench = Bench::new(patient(2));
    let handle = bench.layer.handle();
    let before = bench.send(work("before", 10)).await;
    handle.pause();
    let tasks = bench.send_all(&["a", "b"], 10).await;
    assert_eq!(before.await.unwrap(), "served");
    until(bench.begin, 50).await;
    assert_eq!((bench.under_way(), bench.waiting()), (0, 2));
    let limiter = handle.limiter("default").unwrap();
    assert_eq!(limiter.try_acquire().unwrap_err(), Refusal::Full);
    handle.resume();
    assert_eq!(fates(tasks).await, ["served"; 2]);
    assert!(limiter.try_acquire().is_ok());

    let bench = Bench::new(super::limiter(2).reject_when_full());
    bench.layer.handle().pause();
    assert_eq!(bench.send(work("a", 1)).await.await.unwrap(), "full");
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_no_wait_early_and_makes_none_endless() {
    let bench = Bench::new(limiter(1).queue(tower_weir::concurrency::Queue::new(millis(300))));
    bench.layer.handle().pause();
    let tasks = bench.send_all(&["a", "b"], 1).await;
    assert_eq!(fates(tasks).await, ["timed out"; 2]);
    let waited = (now() - bench.begin).as_millis();
    assert!((300..=302).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_drain_refuses_all_and_tells_when_none_is_under_way() {
    let bench = Bench::new(patient(2));
    let handle = bench.layer.handle();
    let tasks = [bench.send(work("a", 10)).await, bench.send(work("b", 30)).await];
    let waiting = bench.send_all(&["c", "d"], 10).await;
    let drained = tokio::spawn(handle.drain());
    assert_eq!(fates(waiting).await, ["draining"; 2]);
    assert_eq!(bench.send(work("e", 1)).await.await.unwrap(), "draining");
    assert_eq!(handle.limiter("default").unwrap().try_acquire().unwrap_err(), Refusal::Draining);
    until(bench.begin, 20).await;
    assert!(!drained.is_finished());
    drained.await.unwrap();
    assert_eq!((now() - bench.begin).as_millis(), 30);
    assert_eq!(fates(tasks.into()).await, ["served"; 2]);
    handle.drain().await;
    handle.resume();
    assert_eq!(bench.send(work("f", 1)).await.await.unwrap(), "served");
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_bodies_and_for_permits_by_hand() {
    let bench = Bench::new(limiter(2).reject_when_full());
    let answer = bench.call(work("a", 1)).await;
    let limiter = bench.layer.handle().limiter("default").unwrap();
    let permit = limiter.try_acquire().unwrap();
    let drains = [tokio::spawn(limiter.drain()), tokio::spawn(bench.layer.handle().drain())];
    yield_now().await;
    drop(permit);
    yield_now().await;
    assert!(drains.iter().all(|drained| !drained.is_finished()));
    drop(answer);
    for drained in drains {
        drained.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_when_someone_resumes_and_one_that_is_dropped_goes_on() {
    let bench = Bench::new(limiter(1).reject_when_full());
    let handle = bench.layer.handle();
    let task = bench.send(work("a", 1_000)).await;
    drop(handle.drain());
    assert_eq!(bench.send(work("b", 1)).await.await.unwrap(), "draining");
    let drained = tokio::spawn(handle.drain());
    yield_now().await;
    handle.resume();
    drained.await.unwrap();
    assert!(!task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn steering_reaches_every_key_those_that_come_later_too() {
    let header = HeaderName::from_static("x-tenant");
    let bench = Bench::new(limiter(1).reject_when_full().key(Header(header)));
    let send = async |tenant: &str| bench.send(with(work("any", 50), "x-tenant", tenant)).await;
    let handle = bench.layer.handle();
    let limiter = handle.limiter("default").unwrap();
    let early = send("early").await;
    limiter.set_limit(2).unwrap();
    assert_eq!(limiter.limit(), 2);
    let tasks = vec![early, send("early").await, send("early").await];
    assert_eq!(fates(tasks).await, ["served", "served", "full"]);
    let tasks = vec![send("late").await, send("late").await, send("late").await];
    assert_eq!(fates(tasks).await, ["served", "served", "full"]);
    limiter.learn();
    for tenant in ["early", "late", "later"] {
        let tasks = vec![send(tenant).await, send(tenant).await];
        assert_eq!(fates(tasks).await, ["served", "full"], "{tenant}");
    }
    let under_way = send("early").await;
    let drained = tokio::spawn(limiter.drain());
    yield_now().await;
    assert_eq!(fates(vec![send("late").await, send("latest").await]).await, ["draining"; 2]);
    assert!(!drained.is_finished());
    assert_eq!(under_way.await.unwrap(), "served");
    drained.await.unwrap();
    handle.resume();
    assert_eq!(fates(vec![send("latest").await, send("of all").await]).await, ["served"; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_handle_speaks_for_the_routes_too() {
    let routes = RouteTable::new().route("/a", patient(1)).route("/b", patient(1));
    let bench = Bench::of(ConcurrencyLimitLayer::for_routes(routes));
    let handle = bench.layer.handle();
    let mut tasks = Vec::new();
    for path in ["/a", "/a", "/b", "/b", "/b"] {
        tasks.push(bench.send(at(work("any", 10), path)).await);
    }
    assert_eq!((handle.in_flight(), handle.waiting()), (2, 3));
    handle.pause();
    until(bench.begin, 50).await;
    assert_eq!((handle.in_flight(), handle.waiting()), (0, 3));
    let drained = tokio::spawn(handle.drain());
    assert_eq!(fates(tasks).await, ["served", "draining", "served", "draining", "draining"]);
    drained.await.unwrap();
}
