//! A service that goes step by step, and calls to it that are shared.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty};
use tower::{Layer, Service, ServiceExt};
use tower_weir::{
    clock::{Clock, ManualClock},
    coalesce::{Coalesce, CoalesceBody, CoalesceLayer, Handle},
};

/// A service whose calls are shared.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) service: Coalesce<Inner>,
    pub(crate) handle: Handle,
    pub(crate) hand: ManualClock,
    pub(crate) seen: Arc<Seen>,
}

/// What was seen of the calls.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) calls: AtomicUsize,
    /// Calls and bodies that have not ended.
    pub(crate) live: AtomicUsize,
    pub(crate) most_live: AtomicUsize,
}

/// What a call comes to: steps on the way to its head, and then the head and the steps of its body, or an error.
pub(crate) struct Play {
    pub(crate) before: Vec<Step>,
    answer: Result<Response<Vec<Step>>, Failure>,
    length: Option<u64>,
    panics: bool,
    /// What is to change of it, when all before the head has happened.
    pub(crate) decide: Option<Decide>,
}

type Decide = Box<dyn FnOnce(Play) -> Play + Send>;

#[derive(Clone)]
pub(crate) enum Step {
    /// Is not there yet, but soon.
    Pause,
    /// Is not there before the gate opens.
    Wait(Gate),
    Data(Bytes),
    Trailers(HeaderMap),
    Error,
    Panic,
}

/// The error of the service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure;

impl Play {
    pub(crate) fn answer(body: impl Into<Vec<Step>>) -> Self {
        let answer = Ok(Response::new(body.into()));
        Self { before: Vec::new(), answer, length: None, panics: false, decide: None }
    }

    pub(crate) fn failure() -> Self {
        Self { answer: Err(Failure), ..Self::answer([]) }
    }

    /// Panics where it is called, and not in its future.
    pub(crate) fn panic() -> Self {
        Self { panics: true, ..Self::answer([]) }
    }

    pub(crate) fn after(self, before: impl Into<Vec<Step>>) -> Self {
        Self { before: before.into(), ..self }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.answer = self.answer.map(|mut answer| {
            *answer.status_mut() = status.try_into().unwrap();
            answer
        });
        self
    }

    pub(crate) fn field(mut self, name: &'static str, value: &str) -> Self {
        self.answer = self.answer.map(|mut answer| {
            answer.headers_mut().append(name, value.parse().unwrap());
            answer
        });
        self
    }

    pub(crate) fn extension(mut self, value: impl Clone + Send + Sync + 'static) -> Self {
        self.answer = self.answer.map(|mut answer| {
            answer.extensions_mut().insert(value);
            answer
        });
        self
    }

    /// The body says that it has so many bytes.
    pub(crate) fn length(self, length: u64) -> Self {
        Self { length: Some(length), ..self }
    }
}

pub(crate) fn data(text: impl Into<String>) -> Step {
    Step::Data(Bytes::from(text.into()))
}

/// Closed at first.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Gate {
    pub(crate) fn open(&self) {
        let mut gate = self.0.lock().unwrap();
        gate.0 = true;
        std::mem::take(&mut gate.1).into_iter().for_each(Waker::wake);
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut gate = self.0.lock().unwrap();
        if gate.0 {
            return Poll::Ready(());
        }
        gate.1.push(cx.waker().clone());
        Poll::Pending
    }
}

impl World {
    /// One whose service does for each request as `play` says, which is told how many calls there were before.
    pub(crate) fn new(
        configure: impl FnOnce(CoalesceLayer) -> CoalesceLayer,
        play: impl Fn(&Request<()>, usize) -> Play + Send + Sync + 'static,
    ) -> Self {
        let (clock, hand) = Clock::manual();
        let layer = configure(CoalesceLayer::new().clock(clock));
        let seen = Arc::new(Seen::default());
        let inner = Inner { play: Arc::new(play), seen: Arc::clone(&seen), ready: false };
        Self { handle: layer.handle(), service: layer.layer(inner), hand, seen }
    }

    pub(crate) fn plain(
        play: impl Fn(&Request<()>, usize) -> Play + Send + Sync + 'static,
    ) -> Self {
        Self::new(|layer| layer, play)
    }

    /// One whose calls wait at a gate, and answer `call 0`, `call 1` and so on.
    pub(crate) fn gated(configure: impl FnOnce(CoalesceLayer) -> CoalesceLayer) -> (Self, Gate) {
        let gate = Gate::default();
        let held = gate.clone();
        let play = move |_: &Request<()>, call| {
            Play::answer([data(format!("call {call}"))]).after([Step::Wait(held.clone())])
        };
        (Self::new(configure, play), gate)
    }

    pub(crate) fn calls(&self) -> usize {
        self.seen.calls.load(SeqCst)
    }

    /// The head alone.
    pub(crate) async fn head(
        &self,
        request: Request<()>,
    ) -> Result<Response<CoalesceBody<Steps>>, Failure> {
        self.service.clone().oneshot(request.map(|()| Empty::<Bytes>::new())).await
    }

    pub(crate) async fn send(&self, request: Request<()>) -> Result<Got, Failure> {
        Ok(Got::of(self.head(request).await?).await)
    }

    /// Sends it from a task of its own, which has got as far as it gets when this returns.
    pub(crate) async fn start(&self, request: Request<()>) -> Client {
        let client = self.spawn(request);
        settle().await;
        client
    }

