//! Servers that die, freeze and forget, in the middle of traffic.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use http::Request;
use http_body_util::Empty;
use tokio::task::{JoinSet, yield_now};
use tower_weir::{
    clock::Clock,
    rate_limit::{Fallback, Quota, RateLimitLayer, Share},
    redis::{Redis, Status},
};

use crate::{
    Limited, passing, patient, recorded::recorded, scripts_run, send, server::RedisServer, service,
    shared, status, until::until, warnings::warnings,
};

/// A handle that does not wait long for a server that does not answer.
fn brisk(server: &RedisServer) -> Redis {
    Redis::open(&server.url()).unwrap().timeout(Duration::from_millis(200)).unwrap()
}

fn hourly(redis: &Redis, quota: u32, fallback: Fallback) -> Limited {
    let layer = RateLimitLayer::new(Quota::per_hour(quota)).named("api");
    service(&shared(redis, layer).fallback(fallback))
}

/// Requests one after the other, by several clients, until they are told to stop; the statuses that there were.
struct Traffic {
    clients: JoinSet<()>,
    stop: Arc<AtomicBool>,
    /// How many were answered by 200, 429, 503 and anything else.
    counts: Arc<[AtomicUsize; 4]>,
}

impl Traffic {
    fn start(service: &Limited) -> Self {
        let (stop, counts) = (Arc::new(AtomicBool::new(false)), <Arc<[AtomicUsize; 4]>>::default());
        let mut clients = JoinSet::new();
        for _ in 0..4 {
            let (service, stop, counts) = (service.clone(), Arc::clone(&stop), Arc::clone(&counts));
            clients.spawn(async move {
                while !stop.load(Relaxed) {
                    let at = match status(&service).await {
                        200 => 0,
                        429 => 1,
                        503 => 2,
                        _ => 3,
                    };
                    counts[at].fetch_add(1, Relaxed);
                    yield_now().await;
                }
            });
        }
        Self { clients, stop, counts }
    }

    fn counts(&self) -> [usize; 4] {
        [0, 1, 2, 3].map(|at| self.counts[at].load(Relaxed))
    }

    /// Waits for so many more answers of this kind.
    async fn more(&self, at: usize, n: usize) {
        let before = self.counts()[at];
        until(|| self.counts()[at] >= before + n).await;
    }

    async fn stop(self) -> [usize; 4] {
        self.stop.store(true, Relaxed);
        let counts = self.counts.clone();
        self.clients.join_all().await;
        [0, 1, 2, 3].map(|at| counts[at].load(Relaxed))
    }
}

/// The server is asked again, and no request was answered by anything but the service.
async fn all_have_passed(traffic: Traffic, server: &RedisServer) {
    let before = scripts_run(server);
    until(|| scripts_run(server) > before + 50).await;
    let [_, limited, closed, others] = traffic.stop().await;
    assert_eq!([limited, closed, others], [0; 3]);
}

#[tokio::test]
async fn all_requests_pass_while_a_killed_server_is_away() {
    let mut server = RedisServer::start();
    let redis = brisk(&server);
    let traffic = Traffic::start(&hourly(&redis, u32::MAX / 4096, Fallback::FailOpen));
    traffic.more(0, 50).await;
    server.kill();
    until(|| redis.status() == Status::Down).await;
    traffic.more(0, 50).await;
    server.restart();
    until(|| redis.status() == Status::Up).await;
    all_have_passed(traffic, &server).await;
}

#[tokio::test]
async fn requests_are_rejected_while_a_killed_server_is_away() {
    let mut server = RedisServer::start();
    let redis = brisk(&server);
    let service = hourly(&redis, 500_000, Fallback::FailClosed);
    let traffic = Traffic::start(&service);
    traffic.more(0, 50).await;
    server.kill();
    traffic.more(2, 50).await;
    let plain = send(&service, Request::new(Empty::new())).await;
    assert_eq!(
        (plain.status().as_u16(), &plain.headers()["retry-after"]),
        (503, &http::HeaderValue::from(1))
    );
    let call = Request::post("/greet").header("content-type", "application/grpc");
    let call = send(&service, call.body(Empty::new()).unwrap()).await;
    assert_eq!(
        (call.status().as_u16(), call.headers()["grpc-status"].to_str().unwrap()),
        (200, "14")
    );
    server.restart();
    traffic.more(0, 50).await;
    let [_, limited, _, others] = traffic.stop().await;
    assert_eq!([limited, others], [0; 2]);
}

