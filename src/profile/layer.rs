use std::{fmt, marker::PhantomData, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body::Body;
use tower_layer::Layer;

use super::{
    Announced, Counted, Profile, Profiled, Uploads, handle::Core, meters::place_of,
    recording::Recording, reporter::Slot, uploads::RequestBytes,
};
use crate::{
    head::Head,
    reject::is_grpc,
    route::{RouteName, RouteNamer, RouteTable},
};

/// Measures every request: how long it took, what became of it, how much was sent, by route and method.
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_weir::profile::{Profile, ProfileLayer};
///
/// let profile = Profile::new();
/// let app: Router = Router::new()
///     .route("/users/{id}", get(async || "ada"))
///     .layer(ProfileLayer::new(profile.clone()));
///
/// // At any time:
/// println!("{profile}");
/// ```
///
/// A request is counted once, when the body of its response has ended or when it is dropped: the time is that which the client
/// waited for all of the answer, and a client that leaves, an error and a panic are counted too. Nothing is counted twice where
/// several of these layers stand one inside the other: the outermost counts.
///
/// # Where to put it
///
/// Inside of axum's Router, by `Router::layer`, it knows the pattern of the route; requests for which there is none are counted
/// together under `_unmatched`. Around the Router it needs a [`RouteReporter`](super::RouteReporter) inside. Around a tonic
/// server it names calls by their gRPC method, and around a hyper service by a [table](ProfileLayer::routes). Outside of other
/// layers it sees what they answer too, such as a rate limit's rejections.
///
/// # Cost
///
/// No lock, and no allocation for a request whose route is known when it comes. Where it is not, there are two small ones, for
/// the place in which the route may be told.
pub struct ProfileLayer<U = Announced> {
    profiler: Arc<Profiler>,
    _uploads: PhantomData<fn() -> U>,
}

/// What the services of a layer share.
#[derive(Clone)]
pub(super) struct Profiler {
    profile: Arc<Core>,
    namer: RouteNamer,
    /// Where the id of a request is looked for, in this order.
    ids: Vec<HeaderName>,
    pub(super) server_timing: bool,
}

/// In a request's extensions: somebody records it.
#[derive(Clone, Copy)]
struct Recorded;

impl ProfileLayer {
    /// Counts in `profile`.
    pub fn new(profile: Profile) -> Self {
        let ids = ["traceparent", "x-request-id"].map(HeaderName::from_static).into();
        let namer = RouteNamer::default();
        let profile = profile.into_core();
        let profiler = Profiler { profile, namer, ids, server_timing: false };
        Self { profiler: Arc::new(profiler), _uploads: PhantomData }
    }

    /// Counts the bytes of request bodies as the service reads them, not as requests announce them: right also for uploads of
    /// unknown length, gRPC streams and clients that stop halfway.
    ///
    /// The inner service is then given a body of another type, a [`GuardedBody`](crate::body::GuardedBody). axum's routers and
    /// tonic's take it, and box it; what insists on one type of body, as `axum::middleware::from_fn` does, must not come directly
    /// inside.
    pub fn count_uploads(self) -> ProfileLayer<Counted> {
        ProfileLayer { profiler: self.profiler, _uploads: PhantomData }
    }
}

impl<U> ProfileLayer<U> {
    /// Names requests also by the patterns of `table`, whose values do not matter: for services that are not axum's.
    ///
    /// ```
    /// use tower_weir::{profile::{Profile, ProfileLayer}, route::RouteTable};
    ///
    /// let routes = RouteTable::<()>::new().route("/", ()).route("/items/{id}", ());
    /// let layer = ProfileLayer::new(Profile::new()).routes(routes);
    /// ```
    pub fn routes<T>(mut self, table: RouteTable<T>) -> Self {
        let profiler = Arc::make_mut(&mut self.profiler);
        profiler.namer = std::mem::take(&mut profiler.namer).table(table);
        self
    }

    /// Names requests as `namer` does, which may be that of many layers.
    #[cfg(feature = "config")]
    pub(crate) fn named_by(mut self, namer: RouteNamer) -> Self {
        Arc::make_mut(&mut self.profiler).namer = namer;
        self
    }

    /// Where to look for what a slow request is to be called in [`Profile::slowest`]: the first of these header fields that it
    /// has. By default `traceparent` (W3C Trace Context), then `x-request-id`.
    pub fn exemplar_ids(mut self, fields: impl IntoIterator<Item = HeaderName>) -> Self {
        Arc::make_mut(&mut self.profiler).ids = fields.into_iter().collect();
        self
    }

    /// Tells clients how long the service took to the head of the response, in milliseconds: `Server-Timing: total;dur=12.3`
    /// (W3C Server Timing), which browsers show in their developer tools. Off by default, since it tells everybody. Only the
    /// layer that counts a request tells: of several the outermost.
    pub fn server_timing(mut self, tell: bool) -> Self {
        Arc::make_mut(&mut self.profiler).server_timing = tell;
        self
    }

    /// What it counts in.
    pub fn profile(&self) -> Profile {
        Profile::of(Arc::clone(&self.profiler.profile))
    }
}

impl Default for ProfileLayer {
    /// Counts in the [process's own](Profile::global) profile.
    fn default() -> Self {
        Self::new(Profile::global())
    }
}

impl<U> Clone for ProfileLayer<U> {
    fn clone(&self) -> Self {
        Self { profiler: Arc::clone(&self.profiler), _uploads: PhantomData }
    }
}

impl<S, U: Uploads> Layer<S> for ProfileLayer<U> {
    type Service = Profiled<S, U>;

    fn layer(&self, inner: S) -> Profiled<S, U> {
        Profiled::new(inner, Arc::clone(&self.profiler))
    }
}

impl<U> fmt::Debug for ProfileLayer<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileLayer")
            .field("namer", &self.profiler.namer)
            .field("exemplar_ids", &self.profiler.ids)
            .field("server_timing", &self.profiler.server_timing)
            .finish_non_exhaustive()
    }
}

