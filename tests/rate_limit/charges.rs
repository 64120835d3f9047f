//! Charges that the response decides on.

use std::{
    cell::RefCell,
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response};
use http_body::{Body, Frame};
use proptest::prelude::*;
use tower::{Layer, Service};
use tower_weir::{
    body::ResponseBody,
    clock::{Clock, ManualClock},
    key::Header,
    rate_limit::{FollowUp, Quota, RateLimitLayer, ResponseFuture},
};

use super::millis;

const X_KEY: HeaderName = HeaderName::from_static("x-key");

/// A body that ends when the test says so.
struct Frames(Vec<Frame<Bytes>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready((!self.0.is_empty()).then(|| Ok(self.0.remove(0))))
    }
}

/// Answers that are given by hand.
#[derive(Clone, Default)]
struct ByHand(Rc<RefCell<Option<Response<Frames>>>>);

impl Future for ByHand {
    type Output = Result<Response<Frames>, Infallible>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.borrow_mut().take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
    }
}

type Call = Pin<Box<ResponseFuture<ByHand>>>;
type Answer = Response<ResponseBody<Frames, FollowUp>>;

struct Bench {
    layer: RateLimitLayer,
    hand: ManualClock,
}

impl Bench {
    fn new(layer: RateLimitLayer) -> Self {
        let (clock, hand) = Clock::manual();
        Self { layer: layer.key(Header(X_KEY)).clock(clock), hand }
    }

    fn request(key: &str) -> http::request::Builder {
        Request::builder().header(X_KEY, key)
    }

    /// A call that is under way, and what answers it; or that was rejected.
    fn begin(&self, request: Request<()>) -> (Call, ByHand) {
        let answer = ByHand::default();
        let given = answer.clone();
        let inner = tower::service_fn(move |_: Request<()>| given.clone());
        (Box::pin(self.layer.layer(inner).call(request)), answer)
    }

    fn call(&self, key: &str) -> Option<(Call, ByHand)> {
        let (mut call, answer) = self.begin(Self::request(key).body(()).unwrap());
        match poll(&mut call) {
            Poll::Pending => Some((call, answer)),
            Poll::Ready(rejected) => {
                assert_eq!(rejected.status(), 429);
                None
            }
        }
    }

    /// Serves a request at once, with this status; whether it passed.
    fn serve(&self, key: &str, status: u16) -> bool {
        self.call(key).is_some_and(|(mut call, answer)| {
            respond(&answer, status, vec![]);
            poll(&mut call).is_ready()
        })
    }
}

fn poll(call: &mut Call) -> Poll<Answer> {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop())).map(|answer| match answer {
        Ok(answer) => answer,
        Err(never) => match never {},
    })
}

fn respond(answer: &ByHand, status: u16, frames: Vec<Frame<Bytes>>) {
    let response = Response::builder().status(status).body(Frames(frames)).unwrap();
    *answer.0.borrow_mut() = Some(response);
}

fn answered((mut call, answer): (Call, ByHand), status: u16, frames: Vec<Frame<Bytes>>) -> Answer {
    respond(&answer, status, frames);
    match poll(&mut call) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it was answered"),
    }
}

fn next(body: &mut ResponseBody<Frames, FollowUp>) -> Option<Frame<Bytes>> {
    match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame.map(Result::unwrap),
        Poll::Pending => panic!("it is never pending"),
    }
}

fn failures(quota: Quota) -> Bench {
    Bench::new(RateLimitLayer::new(quota).charge_on(|served| u32::from(!served.is_success())))
}

fn data(length: usize) -> Frame<Bytes> {
    Frame::data(Bytes::from(vec![b'x'; length]))
}

#[test]
fn only_failures_count() {
    let bench = failures(Quota::per_minute(3));
    for _ in 0..100 {
        assert!(bench.serve("a", 200), "a success is free");
    }
    for passes in [true, true, true, false] {
        assert_eq!(bench.serve("a", 401), passes);
    }
    assert!(bench.serve("b", 401), "another key");
    bench.hand.advance(Duration::from_secs(20));
    assert!(bench.serve("a", 401));
    assert!(!bench.serve("a", 200), "who owes a burst is not even asked");
}

#[test]
fn requests_under_way_hold_what_they_may_cost() {
    let bench = failures(Quota::per_minute(3));
    let mut calls: Vec<_> = (0..3).map(|_| bench.call("a").unwrap()).collect();
    // A hundred guesses at once are three guesses.
    assert!(bench.call("a").is_none());
    answered(calls.remove(0), 200, vec![]);
    // One came back, and only one.
    calls.push(bench.call("a").unwrap());
    assert!(bench.call("a").is_none());
    for call in calls {
        answered(call, 403, vec![]);
    }
    assert!(bench.call("a").is_none());
    bench.hand.advance(Duration::from_secs(20));
    assert!(bench.serve("a", 403));
    assert!(!bench.serve("a", 403));
}

