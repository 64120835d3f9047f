//! The service, of which two run here as they would on two machines.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::header::CACHE_CONTROL,
    response::IntoResponse,
    routing::get,
};
use tokio::{net::TcpListener, task::JoinHandle, time::sleep};
use tower_weir::{
    cache::{CacheLayer, Fingerprint, MemoryStore},
    key::PeerIp,
    rate_limit::{Quota, RateLimitLayer},
    redis::{Redis, RedisCache, RedisStore},
};

/// What would be a database, which all instances ask.
#[derive(Default)]
pub(crate) struct Articles(Mutex<HashMap<u32, String>>);

/// One instance: its router, with limits and a cache that it shares.
pub(crate) struct Instance(Router);

/// Ten at once, and one more every six seconds.
const QUOTA: Quota = Quota::per_minute(10);

impl Instance {
    pub(crate) fn new(url: &str, articles: &Arc<Articles>) -> Result<Self, String> {
        // Nothing is connected before the first request, and it need not be there even then.
        let redis = Redis::open(url).map_err(|error| error.to_string())?;
        let limit = RateLimitLayer::new(QUOTA).key(PeerIp).shared(RedisStore::new(&redis));
        let store = MemoryStore::with_max_bytes(16 << 20).over(RedisCache::new(&redis));
        // Behind a balancer all instances are asked by one name. Here they have ports of their own, which are part of it.
        let cache = CacheLayer::new(store).fingerprint(Fingerprint::builder().any_host());
        let router = Router::new()
            .route("/articles/{id}", get(read).put(write))
            .layer(cache)
            .layer(limit)
            .with_state(Arc::clone(articles));
        Ok(Self(router))
    }

    pub(crate) fn serve(self, listener: TcpListener) -> JoinHandle<()> {
        let service = self.0.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, service).await {
                eprintln!("redis: an instance ended: {error}");
            }
        })
    }
}

async fn read(State(articles): State<Arc<Articles>>, Path(id): Path<u32>) -> impl IntoResponse {
    sleep(Duration::from_millis(200)).await;
    let articles = articles.0.lock().unwrap_or_else(PoisonError::into_inner);
    let text = articles.get(&id).cloned().unwrap_or_else(|| format!("Article {id}"));
    ([(CACHE_CONTROL, "max-age=60")], text + "\n")
}

/// The cache purges what it has for the target of a write, in all instances.
async fn write(
    State(articles): State<Arc<Articles>>,
    Path(id): Path<u32>,
    text: String,
) -> &'static str {
    articles.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, text);
    "written\n"
}
