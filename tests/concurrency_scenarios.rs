//! The simulated scenarios through the real layer: it does what the bare limit does, request by request.

#[path = "support/overload/mod.rs"]
#[allow(dead_code, reason = "the simulation asks for more")]
mod overload;

use std::{
    cell::RefCell,
    collections::HashMap,
    convert::Infallible,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use overload::{Arrival, Control, Guard, MS, Outcome, SECOND, Scenario, all, play};
use tower::{Layer, Service};
use tower_weir::{
    body::ResponseBody,
    clock::{Clock, ManualClock},
    concurrency::{
        Aimd, ConcurrencyLimit, ConcurrencyLimitLayer, Gradient2, Held, HoldUntil, Limit, Limiter,
        VerifiedGradient,
    },
    reject::Rejected,
    verdict::Verdict,
};

/// How requests end that have been told to: by their number.
type Script = Rc<RefCell<HashMap<usize, StatusCode>>>;

#[derive(Clone)]
struct Inner(Script);

struct Working(Script, usize);

/// A body that ends when it is dropped.
struct Endless;

impl Service<Request<usize>> for Inner {
    type Response = Response<Endless>;
    type Error = Infallible;
    type Future = Working;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<usize>) -> Working {
        Working(Rc::clone(&self.0), request.into_body())
    }
}

impl Future for Working {
    type Output = Result<Response<Endless>, Infallible>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(status) = self.0.borrow_mut().remove(&self.1) else { return Poll::Pending };
        let mut response = Response::new(Endless);
        *response.status_mut() = status;
        Poll::Ready(Ok(response))
    }
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

type Answering = <ConcurrencyLimit<Inner> as Service<Request<usize>>>::Future;

/// A request that is under way in the layer.
enum UnderWay {
    Asked(Pin<Box<Answering>>),
    Answered { _body: ResponseBody<Endless, Held> },
}

/// The layer as a control of the simulation.
struct Layered {
    service: ConcurrencyLimit<Inner>,
    limiter: Limiter,
    script: Script,
    hand: ManualClock,
    clock: Clock,
    under_way: HashMap<usize, UnderWay>,
}

impl Layered {
    fn new(limit: impl Limit + Clone + Sync) -> Self {
        let (clock, hand) = Clock::manual();
        let limiter = Limiter::new(limit).reject_when_full().clock(clock.clone());
        let layer = ConcurrencyLimitLayer::new(limiter.clone()).hold_until(HoldUntil::BodyEnd);
        let script = Script::default();
        let service = layer.layer(Inner(Rc::clone(&script)));
        Self { service, limiter, script, hand, clock, under_way: HashMap::new() }
    }

    fn at(&self, now: u64) {
        self.hand.advance(Duration::from_nanos(now - self.clock.now().as_nanos()));
    }
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

impl Control for Layered {
    fn admit(&mut self, now: u64, arrival: Arrival) -> bool {
        self.at(now);
        let mut answering = Box::pin(self.service.call(Request::new(arrival.id)));
        match poll(answering.as_mut()) {
            Poll::Pending => {
                self.under_way.insert(arrival.id, UnderWay::Asked(answering));
                true
            }
            Poll::Ready(Ok(response)) => {
                assert!(Rejected::is_on(&response), "nobody answers yet");
                false
            }
        }
    }

    fn head(&mut self, now: u64, id: usize, verdict: Verdict) {
        self.at(now);
        let status = match verdict {
            Verdict::Success => StatusCode::OK,
            Verdict::Overload => StatusCode::SERVICE_UNAVAILABLE,
            other => unreachable!("{other:?} is not simulated"),
        };
        self.script.borrow_mut().insert(id, status);
        let Some(UnderWay::Asked(answering)) = self.under_way.remove(&id) else {
            panic!("it is not under way")
        };
        let Poll::Ready(Ok(response)) = poll(pin!(answering)) else { panic!("it was told to end") };
        self.under_way.insert(id, UnderWay::Answered { _body: response.into_body() });
    }

    fn end(&mut self, now: u64, id: usize) {
        self.at(now);
        assert!(self.under_way.remove(&id).is_some(), "it is not under way");
    }

    fn limit(&self) -> Option<usize> {
        assert_eq!(self.limiter.in_flight(), self.under_way.len());
        Some(self.limiter.limit())
    }
}

/// All that can be told of a run.
fn course(outcome: &Outcome) -> Vec<(u32, u32, u32, u32, u32, Option<usize>, usize)> {
    let bins = outcome.bins.iter();
    bins.map(|b| (b.asked, b.let_in, b.refused, b.falsely, b.good, b.limit, b.in_flight)).collect()
}

fn agree(scenario: &Scenario, limit: impl Limit + Clone + Sync) {
    let bare = play(scenario, 7, &mut Guard::new(limit.clone()));
    let layered = play(scenario, 7, &mut Layered::new(limit));
    assert_eq!(course(&bare), course(&layered), "{}", scenario.name);
    assert!(course(&bare).iter().any(|bin| bin.4 > 0), "{}: nothing was answered", scenario.name);
}

/// As short as shows a limit that moves: of most scenarios the beginning, and the first change.
fn scenarios() -> Vec<Scenario> {
    let short = |scenario: Scenario| {
        let change = scenario.changes().into_iter().find(|at| *at > 0).unwrap_or_default();
        let length = (change + 2 * SECOND).min(scenario.length).min(12 * SECOND);
        scenario.lasting(length.max(500 * MS))
    };
    all(4).into_iter().map(short).collect()
}

#[test]
fn the_layer_agrees_with_the_default_limit() {
    scenarios().iter().for_each(|scenario| agree(scenario, VerifiedGradient::default()));
}

#[test]
fn the_layer_agrees_with_gradient2() {
    scenarios().iter().for_each(|scenario| agree(scenario, Gradient2::default()));
}

#[test]
fn the_layer_agrees_with_aimd() {
    scenarios().iter().for_each(|scenario| agree(scenario, Aimd::default()));
}
