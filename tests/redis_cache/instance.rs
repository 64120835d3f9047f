//! A process, as far as a server can tell: a store, a connection, and a service behind a cache.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
};
use http::{Request, Response, Uri};
use tokio::sync::Semaphore;
use tower::ServiceExt;
use tower_weir::{
    cache::{CacheLayer, Handle, MemoryStore},
    redis::{Redis, RedisCache},
};

pub(crate) struct Instance {
    service: Router,
    pub(crate) cache: Handle,
    calls: Arc<AtomicUsize>,
    /// A call of what begins with `/slow` takes one for good.
    pub(crate) permits: Arc<Semaphore>,
}

/// What an instance answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Bytes,
    pub(crate) status: String,
    pub(crate) age: u64,
}

/// No machine is slower than this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A handle that waits for as long as it takes.
pub(crate) fn patient(url: &str) -> Redis {
    Redis::open(url).unwrap().timeout(PATIENCE).unwrap()
}

/// A tier that does.
pub(crate) fn tier(url: &str) -> RedisCache {
    RedisCache::new(&patient(url)).timeout(PATIENCE).unwrap()
}

impl Instance {
    /// One over the server at a URL.
    pub(crate) fn at(url: &str) -> Self {
        Self::over(tier(url))
    }

    pub(crate) fn over(tier: RedisCache) -> Self {
        Self::with(tier, |layer| layer)
    }

    pub(crate) fn with(tier: RedisCache, configure: impl FnOnce(CacheLayer) -> CacheLayer) -> Self {
        let store = MemoryStore::with_max_bytes(64 << 20).over(tier);
        let layer = configure(CacheLayer::new(store).named("shared"));
        let (cache, calls) = (layer.handle(), Arc::<AtomicUsize>::default());
        let permits = Arc::new(Semaphore::new(0));
        let (count, waits) = (Arc::clone(&calls), Arc::clone(&permits));
        let handler = async move |request: Request<Body>| {
            count.fetch_add(1, SeqCst);
            if request.uri().path().starts_with("/slow") {
                waits.acquire().await.unwrap().forget();
            }
            answer(request.uri())
        };
        Self { service: Router::new().fallback(handler).layer(layer), cache, calls, permits }
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        let request = Request::get(uri).body(Body::empty()).unwrap();
        let response = self.service.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        assert!(parts.status.is_success(), "{parts:?}");
        let field = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        Answer {
            status: field("cache-status").unwrap_or_default().to_owned(),
            age: field("age").map_or(0, |age| age.parse().unwrap()),
            body: to_bytes(body, usize::MAX).await.unwrap(),
        }
    }

    /// How often the service was called.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }

    /// Waits until what `other` stores is a hit here that comes from the server.
    pub(crate) async fn shares_with(&self, other: &Self) {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let share = async {
            loop {
                let uri = format!("/shared/{}", NUMBER.fetch_add(1, SeqCst));
                other.get(&uri).await;
                // Some time for what it stores to be written.
                tokio::time::sleep(Duration::from_millis(5)).await;
                if self.get(&uri).await.is_shared() {
                    return;
                }
            }
        };
        tokio::time::timeout(2 * PATIENCE, share).await.expect("they never share anything");
    }

    /// Waits until a URI's response is answered from here so.
    pub(crate) async fn until(&self, uri: &str, so: impl Fn(&Answer) -> bool) -> Answer {
        let wait = async {
            loop {
                let answer = self.get(uri).await;
                if so(&answer) {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(2 * PATIENCE, wait).await.expect("it never happened")
    }
}

impl Answer {
    /// Whether it came from what processes share.
    pub(crate) fn is_shared(&self) -> bool {
        self.status.contains("detail=second-tier")
    }

    /// Whether it came from this instance's memory.
    pub(crate) fn is_local(&self) -> bool {
        self.status.contains("; hit") && !self.is_shared()
    }

    pub(crate) fn is_of_service(&self) -> bool {
        !self.status.contains("; hit")
    }
}

/// `?size=` says how many bytes it has; what its path begins with is its tag; what ends with `/private` is not stored.
fn answer(uri: &Uri) -> Response<Body> {
    let size = uri.query().and_then(|query| query.strip_prefix("size="));
    let body = match size {
        Some(size) => "x".repeat(size.parse().unwrap()),
        None => uri.path().to_owned(),
    };
    let control = if uri.path().ends_with("/private") { "private" } else { "max-age=600" };
    let tag = uri.path().split('/').nth(1).unwrap_or_default();
    Response::builder()
        .header("cache-control", control)
        .header("surrogate-key", tag)
        .body(body.into())
        .unwrap()
}
