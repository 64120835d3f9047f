//! How long the first byte of an answer that is not stored takes, while the rest is still being made.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body::{Body as HttpBody, Frame};
use tokio::time::{Sleep, sleep};
use tower::Service;
use tower_weir_peers::{Case, Figures, Group, Row, Section};

use crate::{
    caches::{axum_response_cache, hitbox, http_cache, ours, tower_http_cache},
    drive::{Served, answer, runtime},
    page::{request, uri},
};

/// Chunks of a body.
const CHUNKS: u64 = 16;

/// Room for so many.
const ENTRIES: u64 = 1_000;

/// Names of cases: of a body whose chunks come at once, and of one whose chunks take their time.
type Names = [&'static str; 2];

const BARE: Names = ["first byte:bare", "first byte, slow:bare"];
const OURS: Names = ["first byte:ours", "first byte, slow:ours"];
const PEERS: [(&str, Names); 4] = [
    (
        "axum-response-cache",
        ["first byte:axum-response-cache", "first byte, slow:axum-response-cache"],
    ),
    ("tower-http-cache", ["first byte:tower-http-cache", "first byte, slow:tower-http-cache"]),
    (
        "http-cache-tower-server",
        ["first byte:http-cache-tower-server", "first byte, slow:http-cache-tower-server"],
    ),
    ("hitbox-tower", ["first byte:hitbox-tower", "first byte, slow:hitbox-tower"]),
];

pub(crate) fn groups() -> Vec<Group> {
    let cases = |at: usize, pause| {
        let inner = Streaming { pause };
        vec![
            streamed(BARE[at], move || inner),
            streamed(OURS[at], move || ours(ENTRIES, inner)),
            streamed(PEERS[0].1[at], move || axum_response_cache(ENTRIES, inner)),
            streamed(PEERS[1].1[at], move || tower_http_cache(ENTRIES, inner)),
            streamed(PEERS[2].1[at], move || http_cache(ENTRIES, inner)),
            streamed(PEERS[3].1[at], move || hitbox(ENTRIES, inner)),
        ]
    };
    vec![
        Group {
            name: "first byte",
            batch: Duration::from_micros(100),
            rounds: 1_000,
            cases: cases(0, Duration::ZERO),
        },
        Group {
            name: "first byte, slow",
            batch: Duration::from_millis(1),
            rounds: 10,
            cases: cases(1, Duration::from_millis(1)),
        },
    ]
}

fn streamed<S: Served>(name: &'static str, cached: impl FnOnce() -> S + 'static) -> Case {
    Case::new(name, move || {
        let (service, runtime, mut item) = (cached(), runtime(), 0);
        move |requests| {
            let mut took = Duration::ZERO;
            for _ in 0..requests {
                item += 1;
                let request = request(uri(item));
                took += runtime.block_on(first_byte(&service, request));
            }
            took
        }
    })
}

/// The time until the first frame is there; the rest is read too.
async fn first_byte<S: Served>(service: &S, request: Request<Body>) -> Duration {
    let start = Instant::now();
    let mut body = pin!(answer(service, request).await.into_body());
    let mut next = async || poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
    assert!(next().await.is_some_and(|frame| frame.is_ok()), "there is a body");
    let took = start.elapsed();
    while let Some(frame) = next().await {
        assert!(frame.is_ok(), "the body is whole");
    }
    took
}

/// Answers at once with a body whose chunks come one by one.
#[derive(Clone, Copy)]
struct Streaming {
    pause: Duration,
}

struct Chunks {
    left: u64,
    pause: Duration,
    /// What the next one waits for.
    waits: Option<Pin<Box<Sleep>>>,
    is_due: bool,
}

impl<B> Service<Request<B>> for Streaming {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let chunks = Chunks { left: CHUNKS, pause: self.pause, waits: None, is_due: false };
        let mut response = Response::new(Body::new(chunks));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
        std::future::ready(Ok(response))
    }
}

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if self.pause.is_zero() {
            // At the second time of asking.
            self.is_due = !self.is_due;
            if self.is_due {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        } else {
            let pause = self.pause;
            ready!(self.waits.get_or_insert_with(|| Box::pin(sleep(pause))).as_mut().poll(cx));
            self.waits = None;
        }
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b'x'; 1024])))))
    }
}

pub(crate) fn section(figures: &Figures) -> Section {
    let micros = |names: Names, at: usize| (figures.ns(names[at]) - figures.ns(BARE[at])) / 1e3;
    let mut rows = Vec::new();
    for (at, chunks) in ["", ", a chunk each ms"].into_iter().enumerate() {
        let ours = micros(OURS, at);
        if at == 0 {
            rows.push(Row::new("16 chunks", "µs", ours).at_most(50.0));
        }
        rows.extend(PEERS.map(|(peer, names)| {
            Row::new(format!("beside {peer}{chunks}"), "µs", ours).beside(peer, micros(names, at))
        }));
    }
    Section {
        name: "first byte",
        about: format!(
            "of a miss, from the call to the first of 16 chunks of 1 KiB; added to the {:.1} µs that the service itself takes, \
             or {:.0} µs where a chunk takes a millisecond",
            figures.ns(BARE[0]) / 1e3,
            figures.ns(BARE[1]) / 1e3
        ),
        rows,
    }
}
