//! Instances that share a store, and what is known of it.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
};

use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use tokio::task::JoinSet;
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_weir::{
    body::ResponseBody,
    clock::Clock,
    rate_limit::{
        FollowUp, Leases, Quota, RateLimitLayer, SharedRateLimitLayer,
        shared::{Action, Ask, Asking, SharedStore},
    },
};

use crate::store::MemoryStore;

pub(crate) type Inner = Empty<bytes::Bytes>;
pub(crate) type Answer = Response<ResponseBody<Inner, FollowUp>>;
pub(crate) type Service = BoxCloneSyncService<Request<Inner>, Answer, Infallible>;

/// A store that keeps the last question of each policy, so that it can be asked what is owed.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) store: MemoryStore,
    last: Arc<Mutex<Option<Ask>>>,
}

impl Watched {
    /// By tokio's clock.
    pub(crate) fn new() -> Self {
        Self { store: MemoryStore::with(Clock::runtime(), None), last: Arc::default() }
    }

    /// How many nanoseconds the key that was last asked about owes, by its first policy.
    pub(crate) async fn debt(&self) -> u64 {
        let last = self.last.lock().unwrap().clone().unwrap();
        let peek = Ask::new(last.key, last.terms.to_vec(), Action::Peek { cells: 1 });
        self.store.ask(peek).await.unwrap().standings[0].reset
    }
}

impl SharedStore for Watched {
    fn ask(&self, ask: Ask) -> Asking {
        *self.last.lock().unwrap() = Some(ask.clone());
        self.store.ask(ask)
    }
}

/// An instance by tokio's clock.
pub(crate) fn instance(quota: Quota, store: &Watched) -> SharedRateLimitLayer {
    leased(RateLimitLayer::new(quota), store)
}

pub(crate) fn leased(layer: RateLimitLayer, store: &Watched) -> SharedRateLimitLayer {
    layer.clock(Clock::runtime()).shared(store.clone()).leases(Leases::new())
}

pub(crate) fn service(layer: &SharedRateLimitLayer) -> Service {
    BoxCloneSyncService::new(layer.layer(service_fn(async |_: Request<Inner>| {
        Ok::<_, Infallible>(Response::new(Inner::new()))
    })))
}

pub(crate) async fn send(service: &Service) -> Answer {
    let answer = service.clone().oneshot(Request::new(Inner::new())).await;
    answer.unwrap_or_else(|never| match never {})
}

pub(crate) async fn passes(service: &Service) -> bool {
    send(service).await.status() == StatusCode::OK
}

/// Sends so many one after the other, with no time between them: how many pass.
pub(crate) async fn passing(service: &Service, requests: usize) -> usize {
    let mut passed = 0;
    for _ in 0..requests {
        passed += usize::from(passes(service).await);
    }
    passed
}

/// Sends so many at the same time.
pub(crate) async fn together(service: &Service, requests: usize) -> Vec<StatusCode> {
    let mut answers = JoinSet::new();
    for _ in 0..requests {
        let service = service.clone();
        answers.spawn(async move { send(&service).await.status() });
    }
    answers.join_all().await
}

/// Whether it is done when it is polled once.
pub(crate) async fn poll<F: Future>(future: &mut Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}