impl Profiler {
    /// Begins to record a request, unless a layer outside does already.
    pub(super) fn begin<B: Body>(&self, request: &mut Request<B>) -> Option<Recording> {
        // Marks it and sees whether it was.
        if request.extensions_mut().insert(Recorded).is_some() {
            Slot::fill(&self.namer, &Head::of(request));
            return None;
        }
        let head = Head::of(request);
        let started = self.profile.shared.clock.now();
        let method = place_of(head.method);
        // Its calls are all POST (gRPC over HTTP/2, "Requests").
        let is_grpc = *head.method == Method::POST && is_grpc(head.headers);
        let (route, unproven) = match self.namer.name(&head, is_grpc) {
            RouteName::Pattern(pattern) => (self.profile.route(pattern), None),
            RouteName::Rpc(path) => match self.profile.known(path) {
                None => (None, Some(path.into())),
                known => (known, None),
            },
            RouteName::Unmatched => (None, None),
        };
        let is_named = route.is_some();
        let route = route.unwrap_or_else(|| self.profile.unmatched());
        route.method(method).series.start();
        route.shared.active.get(method).increment(1.0);
        let slot = (!is_named).then(|| Slot::new(&self.profile, method, &route));
        let announced = request.body().size_hint().exact();
        let recording = Recording::new(|state| {
            state.route = Some(route);
            state.method = method;
            state.slot.clone_from(&slot);
            state.unproven = unproven;
            state.is_grpc = is_grpc;
            state.id = self.id(head.headers).cloned();
            state.started = started;
            state.request_bytes = RequestBytes::Announced(announced.unwrap_or_default());
        });
        if let Some(slot) = slot {
            request.extensions_mut().insert(slot);
        }
        Some(recording)
    }

    /// The first of the fields that name requests that there is.
    fn id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        // To look for one takes as long as to pass by some others.
        if headers.keys_len() > 4 * self.ids.len() {
            return self.ids.iter().find_map(|name| headers.get(name));
        }
        let (mut ids, mut found) = (&*self.ids, None);
        for (name, value) in headers {
            if let Some(rank) = ids.iter().position(|id| id == name) {
                (ids, found) = (&ids[..rank], Some(value));
            }
        }
        found
    }
}
