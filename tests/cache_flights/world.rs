//! A service that goes step by step, and a cache in front of it.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty};
use tower::{Layer, Service, ServiceExt};
use tower_weir::{
    cache::{Cache, CacheBody, CacheLayer, Handle, MemoryStore},
    clock::{Clock, ManualClock},
};

/// A service behind a cache.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) service: Cache<Inner>,
    pub(crate) cache: Handle,
    pub(crate) hand: ManualClock,
    pub(crate) seen: Arc<Seen>,
}

/// What was seen of the calls.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) calls: AtomicUsize,
    /// Calls and bodies that have not ended.
    pub(crate) live: AtomicUsize,
    /// How many of them there are for each path.
    at_once: Mutex<HashMap<String, usize>>,
    /// The most that there were at once.
    pub(crate) most_at_once: Mutex<HashMap<String, usize>>,
}

/// What a call comes to: steps on the way to its head, and then the head and the steps of its body, or an error.
pub(crate) struct Play {
    before: Vec<Step>,
    answer: Ending,
}

/// A status, `Cache-Control` and the steps of a body, or an error.
type Ending = Result<(StatusCode, &'static str, Vec<Step>), Failure>;
/// What each call comes to, by its request and how many calls there were before.
type Script = dyn Fn(&Request<()>, usize) -> Play + Send + Sync;

#[derive(Clone)]
pub(crate) enum Step {
    /// Is not there yet, but soon.
    Pause,
    /// Is not there before the gate opens.
    Wait(Gate),
    Data(String),
    Trailers(HeaderMap),
    Error,
    Panic,
}

/// The error of the service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure;

impl Play {
    /// Answers at once, fresh for a minute.
    pub(crate) fn fresh(body: impl Into<Vec<Step>>) -> Self {
        Self::answer("max-age=60", body)
    }

    pub(crate) fn answer(control: &'static str, body: impl Into<Vec<Step>>) -> Self {
        Self { before: Vec::new(), answer: Ok((StatusCode::OK, control, body.into())) }
    }

    pub(crate) fn failure() -> Self {
        Self { before: Vec::new(), answer: Err(Failure) }
    }

    pub(crate) fn after(self, before: impl Into<Vec<Step>>) -> Self {
        Self { before: before.into(), ..self }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        if let Ok(answer) = &mut self.answer {
            answer.0 = StatusCode::from_u16(status).unwrap();
        }
        self
    }
}

pub(crate) fn data(text: impl Into<String>) -> Step {
    Step::Data(text.into())
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
        configure: impl FnOnce(CacheLayer) -> CacheLayer,
        play: impl Fn(&Request<()>, usize) -> Play + Send + Sync + 'static,
    ) -> Self {
        let (clock, hand) = Clock::manual();
        let layer = configure(CacheLayer::new(MemoryStore::with_max_bytes(16 << 20)).clock(clock));
        let seen = Arc::new(Seen::default());
        let inner = Inner { play: Arc::new(play), seen: Arc::clone(&seen), ready: false };
        Self { cache: layer.handle(), service: layer.layer(inner), hand, seen }
    }

    pub(crate) fn plain(
        play: impl Fn(&Request<()>, usize) -> Play + Send + Sync + 'static,
    ) -> Self {
        Self::new(|layer| layer, play)
    }

    pub(crate) fn calls(&self) -> usize {
        self.seen.calls.load(SeqCst)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.hand.advance(Duration::from_secs(seconds));
    }

    /// The head alone.
    pub(crate) async fn head(
        &self,
        request: Request<()>,
    ) -> Result<Response<CacheBody<Steps>>, Failure> {
        self.service.clone().oneshot(request.map(|()| Empty::new())).await
    }

    pub(crate) async fn send(&self, request: Request<()>) -> Result<Got, Failure> {
        let (head, body) = self.head(request).await?.into_parts();
        let got =
            Got { status: head.status, told: told(&head), text: String::new(), broken: false };
        Ok(match body.collect().await {
            Ok(body) => Got { text: String::from_utf8(body.to_bytes().into()).unwrap(), ..got },
            Err(_) => Got { broken: true, ..got },
        })
    }

    pub(crate) async fn get(&self) -> Got {
        self.send(get()).await.unwrap()
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

    /// Nothing goes on that nobody waits for, and nothing is held that nobody needs.
    pub(crate) async fn is_at_rest(&self) {
        settle().await;
        assert_eq!(self.seen.live.load(SeqCst), 0, "calls or bodies that go on");
    }
}

pub(crate) type Client = tokio::task::JoinHandle<Result<Got, Failure>>;

pub(crate) fn get() -> Request<()> {
    Request::get("/").body(()).unwrap()
}

fn told(head: &http::response::Parts) -> String {
    head.headers
        .get("cache-status")
        .map_or_else(String::new, |told| told.to_str().unwrap().to_owned())
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
    pub(crate) status: StatusCode,
    /// Its `Cache-Status`.
    pub(crate) told: String,
    pub(crate) text: String,
    /// Whether the body broke off.
    pub(crate) broken: bool,
}

/// A clone must be readied before it is called, even if the original was.
pub(crate) struct Inner {
    play: Arc<Script>,
    seen: Arc<Seen>,
    ready: bool,
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        Self { play: Arc::clone(&self.play), seen: Arc::clone(&self.seen), ready: false }
    }
}

impl Service<Request<Empty<Bytes>>> for Inner {
    type Response = Response<Steps>;
    type Error = Failure;
    type Future = Called;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Empty<Bytes>>) -> Called {
        let request = request.map(drop);
        assert!(std::mem::take(&mut self.ready), "called without having been readied");
        let call = self.seen.calls.fetch_add(1, SeqCst);
        let live = Live::new(&self.seen, request.uri().path());
        let Play { before, answer } = (self.play)(&request, call);
        let before = Steps { steps: before.into(), live: None };
        Called { before, answer: Some(answer), live: Some(live) }
    }
}

/// Counts itself as long as it lives.
struct Live {
    seen: Arc<Seen>,
    path: String,
}

impl Live {
    fn new(seen: &Arc<Seen>, path: &str) -> Self {
        seen.live.fetch_add(1, SeqCst);
        let mut at_once = seen.at_once.lock().unwrap();
        let now = at_once.entry(path.to_owned()).or_default();
        *now += 1;
        let mut most = seen.most_at_once.lock().unwrap();
        let most = most.entry(path.to_owned()).or_default();
        *most = (*most).max(*now);
        Self { seen: Arc::clone(seen), path: path.to_owned() }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.seen.live.fetch_sub(1, SeqCst);
        *self.seen.at_once.lock().unwrap().get_mut(&self.path).unwrap() -= 1;
    }
}

pub(crate) struct Called {
    before: Steps,
    answer: Option<Ending>,
    live: Option<Live>,
}

impl Future for Called {
    type Output = Result<Response<Steps>, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if Pin::new(&mut self.before).poll_frame(cx).is_pending() {
            return Poll::Pending;
        }
        let (status, control, steps) = self.answer.take().unwrap()?;
        let body = Steps { steps: steps.into(), live: self.live.take() };
        let head = Response::builder().status(status).header("cache-control", control);
        Poll::Ready(Ok(head.body(body).unwrap()))
    }
}

/// A body that goes step by step, and says nothing of its length.
pub(crate) struct Steps {
    steps: VecDeque<Step>,
    /// Until its last step.
    live: Option<Live>,
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
            Some(Step::Data(text)) => Some(Ok(Frame::data(text.into()))),
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
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} steps", self.steps.len())
    }
}
