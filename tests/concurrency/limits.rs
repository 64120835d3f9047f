//! How many are let in, and who shares a limit.

use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_weir::{
    concurrency::{ConcurrencyLimitLayer, HoldUntil, Refusal},
    route::RouteTable,
};

use super::{Bench, at, fates, limiter, patient, work};

#[tokio::test(start_paused = true)]
async fn exactly_as_many_are_under_way_as_may_be() {
    let bench = Bench::new(patient(7));
    let mut tasks = Vec::new();
    for n in 0..35u64 {
        tasks.push(bench.send(work("any", 10 + n % 4)).await);
    }
    assert_eq!((bench.under_way(), bench.waiting()), (7, 28));
    assert!(fates(tasks).await.iter().all(|fate| *fate == "served"));
    assert_eq!(bench.most_at_once(), 7);
    assert_eq!((bench.under_way(), bench.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_limiter_in_two_layers_is_one_limit_also_for_permits_by_hand() {
    let shared = limiter(3).reject_when_full();
    let (one, other) = (Bench::new(shared.clone()), Bench::new(shared.clone()));
    let tasks = [one.send(work("a", 50)).await, other.send(work("b", 50)).await];
    let permit = shared.try_acquire().unwrap();
    assert_eq!(shared.try_acquire().unwrap_err(), Refusal::Full);
    assert_eq!(one.send(work("c", 50)).await.await.unwrap(), "full");
    drop(permit);
    assert_eq!(other.send(work("d", 50)).await.await.unwrap(), "served");
    assert_eq!(fates(tasks.into()).await, ["served"; 2]);
    assert_eq!(shared.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn routes_have_limits_of_their_own_named_by_their_patterns_and_clones_share() {
    let things = limiter(1).reject_when_full();
    let routes = RouteTable::new()
        .route("/users/{id}", limiter(2).reject_when_full())
        .route("/things", things.clone())
        .route("/other-things", things);
    let layer = ConcurrencyLimitLayer::new(limiter(1).reject_when_full());
    let bench = Bench::of(layer.routes(routes.clone()));
    let fates_at = async |bench: &Bench, paths: &[&str]| {
        let mut tasks = Vec::new();
        for path in paths {
            tasks.push(bench.send(at(work("any", 10), path)).await);
        }
        fates(tasks).await
    };
    assert_eq!(
        fates_at(&bench, &["/users/1", "/users/2", "/users/3", "/", "/nowhere"]).await,
        ["served", "served", "full", "served", "full"],
    );
    assert_eq!(fates_at(&bench, &["/things", "/other-things"]).await, ["served", "full"]);
    let handle = bench.layer.handle();
    let names: Vec<_> = handle.limiters().map(|limiter| limiter.name().to_owned()).collect();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(names[0], "default");
    assert!(sorted == ["/things", "/users/{id}", "default"] || sorted[0] == "/other-things");

    let bench = Bench::of(ConcurrencyLimitLayer::for_routes(routes));
    let anything = ["/", "/", "/users/1", "/nowhere", "/nowhere"];
    assert_eq!(fates_at(&bench, &anything).await, ["served"; 5]);
}

/// Whoever prints a limiter must not name it.
#[tokio::test]
async fn a_route_names_its_limiter_whoever_has_asked_for_its_name_before() {
    let users = limiter(1);
    assert_eq!(users.name(), "default");
    assert!(format!("{users:?}").contains("default"));
    let layer = ConcurrencyLimitLayer::for_routes(RouteTable::new().route("/users", users));
    assert!(layer.handle().limiter("/users").is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_is_configured_further_has_a_limit_of_its_own() {
    let first = ConcurrencyLimitLayer::new(limiter(1).reject_when_full());
    let same = first
        .clone()
        .hold_until(HoldUntil::Headers)
        .exempt(|_| false)
        .retry_after(super::millis(9));
    let other = first.clone().named("other");
    let (first, same, other) = (Bench::of(first), Bench::of(same), Bench::of(other));
    let task = first.send(work("a", 50)).await;
    assert_eq!(same.send(work("b", 1)).await.await.unwrap(), "full");
    assert_eq!(other.send(work("c", 1)).await.await.unwrap(), "served");
    assert_eq!(task.await.unwrap(), "served");
}

/// As tower's `ConcurrencyLimit` does, whose services take their permit in `poll_ready`.
#[tokio::test(start_paused = true)]
async fn a_service_that_is_ready_and_never_called_holds_nothing() {
    let layer = ConcurrencyLimitLayer::new(limiter(1).reject_when_full());
    let service = layer.layer(service_fn(|_: Request<()>| async {
        Ok::<_, std::convert::Infallible>(Response::new(Full::new(bytes::Bytes::new())))
    }));
    let mut idle: Vec<_> = (0..10).map(|_| service.clone()).collect();
    for service in &mut idle {
        service.ready().await.unwrap();
    }
    assert_eq!(layer.handle().in_flight(), 0);
    for _ in 0..10 {
        let answer = service.clone().oneshot(Request::new(())).await.unwrap();
        assert_eq!(answer.status(), 200, "nothing is shed while nothing is under way");
    }
    assert_eq!(idle[0].call(Request::new(())).await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_given_up_gives_the_permit_back_at_once() {
    let bench = Bench::new(limiter(2).reject_when_full());
    for _ in 0..10 {
        let tasks = bench.send_all(&["a", "b", "c"], 1_000).await;
        assert_eq!((bench.under_way(), tasks[2].is_finished()), (2, true));
        // Not polled at all, it has decided nothing yet.
        drop(bench.call(work("never", 1)));
        tasks[0].abort();
        tasks[1].abort();
        tokio::task::yield_now().await;
        assert_eq!(bench.under_way(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn health_checks_pass_a_full_limit_and_do_not_count() {
    let layer = ConcurrencyLimitLayer::new(limiter(1).reject_when_full());
    let bench = Bench::of(layer.exempt(|head| head.uri.path() == "/health"));
    let task = bench.send(work("a", 50)).await;
    for _ in 0..3 {
        let health = bench.send(at(work("health", 10), "/health")).await;
        assert_eq!((bench.under_way(), health.await.unwrap()), (1, "served"));
    }
    bench.layer.handle().pause();
    assert_eq!(bench.send(at(work("health", 1), "/health")).await.await.unwrap(), "served");
    drop(bench.layer.handle().drain());
    assert_eq!(bench.send(at(work("health", 1), "/health")).await.await.unwrap(), "served");
    assert_eq!(task.await.unwrap(), "served");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_lets_everything_pass_and_what_is_under_way_counts_when_it_ends() {
    let bench = Bench::of(ConcurrencyLimitLayer::new(patient(2)).shadow(true));
    let tasks = bench.send_all(&["a", "b", "c", "d"], 50).await;
    assert_eq!((bench.under_way(), bench.waiting()), (4, 0));
    let handle = bench.layer.handle();
    assert!(handle.is_shadow());
    handle.set_shadow(false);
    let late = bench.send(work("e", 1)).await;
    assert_eq!((bench.under_way(), bench.waiting()), (4, 1));
    assert_eq!(fates(tasks).await, ["served"; 4]);
    assert_eq!(late.await.unwrap(), "served");
    assert_eq!(bench.reached_at("e"), 50);
}
