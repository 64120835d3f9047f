//! A request that waits for its turn, and is woken when another has left.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use tokio::runtime;
use tower::{Layer, Service};
use tower_weir::concurrency::Queue;
use tower_weir_peers::{Case, Clients, Figures, Group, Inner, Row, Section, read};

use crate::limits::{adaptive, bulkhead, fixed, tower, tower_global, tower_resilience_adaptive};

/// How many clients there are.
const SOME: u32 = 64;

pub(crate) fn group() -> Group {
    Group {
        name: "hand-over",
        batch: Duration::from_micros(50),
        rounds: 3_000,
        cases: vec![
            handed("hand-over:bare", false, || Later),
            handed("hand-over:ours", true, || fixed(1).layer(Later)),
            handed("hand-over:ours, endless", true, || {
                fixed(1).queue(Queue::new(Duration::MAX)).layer(Later)
            }),
            handed("hand-over:ours, adaptive", true, || adaptive(1).layer(Later)),
            handed("hand-over:tower", true, || tower(1).layer(Later)),
            handed("hand-over:tower, global", true, || tower_global(1).layer(Later)),
            handed("hand-over:bulkhead", true, || bulkhead(1).layer(Later)),
            handed("hand-over:tower-resilience", true, || {
                tower_resilience_adaptive(1).layer(Later)
            }),
        ],
    }
}

/// Two requests at a time; `waits` says whether the second has to wait for the first.
fn handed<S, B>(name: &'static str, waits: bool, service: impl FnOnce() -> S + 'static) -> Case
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone + 'static,
    B: http_body::Body,
{
    Case::new(name, move || {
        let service = service();
        let mut clients = Clients::new(SOME);
        // Ours bounds waits by tokio's timers.
        let runtime = runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("there are threads");
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        move |pairs| {
            let _in_runtime = runtime.enter();
            let mut context = Context::from_waker(&waker);
            let mut waiting = None;
            clients.each(2 * pairs, |request| match waiting.take() {
                None => waiting = Some(request),
                Some(first) => {
                    let mut first = pin!(ask(service.clone(), first));
                    assert!(first.as_mut().poll(&mut context).is_pending());
                    let mut second = pin!(ask(service.clone(), request));
                    assert!(second.as_mut().poll(&mut context).is_pending());
                    finish(first, &mut context);
                    assert_eq!(woken.0.swap(false, Ordering::Relaxed), waits);
                    finish(second, &mut context);
                }
            })
        }
    })
}

/// As axum asks: readies a service that is the request's own, and calls it.
async fn ask<S>(mut service: S, request: Request<Empty<Bytes>>) -> Option<S::Response>
where
    S: Service<Request<Empty<Bytes>>>,
{
    poll_fn(|cx| service.poll_ready(cx)).await.ok()?;
    service.call(request).await.ok()
}

fn finish<B: http_body::Body>(
    mut answer: Pin<&mut impl Future<Output = Option<Response<B>>>>,
    context: &mut Context<'_>,
) {
    loop {
        if let Poll::Ready(response) = answer.as_mut().poll(context) {
            return read(response.expect("the service does not fail"));
        }
    }
}

/// Whether someone was woken.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Answers at the second poll. It wakes nobody, so that only limits do.
#[derive(Clone, Copy)]
struct Later;

impl<B> Service<Request<B>> for Later {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Answer { answer: Inner.call(request), polled: false }
    }
}

struct Answer {
    answer: <Inner as Service<Request<()>>>::Future,
    polled: bool,
}

impl Future for Answer {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.polled {
            self.polled = true;
            return Poll::Pending;
        }
        Pin::new(&mut self.answer).poll(cx)
    }
}

pub(crate) fn section(figures: &Figures) -> Section {
    let bare = figures.ns("hand-over:bare");
    let added = |case: &str| figures.ns(&format!("hand-over:{case}")) - bare;
    let beside = |name, ours, peer, peer_case| {
        Row::new(name, "ns", added(ours)).beside(peer, added(peer_case))
    };
    Section {
        name: "hand-over",
        about: format!(
            "limit 1, added to the {bare:.0} ns of two requests to the bare service: the second waits until the \
             first has left"
        ),
        rows: vec![
            beside("a bounded wait", "ours", "tower, endless", "tower"),
            beside("an endless wait", "ours, endless", "tower", "tower"),
            beside(
                "an endless wait, beside Global",
                "ours, endless",
                "tower, Global",
                "tower, global",
            ),
            beside("an endless wait, beside bulkhead", "ours, endless", "bulkhead", "bulkhead"),
            beside(
                "an adaptive limit, a bounded wait",
                "ours, adaptive",
                "tower-resilience, endless",
                "tower-resilience",
            ),
        ],
    }
}
