//! Two instances never admit more than one limit, and never less.

use std::time::Duration;

use tokio::task::JoinSet;
use tower_weir::rate_limit::{Fallback, Policy, Quota, RateLimitLayer, Rule};

use crate::{Limited, passing, patient, scripts_run, send, server::RedisServer, service, shared};

const REQUESTS: usize = 100_000;
const TASKS: usize = 64;

/// So many, of which none comes back while a test runs: a hundred years for all of them.
fn so_many(requests: u32) -> Quota {
    let century = Duration::from_secs(36_000 * 86_400);
    Quota::try_new(requests, century).unwrap()
}

/// Sends all requests to two instances at once; how many passed.
async fn passed(server: &RedisServer, rule: Rule) -> usize {
    let instances = [(); 2].map(|()| {
        let layer = RateLimitLayer::new(rule.clone()).named("exact");
        // Whatever is not decided by the server is a failure of the test: it is neither 200 nor 429.
        service(&shared(&patient(server), layer).fallback(Fallback::FailClosed))
    });
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let instance: Limited = instances[task % 2].clone();
        tasks.spawn(async move {
            let mut passed = 0;
            for _ in (task..REQUESTS).step_by(TASKS) {
                match send(&instance, http::Request::new(http_body_util::Empty::new()))
                    .await
                    .status()
                    .as_u16()
                {
                    200 => passed += 1,
                    429 => {}
                    other => panic!("{other}"),
                }
            }
            passed
        });
    }
    tasks.join_all().await.into_iter().sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_requests_to_two_instances_pass_exactly_the_quota() {
    let server = RedisServer::start();
    assert_eq!(passed(&server, Rule::new(so_many(40_000))).await, 40_000);
    // Each that passed was asked for, and those refused in the moment in which the quota ran out.
    let asked = scripts_run(&server);
    assert!((40_001..41_000).contains(&asked), "{asked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_policies_the_tightest_is_exact_and_the_others_pay_for_no_more() {
    let server = RedisServer::start();
    let policy = |name, requests| Policy::try_new(name, so_many(requests)).unwrap();
    let rule = || Rule::new(policy("a", 30_000)).and(policy("b", 20_000)).and(policy("c", 25_000));
    assert_eq!(passed(&server, rule()).await, 20_000);
    // What the others have left is what was not passed.
    let others = RateLimitLayer::new(Rule::new(policy("a", 30_000)).and(policy("c", 25_000)));
    let others = service(&shared(&patient(&server), others.named("exact")));
    assert_eq!(passing(&others, 6_000).await, 5_000);
}
