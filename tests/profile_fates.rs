//! Requests of all fates at once: whatever becomes of them, nothing stays under way and nothing is lost.

#[path = "support/random.rs"]
mod random;

use std::{
    collections::VecDeque,
    iter::repeat_n,
    panic::{AssertUnwindSafe, catch_unwind, set_hook},
    pin::{Pin, pin},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Sender},
    },
    task::{Context, Poll, Waker},
    thread,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header::CONTENT_TYPE};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use random::Random;
use tower::{Layer, Service};
use tower_weir::{
    profile::{Outcome, Profile, ProfileLayer, RouteReporter, Window, operation},
    route::RouteTable,
};

const THREADS: u64 = 4;
const REQUESTS: u64 = 25_000;

/// What a service or its body does when it is polled.
#[derive(Clone)]
enum Step {
    Wait,
    Panic,
    Fail,
    /// Only a body's.
    Data(usize),
    Trailers(&'static str),
}

/// Which steps the body takes, and what it is like otherwise.
#[derive(Clone)]
struct Script {
    panics_in_call: bool,
    before_headers: VecDeque<Step>,
    status: u16,
    headers: HeaderMap,
    body: Steps,
}

#[derive(Clone)]
struct Steps {
    steps: VecDeque<Step>,
    /// It says when it has come to its end.
    knows_its_end: bool,
}

fn script(random: &mut Random) -> Script {
    let fate = |random: &mut Random| match random.below(20) {
        0 => Some(Step::Panic),
        1 => Some(Step::Fail),
        _ => None,
    };
    let waits = random.below(3);
    let mut before_headers: VecDeque<_> = (0..waits).map(|_| Step::Wait).collect();
    before_headers.extend(fate(random));
    let mut steps = VecDeque::new();
    for _ in 0..random.below(4) {
        match random.below(3) {
            0 => steps.push_back(Step::Wait),
            _ => steps.push_back(Step::Data(random.below(100) as usize)),
        }
    }
    steps.extend(fate(random));
    let mut headers = HeaderMap::new();
    match random.below(4) {
        0 => steps.push_back(Step::Trailers(random.of(&["0", "1", "5", "13", "x"]))),
        1 => _ = headers.insert("grpc-status", random.of(&[0, 7, 12, 14]).into()),
        2 => _ = headers.insert("content-length", random.below(100).into()),
        _ => {}
    }
    if random.below(2) == 0 {
        headers.insert(CONTENT_TYPE, "application/grpc".parse().unwrap());
    }
    Script {
        panics_in_call: random.below(40) == 0,
        before_headers,
        status: random.of(&[200, 200, 200, 204, 304, 404, 429, 500, 503]),
        headers,
        body: Steps { steps, knows_its_end: random.below(2) == 0 },
    }
}

#[derive(Debug)]
struct Failed;

impl Body for Steps {
    type Data = Bytes;
    type Error = Failed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failed>>> {
        let Some(step) = self.steps.pop_front() else { return Poll::Ready(None) };
        Poll::Ready(Some(match step {
            Step::Wait => return Poll::Pending,
            Step::Panic => panic!("as the script says"),
            Step::Fail => Err(Failed),
            Step::Data(bytes) => Ok(Frame::data(vec![0; bytes].into())),
            Step::Trailers(code) => {
                let code = ("grpc-status".parse().unwrap(), code.parse().unwrap());
                Ok(Frame::trailers(HeaderMap::from_iter([code])))
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.knows_its_end && self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// Does what the script in a request's extensions says.
#[derive(Clone)]
struct Scripted;

impl Service<Request<Full<Bytes>>> for Scripted {
    type Response = Response<Steps>;
    type Error = Failed;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failed>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Full<Bytes>>) -> Self::Future {
        let script: Script = request.extensions_mut().remove().unwrap();
        assert!(!script.panics_in_call, "as the script says");
        Box::pin(async move {
            operation("work").record(act(script.before_headers)).await?;
            let mut response = Response::new(script.body);
            *response.status_mut() = script.status.try_into().unwrap();
            *response.headers_mut() = script.headers;
            Ok(response)
        })
    }
}

async fn act(steps: VecDeque<Step>) -> Result<(), Failed> {
    for step in steps {
        match step {
            Step::Panic => panic!("as the script says"),
            Step::Fail => return Err(Failed),
            _ => pending_once().await,
        }
    }
    Ok(())
}

/// Pending once.
async fn pending_once() {
    let mut is_second = false;
    std::future::poll_fn(|_| match std::mem::replace(&mut is_second, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

fn request(random: &mut Random, script: Script) -> Request<Full<Bytes>> {
    let paths =
        ["/users/7", "/told/7", "/nowhere", "/greet.v1.Greeter/SayHello", "/made.Up/Method"];
    let methods = [Method::GET, Method::POST, Method::HEAD, "BREW".parse().unwrap()];
    let mut request = Request::new(Full::from(vec![0; random.below(50) as usize]));
    *request.method_mut() = random.of(&methods);
    *request.uri_mut() = random.of(&paths).parse().unwrap();
    if random.below(2) == 0 {
        request.headers_mut().insert(CONTENT_TYPE, "application/grpc".parse().unwrap());
    }
    request.extensions_mut().insert(script);
    request
}

type Job = Box<dyn FnOnce() + Send>;

/// Polls a request so many times at most, answer and body together, and lets go of it: of the body perhaps in another thread.
fn drive<S, B>(
    service: &mut S,
    request: Request<Full<Bytes>>,
    polls: u64,
    elsewhere: Option<&Sender<Job>>,
) where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    B: Body + Send + 'static,
{
    let mut polls = 0..polls;
    let response = {
        let mut future = pin!(service.call(request));
        polls.by_ref().find_map(|_| match future.as_mut().poll(&mut context()) {
            Poll::Ready(response) => Some(response),
            Poll::Pending => None,
        })
    };
    let Some(Ok(response)) = response else { return };
    let read = move || {
        let mut body = pin!(response.into_body());
        for _ in polls {
            let frame = body.as_mut().poll_frame(&mut context());
            if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
                return;
            }
        }
    };
    match elsewhere {
        Some(elsewhere) => elsewhere.send(Box::new(read)).unwrap(),
        None => read(),
    }
}

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// One thread's share, some bodies of which are read elsewhere.
fn serve(layer: &ProfileLayer, inner: &ProfileLayer, seed: u64, elsewhere: &Sender<Job>) {
    let mut random = Random::new(seed);
    let mut service = layer.layer(RouteReporter.layer(inner.layer(Scripted)));
    for _ in 0..REQUESTS {
        let script = script(&mut random);
        let request = request(&mut random, script);
        let (polls, elsewhere) = (random.below(10), (random.below(3) == 0).then_some(elsewhere));
        survive(|| drive(&mut service, request, polls, elsewhere));
    }
}

/// A panic is part of the script.
fn survive(act: impl FnOnce()) {
    drop(catch_unwind(AssertUnwindSafe(act)));
}

/// What recorders saw: of gauges the value, of histograms how many.
fn totals(recorder: &DebuggingRecorder) -> impl Fn(&str) -> f64 + use<> {
    let metrics = recorder.snapshotter().snapshot().into_vec();
    let metrics: Vec<_> = metrics
        .into_iter()
        .map(|(key, _, _, value)| {
            let value = match value {
                DebugValue::Gauge(value) => value.into_inner(),
                DebugValue::Histogram(samples) => samples.len() as f64,
                DebugValue::Counter(_) => unreachable!("there are no counters"),
            };
            (key.key().name().to_owned(), value)
        })
        .collect();
    move |name| metrics.iter().filter(|(of, _)| of == name).map(|(_, value)| value).sum()
}

#[test]
fn whatever_becomes_of_requests_each_is_counted_once_and_none_stays_under_way() {
    set_hook(Box::new(|_| {}));
    let recorder = DebuggingRecorder::new();
    let profile = Profile::new();
    let layer =
        ProfileLayer::new(profile.clone()).routes(RouteTable::<()>::new().route("/users/{id}", ()));
    let told =
        RouteTable::<()>::new().route("/told/{id}", ()).rpc("greet.v1.Greeter", "SayHello", ());
    let inner = ProfileLayer::new(Profile::new()).routes(told);
    let (elsewhere, jobs) = mpsc::channel::<Job>();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (recorder, layer, inner) = (&recorder, &layer, &inner);
        for (seed, elsewhere) in (0..THREADS).zip(repeat_n(elsewhere, THREADS as usize)) {
            scope.spawn(move || {
                metrics::with_local_recorder(recorder, || serve(layer, inner, seed, &elsewhere));
            });
        }
        // Whoever reads meanwhile neither loses nor finds any.
        scope.spawn(|| {
            let mut before = 0;
            while !is_over.load(Ordering::Relaxed) {
                let routes = profile.snapshot().routes;
                let ended = routes.iter().map(|of| of.stats(Window::Lifetime).count).sum();
                assert!((before..=THREADS * REQUESTS).contains(&ended), "{ended} after {before}");
                before = ended;
            }
        });
        metrics::with_local_recorder(recorder, || jobs.into_iter().for_each(survive));
        is_over.store(true, Ordering::Relaxed);
    });
    let requests = THREADS * REQUESTS;
    let snapshot = profile.snapshot();
    let mut by_outcome = [0; Outcome::ALL.len()];
    for route in &snapshot.routes {
        let stats = route.stats(Window::Lifetime);
        assert_eq!(route.in_flight, 0, "{} {}", route.method, route.route);
        let outcomes: u64 = stats.outcomes.iter().map(|(_, count)| count).sum();
        let measured = stats.latency.as_ref().map_or(0, |latency| latency.histogram.count());
        assert_eq!((outcomes, measured), (stats.count, stats.count), "{}", route.route);
        for (outcome, count) in stats.outcomes.iter() {
            by_outcome[outcome as usize] += count;
        }
    }
    assert_eq!(by_outcome.iter().sum::<u64>(), requests);
    assert!(by_outcome.iter().all(|count| *count > 0), "each comes to pass: {by_outcome:?}");
    let names: Vec<_> = snapshot.routes.iter().map(|route| route.route.as_str()).collect();
    for name in ["/users/{id}", "/told/{id}", "/greet.v1.Greeter/SayHello", "_unmatched"] {
        assert!(names.contains(&name), "{names:?}");
    }

    let [work] = <[_; 1]>::try_from(snapshot.operations).unwrap();
    let done = work.stats(Window::Lifetime);
    assert_eq!((work.in_flight, done.count), (0, done.successes + done.failures + done.cancelled));

    let total = totals(&recorder);
    assert_eq!(total("http_server_active_requests"), 0.0);
    assert_eq!(total("http_server_request_duration_seconds"), requests as f64);
    assert_eq!(total("weir_operation_duration_seconds"), done.count as f64);
}