    pub(crate) fn spawn(&self, request: Request<()>) -> Client {
        let this = self.clone();
        tokio::spawn(async move { this.send(request).await })
    }

    /// How many led, shared, went alone and passed.
    pub(crate) fn counts(&self) -> [u64; 4] {
        let stats = self.handle.stats();
        [stats.led, stats.shared, stats.alone, stats.passed]
    }

    /// Nothing goes on that nobody waits for, and nothing is held that nobody needs.
    pub(crate) async fn is_at_rest(&self) {
        settle().await;
        assert_eq!(self.seen.live.load(SeqCst), 0, "calls or bodies that go on");
        let stats = self.handle.stats();
        assert_eq!((stats.in_flight, stats.waiting), (0, 0));
    }
}

pub(crate) type Client = tokio::task::JoinHandle<Result<Got, Failure>>;

pub(crate) fn get() -> Request<()> {
    with(&[])
}

/// A GET with these fields.
pub(crate) fn with(fields: &[(&'static str, &'static str)]) -> Request<()> {
    let request = Request::get("/");
    fields
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .body(())
        .unwrap()
}

/// What goes on in other tasks goes as far as it gets.
pub(crate) async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) head: http::response::Parts,
    pub(crate) text: String,
    pub(crate) trailers: Option<HeaderMap>,
    /// Why the body broke off.
    pub(crate) broken: Option<String>,
}

impl Got {
    pub(crate) async fn of<B: Body<Data = Bytes, Error: fmt::Display>>(
        response: Response<B>,
    ) -> Self {
        let (head, body) = response.into_parts();
        let mut body = Box::pin(body);
        let mut got = Self { head, text: String::new(), trailers: None, broken: None };
        while let Some(frame) = body.frame().await {
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => got.text.push_str(std::str::from_utf8(&data).unwrap()),
                Ok(Err(frame)) => got.trailers = frame.into_trailers().ok(),
                Err(error) => got.broken = Some(error.to_string()),
            }
        }
        got
    }

    pub(crate) fn status(&self) -> u16 {
        self.head.status.as_u16()
    }
}

/// What each call comes to, by its request and how many calls there were before.
type Script = dyn Fn(&Request<()>, usize) -> Play + Send + Sync;

/// A clone must be readied before it is called, even if the original was.
pub(crate) struct Inner {
    play: Arc<Script>,
    seen: Arc<Seen>,
    ready: bool,
}

impl Inner {
    pub(crate) fn new(
        play: impl Fn(&Request<()>, usize) -> Play + Send + Sync + 'static,
    ) -> (Self, Arc<Seen>) {
        let seen = Arc::new(Seen::default());
        (Self { play: Arc::new(play), seen: Arc::clone(&seen), ready: false }, seen)
    }
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        Self { play: Arc::clone(&self.play), seen: Arc::clone(&self.seen), ready: false }
    }
}

impl<Q> Service<Request<Q>> for Inner {
    type Response = Response<Steps>;
    type Error = Failure;
    type Future = Called;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Q>) -> Called {
        let request = request.map(drop);
        assert!(std::mem::take(&mut self.ready), "called without having been readied");
        let call = self.seen.calls.fetch_add(1, SeqCst);
        let live = Live::new(&self.seen);
        let mut play = (self.play)(&request, call);
        assert!(!play.panics, "as the play has it");
        let before = Steps::of(std::mem::take(&mut play.before));
        Called { before, play: Some((play, live)) }
    }
}

/// Counts itself as long as it lives.
struct Live(Arc<Seen>);

impl Live {
    fn new(seen: &Arc<Seen>) -> Self {
        let now = seen.live.fetch_add(1, SeqCst) + 1;
        seen.most_live.fetch_max(now, SeqCst);
        Self(Arc::clone(seen))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, SeqCst);
    }
}

pub(crate) struct Called {
    before: Steps,
    play: Option<(Play, Live)>,
}

impl Future for Called {
    type Output = Result<Response<Steps>, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if Pin::new(&mut self.before).poll_frame(cx).is_pending() {
            return Poll::Pending;
        }
        let (mut play, live) = self.play.take().expect("polled after it was ready");
        if let Some(decide) = play.decide.take() {
            play = decide(play);
        }
        let Play { answer, length, .. } = play;
        Poll::Ready(answer.map(|answer| {
            answer.map(|steps| Steps { steps: steps.into(), length, live: Some(live) })
        }))
    }
}

/// A body that goes step by step.
pub(crate) struct Steps {
    steps: VecDeque<Step>,
    length: Option<u64>,
    /// Until its last step.
    live: Option<Live>,
}

impl Steps {
    pub(crate) fn of(steps: impl Into<VecDeque<Step>>) -> Self {
        Self { steps: steps.into(), length: None, live: None }
    }
}

impl Body for Steps {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        if let Some(Step::Wait(gate)) = self.steps.front()
            && gate.poll(cx).is_pending()
        {
            return Poll::Pending;
        }
        let frame = match self.steps.pop_front() {
            None => None,
            Some(Step::Pause) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Step::Wait(_)) => return self.poll_frame(cx),
            Some(Step::Data(data)) => Some(Ok(Frame::data(data))),
            Some(Step::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
            Some(Step::Error) => Some(Err("torn")),
            Some(Step::Panic) => panic!("as the play has it"),
        };
        if self.steps.is_empty() {
            self.live = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} steps", self.steps.len())
    }
}
