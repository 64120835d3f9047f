//! Circuit breaking, around services of all kinds.

#[path = "../support/allocator.rs"]
mod allocator;
#[path = "../support/random.rs"]
mod random;
#[path = "../support/recorded.rs"]
mod recorded;

mod allocations;
mod changes;
mod config;
mod handle;
mod keys;
mod layer;
mod logs;
mod metrics;
mod probes;
mod random_steps;
mod routes;
mod shadow;
mod streams;
mod threads;

use std::{
    convert::Infallible,
    future::pending,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_weir::{
    body::ResponseBody,
    circuit_breaker::{Breaker, BreakerHandle, Call, CircuitBreakerLayer, State, Window},
    clock::{Clock, ManualClock},
    reject::Rejected,
};

type Answer = Response<ResponseBody<Full<Bytes>, Call>>;

/// Opens at half of four calls among the last ten, for 5 s to a minute, without chance.
fn breaker() -> Breaker {
    Breaker::new().window(Window::by_count(10, 4).unwrap()).jitter(0.0).unwrap()
}

/// A layer around services that answer as they are told, and the hand of its clock.
struct Broken {
    layer: CircuitBreakerLayer,
    hand: ManualClock,
    /// How many calls reached a service.
    reached: Arc<AtomicUsize>,
}

impl Broken {
    fn new(layer: CircuitBreakerLayer) -> Self {
        let (clock, hand) = Clock::manual();
        Self { layer: layer.clock(clock), hand, reached: Arc::default() }
    }

    /// By [`breaker`].
    fn plain() -> Self {
        Self::new(CircuitBreakerLayer::new(breaker()))
    }

    fn handle(&self) -> BreakerHandle {
        self.layer.handle().breakers().next().unwrap()
    }

    fn state(&self) -> State {
        self.handle().state()
    }

    fn pass(&self, seconds: u64) {
        self.hand.advance(Duration::from_secs(seconds));
    }

    /// A request to a service of its own that gives this answer, as axum makes one for each route.
    fn send(&self, request: Request<()>, response: Response<&'static str>) -> Answer {
        let reached = Arc::clone(&self.reached);
        let inner = service_fn(move |_: Request<()>| {
            reached.fetch_add(1, SeqCst);
            let response =
                response.clone().map(|text| Full::new(Bytes::from_static(text.as_bytes())));
            async { Ok::<_, Infallible>(response) }
        });
        let answer = futures_executor::block_on(self.layer.layer(inner).oneshot(request));
        answer.unwrap_or_else(|never| match never {})
    }

    /// A request that is answered with this status.
    fn get(&self, path: &str, status: u16) -> Answer {
        let request = Request::get(path).body(()).unwrap();
        self.send(request, Response::builder().status(status).body("").unwrap())
    }

    /// So many requests that are answered with this status; how many of them reached the service.
    fn calls(&self, n: usize, status: u16) -> usize {
        let before = self.reached.load(SeqCst);
        (0..n).for_each(|_| drop(self.get("/", status)));
        self.reached.load(SeqCst) - before
    }

    /// A call that stays under way, unless it is rejected.
    fn begin(&self) -> Option<UnderWay> {
        let (answer, answered) = tokio::sync::oneshot::channel::<u16>();
        let mut answered = Some(answered);
        let inner = service_fn(move |_: Request<()>| {
            let answered = answered.take();
            async move {
                let Some(Ok(status)) = (match answered {
                    Some(answered) => Some(answered.await),
                    None => None,
                }) else {
                    return pending().await;
                };
                Ok::<_, Infallible>(
                    Response::builder().status(status).body(Full::default()).unwrap(),
                )
            }
        });
        let mut call = Box::pin(self.layer.layer(inner).oneshot(Request::new(())));
        match poll(call.as_mut()) {
            Poll::Pending => Some(UnderWay { call, answer }),
            Poll::Ready(answer) => {
                assert!(Rejected::is_on(&answer.unwrap()));
                None
            }
        }
    }

    /// Makes it open.
    fn open(&self) {
        assert!(self.calls(20, 500) < 20);
        assert_eq!(self.state(), State::Open);
    }

    /// Makes it open, and lets the time pass until it lets probes through.
    fn half_open(&self) {
        self.open();
        self.hand.advance(self.handle().circuit().open_for().unwrap());
    }
}

/// A call that waits for its answer. Dropped, it is given up.
struct UnderWay {
    call: Pin<Box<dyn Future<Output = Result<Answer, Infallible>>>>,
    answer: tokio::sync::oneshot::Sender<u16>,
}

impl UnderWay {
    fn end(mut self, status: u16) {
        self.answer.send(status).unwrap();
        assert!(poll(self.call.as_mut()).is_ready());
    }
}

fn poll<T>(call: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
    call.poll(&mut Context::from_waker(Waker::noop()))
}

fn header<'a, B>(answer: &'a Response<B>, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Sends a request to `inner` behind the layer.
fn send_to<S, B, E>(
    layer: &CircuitBreakerLayer,
    inner: S,
) -> Result<Response<ResponseBody<B, Call>>, E>
where
    S: Service<Request<()>, Response = Response<B>, Error = E>,
    B: http_body::Body,
{
    futures_executor::block_on(layer.layer(inner).oneshot(Request::new(())))
}