#[tokio::test]
async fn a_process_enforces_its_share_while_a_killed_server_is_away() {
    let mut server = RedisServer::start();
    let redis = brisk(&server);
    let share = Share::Of(2.try_into().unwrap());
    let service = hourly(&redis, 40, Fallback::Local { share });
    assert_eq!(passing(&service, 10).await, 10);
    server.kill();
    until(|| redis.status() == Status::Down).await;
    assert_eq!(passing(&service, 50).await, 20);
    server.restart();
    until(|| redis.status() == Status::Up).await;
    // It has forgotten all.
    assert_eq!(passing(&service, 50).await, 40);
}

#[tokio::test]
async fn a_frozen_server_is_left_alone_and_found_again() {
    let server = RedisServer::start();
    let redis = brisk(&server);
    let service = hourly(&redis, 500_000, Fallback::FailOpen);
    let traffic = Traffic::start(&service);
    traffic.more(0, 50).await;
    server.freeze();
    until(|| redis.status() == Status::Down).await;
    traffic.more(0, 500).await;
    server.thaw();
    until(|| redis.status() == Status::Up).await;
    all_have_passed(traffic, &server).await;
}

#[tokio::test]
async fn a_server_that_forgets_its_scripts_is_told_them_again() {
    let server = RedisServer::start();
    // None comes back while this runs, however long that takes.
    let layer = RateLimitLayer::new(Quota::per_hour(1).burst(2_000)).named("api");
    let service = service(&shared(&patient(&server), layer).fallback(Fallback::FailClosed));
    let traffic = Traffic::start(&service);
    for _ in 0..20 {
        traffic.more(0, 20).await;
        assert!(server.ask("SCRIPT FLUSH").starts_with("+OK"));
    }
    traffic.more(1, 1).await;
    let [passed, _, closed, others] = traffic.stop().await;
    assert_eq!([passed, closed, others], [2_000, 0, 0]);
}

#[tokio::test]
async fn a_server_that_forgets_all_lets_everyone_start_anew() {
    let server = RedisServer::start();
    let [first, second] = [(); 2].map(|()| hourly(&patient(&server), 20, Fallback::FailClosed));
    assert_eq!(passing(&first, 10).await, 10);
    assert!(server.ask("FLUSHALL").starts_with("+OK"));
    assert_eq!(passing(&second, 5).await + passing(&first, 40).await, 20);
}

#[tokio::test]
async fn only_the_clock_of_the_server_counts() {
    let server = RedisServer::start();
    let (ahead, hand) = Clock::manual();
    hand.advance(Duration::from_secs(3_600));
    let [first, second] = [ahead, Clock::manual().0].map(|clock| {
        let layer = RateLimitLayer::new(Quota::per_hour(20)).named("api").clock(clock);
        service(&shared(&patient(&server), layer).fallback(Fallback::FailClosed))
    });
    let mut passed = [0; 2];
    for _ in 0..20 {
        passed[0] += passing(&first, 1).await;
        passed[1] += passing(&second, 1).await;
    }
    assert_eq!(passed, [10, 10]);
}

#[tokio::test]
async fn a_denied_key_is_refused_without_asking_the_server() {
    let server = RedisServer::start();
    let service = hourly(&patient(&server), 5, Fallback::FailClosed);
    assert_eq!(passing(&service, 6).await, 5);
    let before = scripts_run(&server);
    assert_eq!(passing(&service, 1_000).await, 0);
    assert_eq!(scripts_run(&server), before);
}

#[test]
fn fallbacks_are_counted_each_and_a_change_is_logged_once() {
    let server = RedisServer::start();
    let url = server.url();
    drop(server);
    let mut told = Vec::new();
    let metrics = recorded(|| {
        told = warnings(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let redis = Redis::open(&url).unwrap();
                let service = hourly(&redis, 100, Fallback::default());
                assert_eq!(passing(&service, 30).await, 30);
            });
        });
    });
    assert_eq!(metrics["weir_rate_limit_fallbacks_total{limit=api,fallback=local}"], 30.0);
    let of_the_limit = told.iter().filter(|message| message.contains("enforces its share"));
    assert_eq!(of_the_limit.count(), 1, "{told:?}");
}
