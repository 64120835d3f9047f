//! Classes with shares of the limit.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use http::{HeaderName, Request, Response};
use http_body_util::Empty;
use tokio::task::yield_now;
use tower::{Layer, ServiceExt, service_fn};
use tower_weir::concurrency::{ConcurrencyLimitLayer, Fixed, Limiter, Priorities, Priority, Queue};

use super::{Bench, Work, fates, limiter, millis, until, with, work};

/// Four of ten for `gold`, three for `silver`, none for `rest`.
fn classes() -> Priorities {
    Priorities::new([("gold", 0.4), ("silver", 0.3), ("rest", 0.0)])
        .header(HeaderName::from_static("x-class"))
}

fn ten() -> Limiter {
    let queue = Queue::new(millis(10_000)).objective(millis(99_000)).capacity(100);
    limiter(10).queue(queue).priorities(classes())
}

/// So many of a class, each for so long.
async fn crowd(
    bench: &Bench,
    class: &str,
    n: usize,
    takes: u64,
) -> Vec<tokio::task::JoinHandle<&'static str>> {
    let mut tasks = Vec::new();
    for _ in 0..n {
        tasks.push(bench.send(of(class, takes)).await);
    }
    tasks
}

fn of(class: &str, takes: u64) -> Request<Work> {
    with(work(class, takes), "x-class", class)
}

fn count(reached: &[String], class: &str) -> usize {
    reached.iter().filter(|name| *name == class).count()
}

#[tokio::test(start_paused = true)]
async fn what_a_class_does_not_use_the_others_may() {
    let bench = Bench::new(ten());
    let tasks = crowd(&bench, "rest", 15, 10).await;
    assert_eq!((bench.under_way(), bench.waiting()), (10, 5));
    assert!(fates(tasks).await.iter().all(|fate| *fate == "served"));
}

#[tokio::test(start_paused = true)]
async fn each_class_gets_its_share_and_the_most_critical_the_rest() {
    let bench = Bench::new(ten());
    let mut tasks = crowd(&bench, "rest", 10, 50).await;
    for class in ["rest", "silver", "gold"] {
        tasks.extend(crowd(&bench, class, 10, 1_000).await);
    }
    bench.reached();
    until(bench.begin, 60).await;
    let reached = bench.reached();
    let expected = [("gold", 7), ("silver", 3), ("rest", 0)];
    assert_eq!(expected.map(|(class, _)| (class, count(&reached, class))), expected);
    // Who is below its share is first, whatever its class.
    assert_eq!(reached[..7], [["gold"; 4].as_slice(), &["silver"; 3]].concat());
    drop(tasks);
}

