//! Who is served under overload: tenants by turns, and what matters before all else.

use http::{HeaderName, Request};
use tokio::time::sleep;
use tower_weir::{
    concurrency::{Priorities, Queue},
    key::Header,
};

use super::{Bench, Work, fates, limiter, millis, with, work};

fn of(tenant: &str, takes: u64) -> Request<Work> {
    with(work(tenant, takes), "x-tenant", tenant)
}

fn fair(queue: Queue) -> Queue {
    queue.fair(Header(HeaderName::from_static("x-tenant")))
}

/// 1 if all have the same, 1/n if one has all (Jain, Chiu and Hawe 1984).
fn jain_index(shares: &[f64]) -> f64 {
    let (sum, squares) = shares.iter().fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
    sum * sum / (shares.len() as f64 * squares)
}

#[tokio::test(start_paused = true)]
async fn tenants_take_turns_however_many_requests_each_has() {
    let bench =
        Bench::new(limiter(1).queue(fair(Queue::new(millis(9_000)).objective(millis(99_000)))));
    let mut tasks = Vec::new();
    for tenant in ["a", "a", "a", "a", "b", "b", "c"] {
        tasks.push(bench.send(of(tenant, 1)).await);
    }
    assert_eq!(fates(tasks).await, ["served"; 7]);
    assert_eq!(bench.reached(), ["a", "a", "b", "c", "a", "b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn those_without_a_key_share_one_line() {
    let bench =
        Bench::new(limiter(1).queue(fair(Queue::new(millis(9_000)).objective(millis(99_000)))));
    let mut tasks = vec![bench.send(work("nobody", 1)).await];
    for _ in 0..3 {
        tasks.push(bench.send(work("nobody", 1)).await);
    }
    tasks.push(bench.send(of("a", 1)).await);
    assert_eq!(fates(tasks).await, ["served"; 5]);
    assert_eq!(bench.reached(), ["nobody", "nobody", "a", "nobody", "nobody"]);
}

#[tokio::test(start_paused = true)]
async fn in_a_full_queue_the_longest_line_makes_room_and_no_line_as_short() {
    let queue = fair(Queue::new(millis(9_000)).objective(millis(99_000)).capacity(4));
    let bench = Bench::new(limiter(1).queue(queue));
    let first = bench.send(of("first", 10)).await;
    let mut noisy = Vec::new();
    for _ in 0..5 {
        noisy.push(bench.send(of("noisy", 1)).await);
    }
    let mut quiet = Vec::new();
    for tenant in ["b", "c", "d"] {
        quiet.push(bench.send(of(tenant, 1)).await);
    }
    // One each by now: there is nothing fairer than the order in which they came.
    let late = bench.send(of("e", 1)).await;
    let more = bench.send(of("b", 1)).await;
    assert_eq!(fates(noisy).await, ["served", "displaced", "displaced", "displaced", "full"]);
    assert_eq!(fates(quiet).await, ["served"; 3]);
    assert_eq!(fates(vec![late, more, first]).await, ["full", "full", "served"]);
}

/// One of a thousand tenants sends two hundred times as much as any other, and together they send twice what can be served.
#[tokio::test(start_paused = true)]
async fn a_noisy_tenant_takes_no_more_than_its_share_from_a_thousand() {
    const TENANTS: usize = 1_000;
    let queue = fair(Queue::new(millis(60_000)).objective(millis(600_000)).capacity(2 * TENANTS));
    let bench = Bench::new(limiter(50).queue(queue));
    let send = |tenant: usize| {
        let call = bench.call(of(&tenant.to_string(), 10));
        tokio::spawn(async move { drop(call.await) });
    };
    // 50 at once for 10 ms are 5 a millisecond; ten come in each, and as many of the noisy one as of ten others.
    let mut served = vec![0.0; TENANTS];
    for round in 0..16 {
        for tenant in 1..TENANTS {
            send(tenant);
            if tenant % 10 == 0 {
                (0..2).for_each(|_| send(0));
                sleep(millis(1)).await;
            }
        }
        // Until all have come, the noisy one has what nobody else wants.
        let reached = bench.reached();
        for tenant in reached.iter().filter(|_| round >= 5) {
            served[tenant.parse::<usize>().unwrap()] += 1.0;
        }
    }
    let index = jain_index(&served);
    assert!(index >= 0.98, "{index}; {served:?}");
}

/// Twelve times as much work in the background as the service can do.
#[tokio::test(start_paused = true)]
async fn what_is_critical_is_served_whatever_is_in_the_background() {
    let run = async |queue: Option<Queue>| {
        let limiter = limiter(20)
            .priorities(Priorities::default().header(HeaderName::from_static("x-class")));
        let bench = Bench::new(match queue {
            Some(queue) => limiter.queue(queue),
            None => limiter.reject_when_full(),
        });
        let send = |class: &'static str| {
            tokio::spawn({
                let call = bench.call(with(work(class, 10), "x-class", class));
                async move { super::fate(call.await).await == "served" }
            })
        };
        let (mut critical, mut background) = (Vec::new(), Vec::new());
        // Two a millisecond can be served.
        for tick in 0..1_000 {
            if tick % 2 == 0 {
                critical.push(send("critical"));
            }
            for _ in 0..24 {
                background.push(send("sheddable"));
            }
            sleep(millis(1)).await;
        }
        let served = async |tasks: Vec<tokio::task::JoinHandle<bool>>| {
            let (all, mut served) = (tasks.len() as f64, 0.0);
            for task in tasks {
                served += f64::from(u8::from(task.await.unwrap()));
            }
            served / all
        };
        (served(critical).await, served(background).await)
    };
    for queue in
        [Some(Queue::default()), Some(Queue::new(millis(1_000)).objective(millis(200))), None]
    {
        let (critical, background) = run(queue).await;
        assert!(critical >= 0.999, "{critical}");
        assert!(background > 0.015, "{background}: what is left over is not wasted");
    }
}
