//! A service that counts its calls, in front of it a cache, and both on a clock that a test moves.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_weir::{
    cache::{CacheBody, CacheLayer, Handle, MemoryStore, Store},
    clock::{Clock, ManualClock},
};

pub(crate) type Answer = Response<Full<Bytes>>;
type Inner =
    BoxCloneSyncService<Request<Empty<Bytes>>, Response<CacheBody<Full<Bytes>>>, Infallible>;

/// A service behind a cache.
pub(crate) struct Cached {
    service: Inner,
    pub(crate) cache: Handle,
    pub(crate) hand: ManualClock,
    calls: Arc<AtomicUsize>,
}

impl Cached {
    /// One that answers as `answer` says, which is told how many calls there were before.
    pub(crate) fn new(
        configure: impl FnOnce(CacheLayer) -> CacheLayer,
        answer: impl Fn(&Request<()>, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::over(MemoryStore::with_max_bytes(16 << 20), configure, answer)
    }

    /// The same over another store.
    pub(crate) fn over(
        store: impl Store,
        configure: impl FnOnce(CacheLayer) -> CacheLayer,
        answer: impl Fn(&Request<()>, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let (clock, hand) = Clock::manual();
        let layer = configure(CacheLayer::new(store).clock(clock));
        let calls = Arc::new(AtomicUsize::new(0));
        let (answer, counted) = (Arc::new(answer), Arc::clone(&calls));
        let inner = service_fn(move |request: Request<Empty<Bytes>>| {
            let request = request.map(drop);
            let (answer, calls) = (Arc::clone(&answer), Arc::clone(&counted));
            async move { Ok::<_, Infallible>(answer(&request, calls.fetch_add(1, Ordering::SeqCst))) }
        });
        let cache = layer.handle();
        Self { service: BoxCloneSyncService::new(layer.layer(inner)), cache, hand, calls }
    }

    /// How often the service was called.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.hand.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn send(&self, request: Request<()>) -> Response<String> {
        let response = self.service.clone().oneshot(request.map(|()| Empty::new())).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        // What goes on in the background ends before the next request comes.
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
    }

    pub(crate) async fn get(&self, uri: &str) -> Response<String> {
        self.send(Request::get(uri).body(()).unwrap()).await
    }

    pub(crate) async fn get_with(&self, uri: &str, fields: &[(&str, &str)]) -> Response<String> {
        let request = fields
            .iter()
            .fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
        self.send(request.body(()).unwrap()).await
    }
}

/// An answer with these fields, whose body tells the number of the call.
pub(crate) fn answer(call: usize, fields: &[(&str, &str)]) -> Answer {
    let response = fields
        .iter()
        .fold(Response::builder(), |response, (name, value)| response.header(*name, *value));
    response.body(Full::from(format!("call {call}"))).unwrap()
}

/// A field of a response, empty if there is none.
pub(crate) fn field<'a>(response: &'a Response<String>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Runs a test on this thread, where what it tells and logs can be seen.
pub(crate) fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(test);
}
