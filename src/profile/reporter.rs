use std::{
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use super::{handle::Core, route::Route};
use crate::{
    head::Head,
    reject::is_grpc,
    route::{RouteName, RouteNamer},
};

/// Tells a [`ProfileLayer`](super::ProfileLayer) around the whole service which route a request took.
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_weir::profile::{Profile, ProfileLayer, RouteReporter};
///
/// let profile = Profile::new();
/// let router: Router = Router::new().route("/users/{id}", get(async || "ada")).layer(RouteReporter);
/// // Around the router and whatever else, so that it sees all of it; in a Router, as that is what `axum::serve` takes.
/// let app: Router = Router::new().fallback_service(router).layer(ProfileLayer::new(profile.clone()));
/// ```
///
/// axum knows the pattern that matched only inside of the Router, so a layer that stands outside of it would have to count all
/// requests under one name. This one, inside, passes the pattern on. It does nothing where nobody asks for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct RouteReporter;

/// The service of [`RouteReporter`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ReportRoute<S> {
    inner: S,
}

impl<S> Layer<S> for RouteReporter {
    type Service = ReportRoute<S>;

    fn layer(&self, inner: S) -> ReportRoute<S> {
        ReportRoute { inner }
    }
}

impl<S, B> Service<Request<B>> for ReportRoute<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        Slot::fill(&RouteNamer::default(), &Head::of(&request));
        self.inner.call(request)
    }
}

/// In a request's extensions: where its route may be told.
pub(super) struct Slot {
    profile: Arc<Core>,
    method: u8,
    /// Where it is counted as long as nothing is told.
    unnamed: Arc<Route>,
    named: OnceLock<Arc<Route>>,
}

impl Slot {
    pub(super) fn new(profile: &Arc<Core>, method: u8, unnamed: &Arc<Route>) -> Arc<Self> {
        Arc::new(Self {
            profile: Arc::clone(profile),
            method,
            unnamed: Arc::clone(unnamed),
            named: OnceLock::new(),
        })
    }

    /// Tells the route, if a layer outside wants to know it and it is known here.
    pub(super) fn fill(namer: &RouteNamer, head: &Head<'_>) {
        let Some(slot) = head.extensions.get::<Arc<Self>>() else { return };
        if let RouteName::Pattern(pattern) = namer.name(head, is_grpc(head.headers)) {
            slot.tell(pattern);
        }
    }

    /// Tells the route, unless it was told before or there is no room for it.
    pub(super) fn tell(&self, name: &str) {
        if self.named.get().is_some() {
            return;
        }
        let Some(route) = self.profile.route(name) else { return };
        self.named.get_or_init(|| {
            route.method(self.method).series.take_over(&self.unnamed.method(self.method).series);
            route
        });
    }

    /// The route that was told. Nothing is told after this.
    pub(super) fn close(&self, unnamed: Arc<Route>) -> Arc<Route> {
        Arc::clone(self.named.get_or_init(|| unnamed))
    }
}
