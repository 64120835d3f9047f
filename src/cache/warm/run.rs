use std::{collections::HashMap, fmt, num::NonZeroUsize, pin::Pin, sync::Arc};

use http::{Request, Response};
use http_body::Body;
use tokio::task::JoinSet;
use tower_service::Service;

use super::{WarmFailure, WarmProgress, WarmReport, call::call, told::Told};
use crate::{
    cache::{Handle, keeper::Keeper},
    error::BoxError,
};

/// The warming of a cache, [`Handle::warm`]; it begins when it is awaited.
#[must_use = "nothing is asked for until it is awaited"]
pub struct Warm<S, I> {
    keeper: Arc<Keeper>,
    service: S,
    requests: I,
    concurrency: NonZeroUsize,
    progress: Box<dyn FnMut(WarmProgress) + Send>,
}

/// How many requests are under way at once, unless another number is said.
const CONCURRENCY: NonZeroUsize = NonZeroUsize::new(8).unwrap();

impl Handle {
    /// Fills the cache: sends `requests` to `service`, in which the cache is, and receives all of the answers.
    ///
    /// ```
    /// use axum::{Router, body::Body, routing::get};
    /// use http::Request;
    /// use tower_weir::cache::{CacheLayer, MemoryStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let layer = CacheLayer::new(MemoryStore::with_max_bytes(64 << 20));
    /// let cache = layer.handle();
    /// let news = get(async || ([("cache-control", "max-age=60")], "news"));
    /// let app: Router = Router::new().route("/news/{day}", news).layer(layer);
    ///
    /// let request = |day| Request::get(format!("https://example.com/news/{day}")).body(Body::empty()).unwrap();
    /// let report = cache.warm(app, (1..=31).map(request)).on_progress(|at| println!("{at:?}")).await;
    /// assert_eq!((report.stored, report.failures.len()), (31, 0));
    /// # }
    /// ```
    ///
    /// The requests must be such as clients send: what enters the fingerprint must be the same, the host above all, and so must
    /// the fields that responses vary by. `service` may be the whole of a server's, so that they pass through all its layers.
    ///
    /// A request that fails does not keep the others from being made. Whether a response was stored is read from its
    /// `Cache-Status`.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped no more requests are made, and those under way are dropped; calls of the inner service that have begun for
    /// them may go on, as they do if a client leaves.
    ///
    /// # Panics
    ///
    /// If it is awaited outside of a tokio runtime.
    pub fn warm<S, I>(&self, service: S, requests: I) -> Warm<S, I::IntoIter>
    where
        I: IntoIterator,
    {
        Warm {
            keeper: Arc::clone(self.keeper()),
            service,
            requests: requests.into_iter(),
            concurrency: CONCURRENCY,
            progress: Box::new(|_| {}),
        }
    }
}

impl<S, I> Warm<S, I> {
    /// Has so many requests under way at once; 8 by default.
    pub fn concurrency(self, requests: NonZeroUsize) -> Self {
        Self { concurrency: requests, ..self }
    }

    /// Calls `tell` whenever a request is done.
    pub fn on_progress(self, tell: impl FnMut(WarmProgress) + Send + 'static) -> Self {
        Self { progress: Box::new(tell), ..self }
    }
}

impl<S, I, Q, B> IntoFuture for Warm<S, I>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError> + Send,
    I: Iterator<Item = Request<Q>> + Send + 'static,
    Q: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError> + Send,
{
    type Output = WarmReport;
    type IntoFuture = Pin<Box<dyn Future<Output = WarmReport> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { keeper, service, mut requests, concurrency, mut progress } = self;
        let total = match requests.size_hint() {
            (least, Some(most)) if least == most => Some(most as u64),
            _ => None,
        };
        Box::pin(async move {
            let (mut report, mut calls, mut uris) =
                (WarmReport::default(), JoinSet::new(), HashMap::new());
            loop {
                while calls.len() < concurrency.get()
                    && let Some(request) = requests.next()
                {
                    let uri = request.uri().clone();
                    let call = call(Arc::clone(&keeper), service.clone(), request);
                    uris.insert(calls.spawn(call).id(), uri);
                }
                let Some(done) = calls.join_next_with_id().await else { return report };
                let (id, told) = match done {
                    Ok((id, told)) => (id, told),
                    Err(panicked) => (panicked.id(), Err(panicked.into())),
                };
                let uri = uris.remove(&id).unwrap_or_default();
                report.requests += 1;
                match told {
                    Ok(Told::Hit) => report.hits += 1,
                    Ok(Told::Stored) => report.stored += 1,
                    Ok(Told::Other) => report.passed += 1,
                    Err(error) => report.failures.push(WarmFailure { uri, error }),
                }
                let failed = report.failures.len() as u64;
                progress(WarmProgress { done: report.requests, failed, total });
            }
        })
    }
}

impl<S, I> fmt::Debug for Warm<S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Warm").field("concurrency", &self.concurrency).finish_non_exhaustive()
    }
}
