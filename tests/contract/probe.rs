//! An inner service that watches how it is treated.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use tower::{BoxError, Layer, Service};

/// A layer that passes the suite: see `contract!`.
pub(crate) trait Subject:
    Layer<Probe, Service = Self::Guarded> + Clone + Send + Sync + 'static
{
    type Guarded: Service<
            Request<ProbeBody>,
            Response = Response<Self::Body>,
            // The inner error, not one of the layer's own.
            Error = ProbeError,
            Future = Self::Answer,
        > + Clone
        + Send
        + Sync
        + 'static;
    type Answer: Future<Output = Result<Response<Self::Body>, ProbeError>> + Send + 'static;
    type Body: Body<Data = Bytes, Error = Self::Broken> + Send + 'static;
    /// The inner body's error, or that in a box: whoever passes on one body to several has to make more of it.
    type Broken: fmt::Debug + Into<BoxError>;
}

impl<L, S, F, B, E> Subject for L
where
    L: Layer<Probe, Service = S> + Clone + Send + Sync + 'static,
    S: Service<Request<ProbeBody>, Response = Response<B>, Error = ProbeError, Future = F>
        + Clone
        + Send
        + Sync
        + 'static,
    F: Future<Output = Result<Response<B>, ProbeError>> + Send + 'static,
    B: Body<Data = Bytes, Error = E> + Send + 'static,
    E: fmt::Debug + Into<BoxError>,
{
    type Guarded = S;
    type Answer = F;
    type Body = B;
    type Broken = E;
}

/// An error that nothing converts to or from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ProbeError(pub(crate) &'static str);

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for ProbeError {}

/// What the probe is to do, and what it saw. Shared by its clones.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) readiness: Mutex<Readiness>,
    pub(crate) outcome: Mutex<Outcome>,
    pub(crate) seen: Mutex<Vec<http::request::Parts>>,
    /// Wakes what is pending.
    pub(crate) waker: Mutex<Option<Waker>>,
    /// Calls, futures and bodies that have not been dropped.
    pub(crate) live: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, Default)]
pub(crate) enum Readiness {
    #[default]
    Ready,
    Pending,
    Broken,
}

#[derive(Clone, Default)]
pub(crate) enum Outcome {
    #[default]
    Fine,
    Pending,
    Fail,
    PanicInCall,
    PanicInFuture,
    Frames(Vec<Piece>),
}

