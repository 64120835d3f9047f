//! The caches that are compared, each as its documentation sets it up, with room for about as much.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use axum_response_cache::CacheLayer as AxumResponseCache;
use bytes::Bytes;
use cached::LruTtlCache;
use hitbox::{Config, concurrency::BroadcastConcurrencyManager, policy::PolicyConfig};
use hitbox_backend::format::BincodeFormat;
use hitbox_http::{
    BufferedBody, CacheableHttpResponse,
    extractors::{Method, NeutralExtractor, Path, path::PathExtractor},
    predicates::{NeutralRequestPredicate, NeutralResponsePredicate},
};
use hitbox_moka::MokaBackend;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_cache::MokaManager;
use http_cache_tower_server::{QueryKeyer, ServerCacheLayer};
use tower::{Layer, Service, ServiceExt};
use tower_http_cache::{backend::memory::InMemoryBackend, prelude::CacheLayer as TowerHttpCache};
use tower_weir::cache::{Cache, CacheLayer, MemoryStore};

use crate::drive::Served;

/// For how long all of them keep what they store.
const TTL: Duration = Duration::from_secs(3600);

/// Bytes for an entry of ours with a page of 1 KiB, about.
const ENTRY: u64 = 4096;

/// An inner service that all can be put around: whatever becomes of the request's body.
pub(crate) trait Inner:
    Served<Body = Body> + Handler<Body> + Handler<BufferedBody<Body>>
{
}

impl<S> Inner for S where S: Served<Body = Body> + Handler<Body> + Handler<BufferedBody<Body>> {}

/// As axum has it.
pub(crate) trait Handler<B>:
    Service<Request<B>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
{
}

impl<B, S> Handler<B> for S where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
{
}

/// Ours, as it comes.
pub(crate) fn ours<S>(entries: u64, inner: S) -> Cache<S> {
    CacheLayer::new(MemoryStore::with_max_bytes(entries * ENTRY)).layer(inner)
}

pub(crate) fn axum_response_cache(entries: u64, inner: impl Inner) -> impl Served {
    AxumResponseCache::with(LruTtlCache::with_size_and_ttl(entries as usize, TTL)).layer(inner)
}

/// It takes bodies only that threads could share, which axum's are not.
pub(crate) fn tower_http_cache(entries: u64, inner: impl Inner) -> impl Served {
    let inner = ServiceExt::<Request<Body>>::map_response(inner, |response: Response<Body>| {
        response.map(SyncBody::new)
    });
    TowerHttpCache::builder(InMemoryBackend::new(entries)).ttl(TTL).build().layer(inner)
}

pub(crate) fn http_cache(entries: u64, inner: impl Inner) -> impl Served {
    let cache = moka::future::Cache::new(entries);
    ServerCacheLayer::with_keyer(MokaManager::new(cache), QueryKeyer).layer(inner)
}

/// With the format that its documentation recommends, and without its protection from herds, which is off by default.
pub(crate) fn hitbox(entries: u64, inner: impl Inner) -> impl Served {
    let backend = MokaBackend::builder().max_entries(entries).value_format(BincodeFormat).build();
    hitbox_tower::Cache::builder().backend(backend).config(hitbox_config(None)).build().layer(inner)
}

/// With its protection from herds.
pub(crate) fn hitbox_protected(entries: u64, inner: impl Inner) -> impl Served {
    type Outcome = Result<CacheableHttpResponse<Body>, Infallible>;
    let backend = MokaBackend::builder().max_entries(entries).value_format(BincodeFormat).build();
    let one = hitbox::policy::ConcurrencyLimit::new(1);
    let manager = Arc::new(BroadcastConcurrencyManager::<Outcome>::new());
    let layer = hitbox_tower::Cache::builder().backend(backend).config(hitbox_config(one));
    layer.concurrency_manager(manager).build().layer(inner)
}

/// Bounded by bytes.
pub(crate) fn hitbox_of_bytes(bytes: u64, inner: impl Inner) -> impl Served {
    let backend = MokaBackend::builder().max_bytes(bytes).value_format(BincodeFormat).build();
    hitbox_tower::Cache::builder().backend(backend).config(hitbox_config(None)).build().layer(inner)
}

/// Bounded by bytes, which the user has to weigh.
pub(crate) fn http_cache_of_bytes(bytes: u64, inner: impl Inner) -> impl Served {
    let weigh = |key: &String, value: &Arc<Vec<u8>>| (key.len() + value.len()) as u32;
    let cache = moka::future::Cache::builder().max_capacity(bytes).weigher(weigh).build();
    ServerCacheLayer::with_keyer(MokaManager::new(cache), QueryKeyer).layer(inner)
}

type HitboxConfig = Config<
    NeutralRequestPredicate<Body>,
    NeutralResponsePredicate<Body>,
    Path<Method<NeutralExtractor<Body>>>,
>;

fn hitbox_config(concurrency: Option<hitbox::policy::ConcurrencyLimit>) -> HitboxConfig {
    let policy = PolicyConfig::builder().ttl(TTL);
    let policy = match concurrency {
        Some(limit) => policy.concurrency(limit),
        None => policy,
    };
    Config::builder()
        .request_predicate(NeutralRequestPredicate::new())
        .response_predicate(NeutralResponsePredicate::new())
        .extractor(Method::new().path("/items/{item}"))
        .policy(policy.build())
        .build()
}

/// A body that threads could share, were there anything that they could do with it.
struct SyncBody(Mutex<Body>);

impl SyncBody {
    fn new(body: Body) -> Self {
        Self(Mutex::new(body))
    }
}

impl HttpBody for SyncBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let body = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        Pin::new(body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}