#[test]
fn a_slow_success_is_as_free_as_a_fast_one() {
    // Longer than the interval in which one comes back, and several at once.
    let bench = failures(Quota::per_second(4));
    for _ in 0..50 {
        let calls: Vec<_> = (0..4).map(|_| bench.call("a").unwrap()).collect();
        bench.hand.advance(Duration::from_secs(2));
        for call in calls {
            answered(call, 200, vec![]);
        }
    }
    assert!((0..4).all(|_| bench.serve("a", 500)));
    assert!(!bench.serve("a", 500));
}

#[test]
fn whoever_leaves_early_is_charged_what_was_reserved() {
    let bench = failures(Quota::per_minute(4));
    drop(bench.call("a").unwrap());
    let (call, answer) = bench.call("a").unwrap();
    drop((answer, call));
    assert!((0..2).all(|_| bench.serve("a", 401)));
    assert!(!bench.serve("a", 401), "two were charged for those that left");
    assert!(bench.call("a").is_none(), "and nothing is held any more, or never would be");
    bench.hand.advance(Duration::from_secs(60));
    let held: Vec<_> = (0..4).map(|_| bench.call("a").unwrap()).collect();
    assert_eq!(held.len(), 4);
}

#[test]
fn a_charge_may_exceed_the_reservation_and_the_burst() {
    let layer = RateLimitLayer::new(Quota::per_second(10)).charge_on(|served| {
        served.fields.get("x-cost").map_or(1, |cost| cost.to_str().unwrap().parse().unwrap())
    });
    let bench = Bench::new(layer);
    let (mut call, answer) = bench.call("a").unwrap();
    let response = Response::builder().header("x-cost", "50");
    *answer.0.borrow_mut() = Some(response.body(Frames(vec![])).unwrap());
    let Poll::Ready(told) = poll(&mut call) else { panic!("it was answered") };
    // 50 are owed, 10 may be: a request in 4.1 s.
    assert_eq!(told.headers()["ratelimit"], r#""second";r=0;t=5"#);
    assert!(bench.call("a").is_none());
    bench.hand.advance(millis(4_099));
    assert!(bench.call("a").is_none());
    bench.hand.advance(millis(1));
    assert!(bench.serve("a", 200));
}

#[test]
fn what_is_told_is_how_it_stands_after_the_charge() {
    let bench = failures(Quota::per_minute(3));
    let told = |call, status| {
        answered(call, status, vec![]).headers()["ratelimit"].to_str().unwrap().to_owned()
    };
    let (first, second) = (bench.call("a").unwrap(), bench.call("a").unwrap());
    // The other one holds one.
    assert_eq!(told(first, 200), r#""minute";r=2;t=20"#);
    assert_eq!(told(second, 200), r#""minute";r=3"#);
    assert_eq!(told(bench.call("a").unwrap(), 401), r#""minute";r=2;t=20"#);
}

#[test]
fn a_cost_is_reserved_whole() {
    let layer = RateLimitLayer::new(Quota::per_minute(10)).cost(|_| 4).charge_on(|_| 1);
    let bench = Bench::new(layer);
    let calls = (bench.call("a").unwrap(), bench.call("a").unwrap());
    assert!(bench.call("a").is_none());
    answered(calls.0, 200, vec![]);
    answered(calls.1, 200, vec![]);
    let calls: Vec<_> = std::iter::from_fn(|| bench.call("a")).collect();
    assert_eq!(calls.len(), 2, "8 of 10 are left");
}

#[test]
fn several_policies_are_charged_together() {
    let layer = RateLimitLayer::new(Quota::per_second(5)).and(Quota::per_minute(7));
    let bench = Bench::new(layer.charge_on(|served| u32::from(!served.is_success())));
    assert!((0..5).all(|_| bench.serve("a", 500)));
    assert!(!bench.serve("a", 500));
    bench.hand.advance(Duration::from_secs(1));
    assert!(bench.serve("a", 500) && bench.serve("a", 500));
    assert!(!bench.serve("a", 500));
}

#[test]
fn bytes_are_charged_when_they_have_been_sent() {
    let layer = RateLimitLayer::new(Quota::per_second(100))
        .charge_at_end(|served| u32::try_from(served.bytes / 10).unwrap());
    let bench = Bench::new(layer);
    let mut whole = answered(bench.call("a").unwrap(), 200, vec![data(300), data(200)]).into_body();
    let left = || -> usize {
        let calls: Vec<_> = std::iter::from_fn(|| bench.call("a")).take(200).collect();
        let count = calls.len();
        for call in calls {
            let mut body = answered(call, 200, vec![]).into_body();
            assert!(next(&mut body).is_none());
        }
        count
    };
    assert_eq!(left(), 99, "one is reserved while the body flows");
    while next(&mut whole).is_some() {}
    assert_eq!(left(), 50);

    let mut half = answered(bench.call("a").unwrap(), 200, vec![data(300), data(200)]).into_body();
    next(&mut half);
    drop(half);
    assert_eq!(left(), 20, "who leaves in the body pays for what was sent");
    drop(answered(bench.call("a").unwrap(), 200, vec![data(300)]));
    assert_eq!(left(), 20, "which may be nothing");
    drop(bench.call("a").unwrap());
    assert_eq!(left(), 19, "without a head it is what was reserved");
}

fn grpc() -> Request<()> {
    Bench::request("a").header("content-type", "application/grpc").body(()).unwrap()
}

fn trailers(code: &'static str) -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", code.parse().unwrap());
    Frame::trailers(trailers)
}

#[test]
fn the_code_of_grpc_is_read_from_the_trailers_or_the_head() {
    let bench = failures(Quota::per_hour(3));
    let stream = |code| {
        let (mut call, answer) = bench.begin(grpc());
        respond(&answer, 200, vec![data(5), trailers(code)]);
        let Poll::Ready(answer) = poll(&mut call) else { panic!("it was answered") };
        let status = answer.headers().get("grpc-status").cloned();
        let mut body = answer.into_body();
        while next(&mut body).is_some() {}
        status
    };
    for _ in 0..20 {
        assert_eq!(stream("0"), None, "no rejection, and free");
    }
    assert_eq!(stream("14"), None);
    // Trailers only.
    let (mut call, answer) = bench.begin(grpc());
    let response = Response::builder().header("grpc-status", "5").body(Frames(vec![]));
    *answer.0.borrow_mut() = Some(response.unwrap());
    assert!(poll(&mut call).is_ready());
    // Cancelled in the stream: charged what was reserved.
    let (mut call, answer) = bench.begin(grpc());
    respond(&answer, 200, vec![data(5), trailers("0")]);
    assert!(poll(&mut call).is_ready());
    assert_eq!(stream("0").unwrap(), "8", "three were charged");
}

#[test]
fn a_charge_function_that_panics_holds_nothing() {
    let layer = RateLimitLayer::new(Quota::per_hour(3)).charge_on(|served| {
        assert_ne!(served.status, 500, "on purpose");
        0
    });
    let bench = Bench::new(layer);
    for _ in 0..2 {
        let call = bench.call("a").unwrap();
        let panicked = catch_unwind(AssertUnwindSafe(|| answered(call, 500, vec![])));
        assert!(panicked.is_err());
    }
    // Charged what was reserved, and free again beside that.
    assert!((0..10).all(|_| bench.serve("a", 200)));
    let calls: Vec<_> = std::iter::from_fn(|| bench.call("a")).collect();
    assert_eq!(calls.len(), 1);
}

proptest! {
    /// Whatever order requests begin and end in, what was charged keeps to the quota at the times of the charges, and when
    /// nothing is under way no less passes than that leaves.
    #[test]
    fn charges_keep_to_the_quota(steps in prop::collection::vec((0u8..4, 0u64..400), 1..120)) {
        let quota = Quota::per_second(5).burst(4);
        let bench = failures(quota);
        let (interval, mut level, mut under_way) = (200u64, 4.0f64, Vec::new());
        for (step, pause) in steps {
            bench.hand.advance(millis(pause));
            level = 4f64.min(level + pause as f64 / interval as f64);
            match step {
                0 | 1 => {
                    let call = bench.call("a");
                    let room = level - under_way.len() as f64;
                    prop_assert_eq!(call.is_some(), room >= 1.0 - 1e-6, "room for {}", room);
                    under_way.extend(call);
                }
                2 if !under_way.is_empty() => drop(answered(under_way.remove(0), 200, vec![])),
                3 if !under_way.is_empty() => {
                    let call = under_way.swap_remove(under_way.len() / 2);
                    // Dropped or failed, it is one.
                    if pause % 2 == 0 { drop(call) } else { drop(answered(call, 500, vec![])) }
                    level -= 1.0;
                    prop_assert!(level >= -1e-6);
                }
                _ => {}
            }
        }
    }
}