#[derive(Clone)]
pub(crate) enum Piece {
    Data(&'static str),
    Trailers(http::HeaderMap),
    Error,
}

/// Counts itself as long as it lives.
pub(crate) struct Live(Arc<AtomicUsize>);

impl Live {
    fn new(script: &Script) -> Self {
        script.live.fetch_add(1, SeqCst);
        Self(Arc::clone(&script.live))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// The inner service. A clone must be readied before it is called, even if the original was.
pub(crate) struct Probe {
    pub(crate) script: Arc<Script>,
    ready: bool,
}

impl Probe {
    pub(crate) fn new() -> (Self, Arc<Script>) {
        let script = Arc::new(Script::default());
        (Self { script: Arc::clone(&script), ready: false }, script)
    }
}

impl Clone for Probe {
    fn clone(&self) -> Self {
        Self { script: Arc::clone(&self.script), ready: false }
    }
}

impl Service<Request<ProbeBody>> for Probe {
    type Response = Response<ProbeBody>;
    type Error = ProbeError;
    type Future = ProbeFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ProbeError>> {
        match *self.script.readiness.lock().unwrap() {
            Readiness::Ready => {
                self.ready = true;
                Poll::Ready(Ok(()))
            }
            Readiness::Pending => {
                *self.script.waker.lock().unwrap() = Some(cx.waker().clone());
                Poll::Pending
            }
            Readiness::Broken => Poll::Ready(Err(ProbeError("not ready"))),
        }
    }

    fn call(&mut self, request: Request<ProbeBody>) -> ProbeFuture {
        assert!(std::mem::take(&mut self.ready), "called without having been readied");
        self.script.seen.lock().unwrap().push(request.into_parts().0);
        let live = Live::new(&self.script);
        let outcome = self.script.outcome.lock().unwrap().clone();
        assert!(!matches!(outcome, Outcome::PanicInCall), "as the script says");
        ProbeFuture { script: Arc::clone(&self.script), _live: live }
    }
}

pub(crate) struct ProbeFuture {
    script: Arc<Script>,
    _live: Live,
}

impl Future for ProbeFuture {
    type Output = Result<Response<ProbeBody>, ProbeError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Not in the `match`: a panic there would poison the lock.
        let outcome = self.script.outcome.lock().unwrap().clone();
        let frames = match outcome {
            Outcome::Fine => vec![Piece::Data("fine")],
            Outcome::Frames(frames) => frames,
            Outcome::Fail => return Poll::Ready(Err(ProbeError("inner"))),
            Outcome::PanicInCall | Outcome::PanicInFuture => panic!("as the script says"),
            Outcome::Pending => {
                *self.script.waker.lock().unwrap() = Some(cx.waker().clone());
                return Poll::Pending;
            }
        };
        let body = ProbeBody { frames: frames.into(), _live: Some(Live::new(&self.script)) };
        let response = Response::builder().status(203).version(http::Version::HTTP_10);
        let response = response.header("x-inner", "kept").extension("an extension");
        Poll::Ready(Ok(response.body(body).unwrap()))
    }
}

/// The body of requests and of the probe's responses.
#[derive(Default)]
pub(crate) struct ProbeBody {
    frames: VecDeque<Piece>,
    _live: Option<Live>,
}

impl Body for ProbeBody {
    type Data = Bytes;
    type Error = ProbeError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ProbeError>>> {
        Poll::Ready(self.frames.pop_front().map(|piece| match piece {
            Piece::Data(text) => Ok(Frame::data(Bytes::from_static(text.as_bytes()))),
            Piece::Trailers(trailers) => Ok(Frame::trailers(trailers)),
            Piece::Error => Err(ProbeError("torn")),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.frames.iter().map(Piece::len).sum())
    }
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Data(text) => text.len() as u64,
            Self::Trailers(_) | Self::Error => 0,
        }
    }
}

/// A waker that counts.
#[derive(Default)]
pub(crate) struct Bell(AtomicUsize);

impl Bell {
    pub(crate) fn rung(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Script {
    pub(crate) fn set(&self, outcome: Outcome) {
        *self.outcome.lock().unwrap() = outcome;
    }

    /// Wakes whoever waits.
    pub(crate) fn wake(&self) {
        let waker = self.waker.lock().unwrap().take();
        waker.expect("somebody waits").wake();
    }

    pub(crate) fn live(&self) -> usize {
        self.live.load(SeqCst)
    }
}

/// A request with a bit of everything.
pub(crate) fn request() -> Request<ProbeBody> {
    Request::builder()
        .method("PATCH")
        .uri("http://example.com/path?query")
        .version(http::Version::HTTP_2)
        .header("x-outer", "kept")
        .extension(7u8)
        .body(ProbeBody::default())
        .unwrap()
}

/// The service around a probe, readied, and the probe's script.
pub(crate) fn ready<L: Subject>(layer: &L) -> (L::Guarded, Arc<Script>) {
    let (probe, script) = Probe::new();
    let mut service = layer.layer(probe);
    assert!(matches!(poll_ready(&mut service, Waker::noop()), Poll::Ready(Ok(()))));
    (service, script)
}

pub(crate) fn poll_ready<S: Service<Request<ProbeBody>>>(
    service: &mut S,
    waker: &Waker,
) -> Poll<Result<(), S::Error>> {
    service.poll_ready(&mut Context::from_waker(waker))
}

pub(crate) fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Readies, calls and polls once; the answer must be there then.
pub(crate) fn answer<S>(
    service: &mut S,
    request: Request<ProbeBody>,
) -> Result<S::Response, S::Error>
where
    S: Service<Request<ProbeBody>, Error = ProbeError>,
{
    assert!(matches!(poll_ready(service, Waker::noop()), Poll::Ready(Ok(()))));
    match poll(std::pin::pin!(service.call(request)), Waker::noop()) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("no answer at the first poll"),
    }
}

pub(crate) fn next_frame<B: Body>(body: Pin<&mut B>) -> Option<Result<Frame<B::Data>, B::Error>> {
    match body.poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame,
        Poll::Pending => panic!("the probe's body is never pending"),
    }
}
