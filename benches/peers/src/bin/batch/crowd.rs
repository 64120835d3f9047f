//! A service that answers when it is let, and many who ask it for the same.

use std::{
    convert::Infallible,
    mem,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{Empty, Full};
use tower::Service;
use tower_weir_peers::read;

/// What all services here answer with: bodies that can be copied, for one of the layers wants that.
pub(crate) type Answer<B> = Result<Response<B>, Infallible>;

/// A service that answers once it is open. It is open at first.
#[derive(Clone, Default)]
pub(crate) struct Gated(Arc<Gate>);

#[derive(Default)]
struct Gate {
    is_shut: AtomicBool,
    calls: AtomicUsize,
    waiting: Mutex<Vec<Waker>>,
}

impl Gated {
    pub(crate) fn shut(&self) {
        self.0.is_shut.store(true, Ordering::Relaxed);
    }

    fn open(&self) {
        self.0.is_shut.store(false, Ordering::Relaxed);
        let waiting =
            mem::take(&mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }

    /// How often it was called so far.
    pub(crate) fn calls(&self) -> usize {
        self.0.calls.load(Ordering::Relaxed)
    }
}

impl<B> Service<Request<B>> for Gated {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Gated;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Gated {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        self.clone()
    }
}

impl Future for Gated {
    type Output = Answer<Full<Bytes>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.0.is_shut.load(Ordering::Relaxed) {
            let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(page()))
    }
}

pub(crate) fn page() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(br#"{"id":42,"name":"weir"}"#)));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Who was woken.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// All ask before the service answers anybody; where the first `leaves`, its request is dropped while the call is under way.
/// How many got an answer.
pub(crate) fn crowd<S, B>(
    service: &S,
    gate: &Gated,
    requests: impl Iterator<Item = Request<Empty<Bytes>>>,
    leaves: bool,
) -> usize
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone,
    B: http_body::Body,
{
    gate.shut();
    let mut asked: Vec<_> = requests
        .map(|request| {
            let mut service = service.clone();
            let woken = Arc::new(Woken::default());
            let waker = Waker::from(Arc::clone(&woken));
            let mut context = Context::from_waker(&waker);
            assert!(service.poll_ready(&mut context).is_ready());
            let mut answer = Box::pin(service.call(request));
            assert!(answer.as_mut().poll(&mut context).is_pending());
            (woken, waker, Some(answer))
        })
        .collect();
    if leaves {
        asked.remove(0);
    }
    gate.open();
    let (mut left, mut answered) = (asked.len(), 0);
    // In their order, as they were woken: the first is whoever the service answers.
    while left > 0 {
        for (woken, waker, answer) in &mut asked {
            if !woken.0.swap(false, Ordering::Relaxed) {
                continue;
            }
            let Some(pending) = answer else { continue };
            let Poll::Ready(ended) = pending.as_mut().poll(&mut Context::from_waker(waker)) else {
                continue;
            };
            *answer = None;
            left -= 1;
            if let Ok(response) = ended {
                answered += 1;
                read(response);
            }
        }
    }
    answered
}