#[tokio::test(start_paused = true)]
async fn a_class_that_holds_all_gives_places_back_as_they_become_free() {
    let bench = Bench::new(ten());
    let mut tasks = Vec::new();
    for n in 0..10 {
        tasks.push(bench.send(of("rest", 10 * (n + 1))).await);
    }
    tasks.extend(crowd(&bench, "rest", 5, 1_000).await);
    let gold = crowd(&bench, "gold", 1, 1_000).await;
    until(bench.begin, 12).await;
    assert_eq!(bench.reached().last().unwrap(), "gold", "the first place that is free");
    drop((tasks, gold));
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_the_places_of_more_critical_classes_are_kept_free() {
    let bench = Bench::new(limiter(10).reject_when_full().priorities(classes()));
    let served = async |class: &str| {
        let mut tasks = Vec::new();
        while bench.under_way() < 10 {
            let task = bench.send(of(class, 50)).await;
            if task.is_finished() {
                break;
            }
            tasks.push(task);
        }
        tasks
    };
    let rest = served("rest").await;
    assert_eq!(rest.len(), 3);
    let silver = served("silver").await;
    assert_eq!(silver.len(), 3);
    let gold = served("gold").await;
    assert_eq!(gold.len(), 4);
    assert_eq!(bench.send(of("gold", 1)).await.await.unwrap(), "full");
    drop(fates([rest, silver, gold].into_iter().flatten().collect()).await);
    // Those of less critical ones are not.
    assert_eq!(served("gold").await.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn in_a_full_queue_the_less_critical_make_room() {
    let queue = Queue::new(millis(10_000)).objective(millis(99_000)).capacity(10);
    let bench = Bench::new(limiter(1).queue(queue).priorities(classes()));
    let first = bench.send(of("gold", 50)).await;
    let rest = crowd(&bench, "rest", 10, 1).await;
    let gold = crowd(&bench, "gold", 7, 1).await;
    assert_eq!((bench.waiting(), rest.iter().filter(|task| task.is_finished()).count()), (10, 7));
    // `silver` has three of the ten places, by its share.
    let silver = crowd(&bench, "silver", 4, 1).await;
    assert!(silver[3].is_finished(), "`gold` has more than its share, but is more critical");
    assert_eq!(fates(rest).await, [vec!["displaced"; 10]].concat());
    assert_eq!(fates(gold).await, ["served"; 7]);
    assert_eq!(fates(silver).await, ["served", "served", "served", "full"]);
    assert_eq!(first.await.unwrap(), "served");
}

#[tokio::test(start_paused = true)]
async fn who_waits_within_its_share_is_not_displaced() {
    let queue = Queue::new(millis(10_000)).objective(millis(99_000)).capacity(10);
    let bench = Bench::new(limiter(1).queue(queue).priorities(classes()));
    let first = bench.send(of("gold", 50)).await;
    let silver = crowd(&bench, "silver", 3, 1).await;
    let gold = crowd(&bench, "gold", 8, 1).await;
    assert_eq!(fates(gold).await, [vec!["served"; 7], vec!["full"]].concat());
    assert_eq!(fates(silver).await, ["served"; 3]);
    assert_eq!(first.await.unwrap(), "served");
}

/// The share of a class that is rounded up: one place at least, if it has any share at all.
#[tokio::test(start_paused = true)]
async fn shares_are_rounded_up() {
    let kept = async |limit: usize, share: f64| {
        let priorities = Priorities::new([("top", share), ("rest", 0.0)])
            .header(HeaderName::from_static("x-class"));
        let bench = Bench::new(limiter(limit).reject_when_full().priorities(priorities));
        let tasks = crowd(&bench, "rest", limit, 10).await;
        let under_way = bench.under_way();
        drop(fates(tasks).await);
        limit - under_way
    };
    for (limit, share, expected) in [
        (10, 0.01, 1),
        (10, 0.1, 1),
        (10, 0.11, 2),
        (30, 0.1, 3),
        (10, 0.7, 7),
        (10, 0.0, 0),
        (7, 1.0, 7),
    ] {
        assert_eq!(kept(limit, share).await, expected, "{share} of {limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_class_is_known_by_header_extension_or_closure_and_the_unknown_is_the_default() {
    // Only `gold` gets in, as all places are kept for it.
    let names = [("gold", 1.0), ("default", 0.0)];
    let tight = |priorities| {
        let limiter = limiter(1).reject_when_full().priorities(priorities);
        Bench::of(ConcurrencyLimitLayer::new(limiter))
    };
    let served = async |bench: &Bench, request: Request<Work>| {
        bench.send(request).await.await.unwrap() == "served"
    };
    let by_header = tight(Priorities::new(names).header(HeaderName::from_static("x-class")));
    for (value, expected) in
        [("gold", true), ("GOLD", true), ("default", false), ("platinum", false), ("", false)]
    {
        assert_eq!(served(&by_header, of(value, 1)).await, expected, "{value}");
    }
    assert!(!served(&by_header, work("none", 1)).await);
    let by_extension = tight(Priorities::new(names));
    let marked = |priority| {
        let mut request = of("gold", 1);
        request.extensions_mut().insert(priority);
        request
    };
    assert!(served(&by_extension, marked(Priority("gold"))).await);
    assert!(!served(&by_extension, marked(Priority::DEFAULT)).await);
    assert!(!served(&by_extension, of("gold", 1)).await, "a header is for those who trust it");
    let by_path = tight(
        Priorities::new(names).classify(|head| (head.uri.path() == "/gold").then_some("gold")),
    );
    assert!(served(&by_path, super::at(work("any", 1), "/gold")).await);
    assert!(!served(&by_path, work("any", 1)).await);
}

#[tokio::test(start_paused = true)]
async fn the_class_of_what_is_in_none_is_default_or_the_last_or_another_that_is_named() {
    let kept_for_gold = |priorities: Priorities| {
        let limiter = limiter(1).reject_when_full();
        Bench::new(limiter.priorities(priorities.header(HeaderName::from_static("x-class"))))
    };
    let shares = [("gold", 1.0), ("rest", 0.0)];
    let bench = kept_for_gold(Priorities::new(shares));
    assert_eq!(bench.send(work("any", 1)).await.await.unwrap(), "full");
    let bench = kept_for_gold(Priorities::new(shares).default_class("gold"));
    assert_eq!(bench.send(work("any", 1)).await.await.unwrap(), "served");
    let bench = kept_for_gold(Priorities::new([("default", 1.0), ("rest", 0.0)]));
    assert_eq!(bench.send(work("any", 1)).await.await.unwrap(), "served");
}

#[tokio::test(start_paused = true)]
async fn what_each_class_holds_is_given_back_however_it_ends() {
    let bench = Bench::new(ten().reject_when_full());
    for round in 0..20 {
        let class = ["gold", "silver", "rest"][round % 3];
        let mut tasks = crowd(&bench, class, 3, 50).await;
        tasks[0].abort();
        tasks.remove(0);
        drop(fates(tasks).await);
    }
    // Were one not given back, a share would be smaller by it.
    assert_eq!(bench.under_way(), 0);
    let rest = crowd(&bench, "rest", 4, 50).await;
    let silver = crowd(&bench, "silver", 4, 50).await;
    let gold = crowd(&bench, "gold", 5, 50).await;
    assert_eq!(fates(rest).await, ["served", "served", "served", "full"]);
    assert_eq!(fates(silver).await, ["served", "served", "served", "full"]);
    assert_eq!(fates(gold).await, ["served", "served", "served", "served", "full"]);
}

/// The check and the count are one step for all classes together.
#[test]
fn classes_that_race_never_pass_the_limit_together() {
    const LIMIT: usize = 4;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build();
    runtime.unwrap().block_on(async {
        let queue = Queue::new(millis(3_600_000)).objective(millis(360_000_000)).capacity(1_000);
        let limiter = Limiter::new(Fixed::new(LIMIT)).queue(queue).priorities(classes());
        let layer = ConcurrencyLimitLayer::new(limiter);
        let at_once = Arc::new(AtomicUsize::new(0));
        let service = layer.layer(service_fn({
            let at_once = Arc::clone(&at_once);
            move |_: Request<()>| {
                let at_once = Arc::clone(&at_once);
                async move {
                    assert!(at_once.fetch_add(1, SeqCst) < LIMIT);
                    yield_now().await;
                    at_once.fetch_sub(1, SeqCst);
                    Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
                }
            }
        }));
        let mut tasks = Vec::new();
        for task in 0..24 {
            let (service, class) = (service.clone(), ["gold", "silver", "rest"][task % 3]);
            tasks.push(tokio::spawn(async move {
                for _ in 0..200 {
                    let request = with(Request::new(()), "x-class", class);
                    assert_eq!(service.clone().oneshot(request).await.unwrap().status(), 200);
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let handle = layer.handle();
        assert_eq!((handle.in_flight(), handle.waiting()), (0, 0));
    });
}
