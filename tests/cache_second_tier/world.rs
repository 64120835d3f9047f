//! Processes, each with a cache in front of the same service.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_weir::{
    cache::{CacheBody, CacheLayer, Handle, MemoryStore},
    clock::{Clock, ManualClock},
};

use crate::server::Server;

pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;
pub(crate) type Asked = Request<Empty<Bytes>>;
type Service = BoxCloneSyncService<Asked, Response<CacheBody<Body>>, Infallible>;

type Origin = dyn Fn(&Asked) -> Response<Body> + Send + Sync;

/// What all processes have in common.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) server: Server,
    origin: Arc<Origin>,
    calls: Arc<AtomicUsize>,
    /// How long the service takes.
    pub(crate) delay: Duration,
    hands: Arc<Mutex<Vec<ManualClock>>>,
}

pub(crate) struct Process {
    service: Service,
    pub(crate) cache: Handle,
    pub(crate) hand: ManualClock,
}

#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

impl World {
    /// With a service that answers so.
    pub(crate) fn new(origin: impl Fn(&Asked) -> Response<Body> + Send + Sync + 'static) -> Self {
        Self {
            server: Server::default(),
            origin: Arc::new(origin),
            calls: Arc::default(),
            delay: Duration::ZERO,
            hands: Arc::default(),
        }
    }

    /// With one whose answers are fresh for a minute, and say how many calls there were before.
    pub(crate) fn counting() -> Self {
        let calls = AtomicUsize::new(0);
        Self::new(move |_| {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            answer(&[("cache-control", "max-age=60")], format!("call {call}"))
        })
    }

    pub(crate) fn process(&self) -> Process {
        self.process_with(|layer| layer)
    }

    pub(crate) fn process_with(&self, configure: impl FnOnce(CacheLayer) -> CacheLayer) -> Process {
        let (clock, hand) = Clock::manual();
        let store = MemoryStore::with_max_bytes(16 << 20).over(self.server.clone());
        let layer = configure(CacheLayer::new(store).clock(clock));
        let world = self.clone();
        let service = service_fn(move |request: Asked| {
            world.calls.fetch_add(1, Ordering::Relaxed);
            let response = (world.origin)(&request);
            let delay = world.delay;
            async move {
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
                Ok(response)
            }
        });
        self.hands.lock().unwrap().push(hand.clone());
        Process {
            cache: layer.handle(),
            service: BoxCloneSyncService::new(layer.layer(service)),
            hand,
        }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.server.pass(time);
        self.hands.lock().unwrap().iter().for_each(|hand| hand.advance(time));
    }
}

impl Process {
    pub(crate) async fn get(&self, uri: &str) -> Got {
        self.send(asking(Method::GET, uri, &[])).await
    }

    pub(crate) async fn get_with(&self, uri: &str, fields: &[(&str, &str)]) -> Got {
        self.send(asking(Method::GET, uri, fields)).await
    }

    pub(crate) async fn send(&self, request: Asked) -> Got {
        let (head, body) = self.service.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap();
        let trailers = body.trailers().cloned();
        Got { status: head.status, headers: head.headers, body: body.to_bytes(), trailers }
    }
}

impl Got {
    pub(crate) fn field(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What the cache says that it did.
    pub(crate) fn told(&self) -> &str {
        self.field("cache-status")
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub(crate) fn asking(method: Method, uri: &str, fields: &[(&str, &str)]) -> Asked {
    let request = Request::builder().method(method).uri(format!("https://example.com{uri}"));
    let request =
        fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Empty::new()).unwrap()
}

pub(crate) fn answer(fields: &[(&str, &str)], body: impl Into<Bytes>) -> Response<Body> {
    let response = fields
        .iter()
        .fold(Response::builder(), |response, (name, value)| response.header(*name, *value));
    response.body(Full::new(body.into()).boxed_unsync()).unwrap()
}

/// An answer to who knows this version, or to who does not.
pub(crate) fn versioned(
    request: &Asked,
    fields: &[(&str, &str)],
    version: &str,
    body: &str,
) -> Response<Body> {
    let tag = format!("\"{version}\"");
    let known = request.headers().get("if-none-match").is_some_and(|known| known == &*tag);
    let mut response = answer(fields, if known { String::new() } else { body.to_owned() });
    response.headers_mut().insert("etag", tag.parse().unwrap());
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    response
}
