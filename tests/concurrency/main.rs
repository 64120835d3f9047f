//! The concurrency limit, from its queue to the service.

#[path = "../support/allocator.rs"]
mod allocator;
#[path = "../support/random.rs"]
mod random;
#[path = "../support/recorded.rs"]
mod recorded;
#[path = "../support/warnings.rs"]
mod warnings;

mod acquire;
mod adaptive;
mod allocations;
mod configuration;
mod deadlines;
mod fairness;
mod hold;
mod keys;
mod limits;
mod metrics;
mod overload;
mod priorities;
mod queue;
mod rejections;
mod samples;
mod steering;
mod steps;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::{
    task::{JoinHandle, yield_now},
    time::{Instant, sleep},
};
use tower::{Layer, ServiceExt, service_fn};
use tower_weir::{
    body::ResponseBody,
    clock::Clock,
    concurrency::{ConcurrencyLimitLayer, Fixed, Held, Limiter, Queue},
    reject::Rejected,
};

type Answer = Response<ResponseBody<Full<Bytes>, Held>>;

/// What a request asks for.
#[derive(Clone, Debug)]
struct Work {
    name: String,
    takes: Duration,
}

/// A request for work that takes so many milliseconds.
fn work(name: &str, takes: u64) -> Request<Work> {
    Request::new(Work { name: name.to_owned(), takes: millis(takes) })
}

/// The same with a header field.
fn with<B>(mut request: Request<B>, name: &'static str, value: &str) -> Request<B> {
    let value = HeaderValue::try_from(value).unwrap();
    request.headers_mut().insert(HeaderName::from_static(name), value);
    request
}

/// The same for a path.
fn at<B>(mut request: Request<B>, path: &str) -> Request<B> {
    *request.uri_mut() = path.parse().unwrap();
    request
}

/// A limiter of so many at once, by the time of the runtime.
fn limiter(limit: usize) -> Limiter {
    Limiter::new(Fixed::new(limit)).clock(Clock::runtime())
}

/// One in which requests may wait for ten seconds.
fn patient(limit: usize) -> Limiter {
    limiter(limit).queue(Queue::new(millis(10_000)))
}

/// A layer around a service that does what it is asked to, and writes down what reached it, and when.
#[derive(Clone)]
struct Bench {
    layer: ConcurrencyLimitLayer,
    begin: Instant,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    reached: Vec<(String, u64)>,
    at_once: usize,
    most_at_once: usize,
}

impl Bench {
    fn new(limiter: Limiter) -> Self {
        Self::of(ConcurrencyLimitLayer::new(limiter))
    }

    fn of(layer: ConcurrencyLimitLayer) -> Self {
        Self { layer, begin: now(), seen: Arc::default() }
    }

    /// By a service of its own, as axum makes one for each route or request; not polled yet.
    fn call(&self, request: Request<Work>) -> impl Future<Output = Answer> + Send + use<> {
        let (seen, begin) = (Arc::clone(&self.seen), self.begin);
        let service = self.layer.layer(service_fn(move |request: Request<Work>| {
            let (seen, Work { name, takes }) = (Arc::clone(&seen), request.into_body());
            async move {
                {
                    let mut seen = seen.lock().unwrap();
                    seen.reached.push((name, (now() - begin).as_millis() as u64));
                    seen.at_once += 1;
                    seen.most_at_once = seen.most_at_once.max(seen.at_once);
                }
                let _leaves = Leaves(seen);
                sleep(takes).await;
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"done"))))
            }
        }));
        async move { service.oneshot(request).await.unwrap_or_else(|never| match never {}) }
    }

    /// Runs by itself, and has come to the limit when this returns. What became of it, once its answer is read.
    async fn send(&self, request: Request<Work>) -> JoinHandle<&'static str> {
        let call = self.call(request);
        let task = tokio::spawn(async move { fate(call.await).await });
        yield_now().await;
        task
    }

    /// The same for several that take so long.
    async fn send_all(&self, names: &[&str], takes: u64) -> Vec<JoinHandle<&'static str>> {
        let mut tasks = Vec::new();
        for name in names {
            tasks.push(self.send(work(name, takes)).await);
        }
        tasks
    }

    /// What reached the service since this was last asked.
    fn reached(&self) -> Vec<String> {
        let reached = std::mem::take(&mut self.seen.lock().unwrap().reached);
        reached.into_iter().map(|(name, _)| name).collect()
    }

    /// How long after the beginning it reached the service.
    fn reached_at(&self, name: &str) -> u64 {
        let seen = self.seen.lock().unwrap();
        let mut reached = seen.reached.iter().filter(|(reached, _)| reached == name);
        reached.next().unwrap_or_else(|| panic!("{name} never reached the service")).1
    }

    fn most_at_once(&self) -> usize {
        self.seen.lock().unwrap().most_at_once
    }

    fn under_way(&self) -> usize {
        self.layer.handle().in_flight()
    }

    fn waiting(&self) -> usize {
        self.layer.handle().waiting()
    }
}

struct Leaves(Arc<Mutex<Seen>>);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.lock().unwrap().at_once -= 1;
    }
}

/// What became of requests.
async fn fates(tasks: Vec<JoinHandle<&'static str>>) -> Vec<&'static str> {
    let mut fates = Vec::new();
    for task in tasks {
        fates.push(task.await.unwrap());
    }
    fates
}

/// What became of a request, by what its answer says.
async fn fate(answer: Answer) -> &'static str {
    let rejected = Rejected::is_on(&answer);
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    if !rejected {
        return "served";
    }
    let told = match parts.headers.get("grpc-message") {
        Some(message) => message.to_str().unwrap().to_owned(),
        None => {
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
            problem["detail"].as_str().unwrap().to_owned()
        }
    };
    match &*told {
        "too many requests are under way" => "full",
        "too many requests are under way, and the wait would be too long" => "timed out",
        "too many requests are under way to meet the deadline" => "deadline",
        "too many requests are under way, and others came before this one" => "displaced",
        "no more requests are taken" => "draining",
        told => panic!("unknown: {told}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "the paused clock of the runtime")]
fn now() -> Instant {
    Instant::now()
}

/// Sleeps to a time after the beginning; what is due then is done.
async fn until(begin: Instant, at: u64) {
    tokio::time::sleep_until(begin + millis(at)).await;
    for _ in 0..8 {
        yield_now().await;
    }
}

const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}
