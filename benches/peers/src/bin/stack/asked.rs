//! A Router with two routes, what is asked of it, and how it is warmed up.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, routing::get_service};
use http::Uri;
use http_body_util::BodyExt;
use tokio::runtime::{Builder, EnterGuard, Runtime};
use tower::{ServiceBuilder, ServiceExt};
use tower_weir_peers::{Clients, Inner, Recorder, exchange};

/// How many addresses requests come from.
const ADDRESSES: u32 = 64;

/// The routes: one whose requests reach the service, and one that a cache answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Items,
    Pages,
}

/// A Router of both, and how often the service inside was asked.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) router: Router,
    calls: Arc<AtomicU64>,
}

/// Entered but never driven: what a layer does in the background is no part of a request.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_current_thread().enable_time().build().expect("a runtime needs nothing")
});

/// What some layers need to be asked at all.
pub(crate) fn entered() -> EnterGuard<'static> {
    RUNTIME.enter()
}

impl Route {
    pub(crate) fn clients(self) -> Clients {
        let uri = match self {
            Self::Items => "/items/42",
            Self::Pages => "/pages/42",
        };
        Clients::new(ADDRESSES).amending(move |request| *request.uri_mut() = Uri::from_static(uri))
    }
}

impl App {
    /// Without a layer.
    pub(crate) fn bare() -> Self {
        let calls = Arc::new(AtomicU64::new(0));
        let counted = || {
            let calls = Arc::clone(&calls);
            let count = move |request| {
                calls.fetch_add(1, Ordering::Relaxed);
                request
            };
            get_service(ServiceBuilder::new().map_request(count).service(Inner))
        };
        let router = Router::new().route("/items/{id}", counted()).route("/pages/{id}", counted());
        Self { router, calls }
    }

    /// The Router with something around its routes.
    pub(crate) fn with(self, around: impl FnOnce(Router) -> Router) -> Self {
        Self { router: around(self.router), ..self }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Asks for what will be asked for, so that metrics have their handles and a cache has its answer.
    ///
    /// # Panics
    ///
    /// If pages are still not cached after some requests.
    pub(crate) fn warm_up(self, recorder: Recorder, route: Route, cached: bool) -> Self {
        const REQUESTS: usize = 1_000;
        let mut clients = route.clients();
        recorder.during(|| {
            RUNTIME.block_on(async {
                for _ in 0..REQUESTS {
                    let response = self.router.clone().oneshot(clients.request()).await;
                    let Ok(response) = response;
                    assert!(response.into_body().collect().await.is_ok(), "the body is whole");
                }
            });
        });
        assert!(!cached || self.calls() < 10, "pages are answered by the cache");
        self
    }

    /// The time that so many requests take.
    ///
    /// # Panics
    ///
    /// If requests for a cached page reach the service, or others do not.
    pub(crate) fn ask(&self, clients: &mut Clients, requests: u64, cached: bool) -> Duration {
        let before = self.calls();
        let entered = entered();
        let took = clients.each(requests, |request| exchange(&self.router, request));
        drop(entered);
        let reached = if cached { 0 } else { requests };
        assert_eq!(self.calls() - before, reached, "the service is asked only where no cache is");
        took
    }
}
