//! A service that answers as a test says, and a cache in front of it.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use tokio::{sync::watch, task::JoinHandle};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_weir::{
    cache::{CacheBody, CacheLayer, Handle, MemoryStore},
    clock::{Clock, ManualClock},
};

type Inner = BoxCloneSyncService<Request<Full<Bytes>>, Response<CacheBody<Sent>>, Infallible>;

/// A service behind a cache.
#[derive(Clone)]
pub(crate) struct Cached {
    service: Inner,
    pub(crate) cache: Handle,
    hand: ManualClock,
    calls: Arc<AtomicUsize>,
    /// Whether the service answers, or keeps everybody waiting.
    open: watch::Sender<bool>,
}

impl Cached {
    /// One in whose front there is a cache with its defaults, which answers as `answer` says.
    pub(crate) fn plain(answer: impl Fn(&Request<()>) -> Answer + Send + Sync + 'static) -> Self {
        Self::new(|layer| layer, move |request, _| answer(request))
    }

    /// One that says nothing of caching, in front of it a cache that keeps such answers for a minute.
    pub(crate) fn silent(answer: impl Fn(&Request<()>) -> Answer + Send + Sync + 'static) -> Self {
        Self::new(
            |layer| layer.default_ttl(Duration::from_secs(60)),
            move |request, _| answer(request),
        )
    }

    /// Any; `answer` is told how many calls there were before.
    pub(crate) fn new(
        configure: impl FnOnce(CacheLayer) -> CacheLayer,
        answer: impl Fn(&Request<()>, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let (clock, hand) = Clock::manual();
        let layer = configure(CacheLayer::new(MemoryStore::with_max_bytes(16 << 20)).clock(clock));
        let (calls, open) = (Arc::new(AtomicUsize::new(0)), watch::Sender::new(true));
        let (answer, counted, opening) = (Arc::new(answer), Arc::clone(&calls), open.clone());
        let inner = service_fn(move |request: Request<Full<Bytes>>| {
            let has_body = HasBody(!request.body().is_end_stream());
            let mut request = request.map(drop);
            request.extensions_mut().insert(has_body);
            let (answer, call) = (Arc::clone(&answer), counted.fetch_add(1, Ordering::SeqCst));
            let mut opening = opening.subscribe();
            async move {
                opening.wait_for(|open| *open).await.expect("the sender lives in the service");
                Ok::<_, Infallible>(answer(&request, call))
            }
        });
        let cache = layer.handle();
        Self { service: BoxCloneSyncService::new(layer.layer(inner)), cache, hand, calls, open }
    }

    /// How often the service was called.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.hand.advance(Duration::from_secs(seconds));
    }

    /// From now on the service keeps everybody waiting, or no longer.
    pub(crate) fn hold(&self, hold: bool) {
        self.open.send_replace(!hold);
    }

    pub(crate) async fn send(&self, request: Request<()>) -> Got {
        self.send_body(request.map(|()| Full::default())).await
    }

    pub(crate) async fn send_body(&self, request: Request<Full<Bytes>>) -> Got {
        let got = self.exchange(request).await;
        settle().await;
        got
    }

    /// Without waiting for what goes on in the background.
    pub(crate) async fn exchange(&self, request: Request<Full<Bytes>>) -> Got {
        let response = self.service.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await;
        let (status, fields) = (parts.status, parts.headers);
        match body {
            Ok(body) => {
                let trailers = body.trailers().cloned();
                let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
                Got { status, fields, text, trailers, broken: false }
            }
            Err(_) => Got { status, fields, text: String::new(), trailers: None, broken: true },
        }
    }

    /// Sends a request that has got as far as it gets when this returns.
    pub(crate) async fn start(&self, request: Request<()>) -> JoinHandle<Got> {
        let this = self.clone();
        let sent = tokio::spawn(async move { this.send(request).await });
        settle().await;
        sent
    }

    pub(crate) async fn get(&self, uri: &str) -> Got {
        self.send(get(uri, &[])).await
    }

    pub(crate) async fn get_with(&self, uri: &str, fields: &[(&str, &str)]) -> Got {
        self.send(get(uri, fields)).await
    }
}

/// What goes on in the background goes as far as it gets.
pub(crate) async fn settle() {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}

pub(crate) fn get(uri: &str, fields: &[(&str, &str)]) -> Request<()> {
    request("GET", uri, fields)
}

pub(crate) fn request(method: &str, uri: &str, fields: &[(&str, &str)]) -> Request<()> {
    let request = Request::builder().method(method).uri(uri);
    fields
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .body(())
        .unwrap()
}

/// In a request to the service: whether it came with a body.
#[derive(Clone, Copy)]
pub(crate) struct HasBody(pub(crate) bool);

/// What a client got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) fields: HeaderMap,
    pub(crate) text: String,
    pub(crate) trailers: Option<HeaderMap>,
    /// Whether the body broke off.
    pub(crate) broken: bool,
}

impl Got {
    /// A field, empty if there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn is_hit(&self) -> bool {
        self.field("cache-status").starts_with("weir; hit")
    }
}

pub(crate) type Answer = Response<Sent>;

/// An answer that is fresh for a minute, with these fields besides.
pub(crate) fn fresh(text: impl Into<String>, fields: &[(&str, &str)]) -> Answer {
    let mut answer = said(text, fields);
    answer.headers_mut().append("cache-control", "max-age=60".parse().unwrap());
    answer
}

/// An answer that has these fields alone.
pub(crate) fn said(text: impl Into<String>, fields: &[(&str, &str)]) -> Answer {
    let answer = fields.iter().fold(Response::builder(), |answer, (name, value)| {
        answer.header(*name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap())
    });
    answer.body(Sent::all(text)).unwrap()
}

pub(crate) fn with_status(status: u16, mut answer: Answer) -> Answer {
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}

/// The field of a request, or `-`.
pub(crate) fn asked<'a>(request: &'a Request<()>, name: &str) -> &'a str {
    request.headers().get(name).map_or("-", |value| value.to_str().unwrap())
}

/// A body of such frames, which claims to have a length or does not.
#[derive(Default)]
pub(crate) struct Sent {
    frames: VecDeque<Result<Frame<Bytes>, &'static str>>,
    length: Option<u64>,
}

impl Sent {
    pub(crate) fn all(text: impl Into<String>) -> Self {
        let text = Bytes::from(text.into());
        let length = Some(text.len() as u64);
        Self { frames: VecDeque::from([Ok(Frame::data(text))]), length }
    }

    /// One that says nothing of its length.
    pub(crate) fn of(texts: &[&'static str]) -> Self {
        Self {
            frames: texts.iter().map(|text| Ok(Frame::data((*text).into()))).collect(),
            length: None,
        }
    }

    pub(crate) fn trailers(mut self, fields: &[(&'static str, &str)]) -> Self {
        let field = |(name, value): &(&'static str, &str)| {
            (http::HeaderName::from_static(name), value.parse().unwrap())
        };
        self.frames.push_back(Ok(Frame::trailers(fields.iter().map(field).collect())));
        self.length = None;
        self
    }

    pub(crate) fn error(mut self) -> Self {
        self.frames.push_back(Err("torn"));
        self
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.frames.pop_front())
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}
