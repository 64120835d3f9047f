use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use http::Response;
use tower_layer::Layer;

use super::{Coalesce, FingerprintBuilder, Handle, desk::Desk, settings::Settings};
use crate::{clock::Clock, head::Head};

/// Calls the service inside once for requests that ask for the same at the same time, and gives all of them its response.
///
/// ```
/// use std::convert::Infallible;
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::{ServiceBuilder, service_fn};
/// use tower_weir::coalesce::CoalesceLayer;
///
/// let service = ServiceBuilder::new()
///     .layer(CoalesceLayer::new())
///     .service(service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))));
/// ```
///
/// See the [module](super) for what it does. All services that it makes, and those of its clones, share their calls.
///
/// In nested axum Routers the feature `axum` is needed: axum strips their prefix from the URI, and without it `/x/a` and `/y/a`
/// look the same to layers of two Routers that were nested at `/x` and `/y`.
///
/// The service inside must be `Clone`, as those of axum, tonic and hyper are: a request that waits keeps one, in case that what
/// it waits for is not for it.
#[derive(Clone)]
pub struct CoalesceLayer {
    settings: Settings,
    desk: Arc<Desk>,
}

impl CoalesceLayer {
    /// Requests are told apart by all that may make their answers differ: see [the module](super).
    pub fn new() -> Self {
        Self::build(Settings::default())
    }

    fn build(settings: Settings) -> Self {
        Self { desk: Desk::new(settings.clone()), settings }
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        Self::build(self.settings)
    }

    /// Names the layer, for metrics and [`CoalesceStats`](super::CoalesceStats); `coalesce` otherwise.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.with(|settings| settings.name = name.into())
    }

    /// Says what requests are told apart by, see [`FingerprintBuilder`], besides the fields that HTTP gives a meaning.
    ///
    /// ```
    /// use http::header::AUTHORIZATION;
    /// use tower_weir::coalesce::{CoalesceLayer, Fingerprint};
    ///
    /// // Whoever has the same token shares.
    /// let layer = CoalesceLayer::new().fingerprint(Fingerprint::builder().header(AUTHORIZATION));
    /// ```
    ///
    /// Requests with `Authorization`, `Cookie` or [another field](FingerprintBuilder::IDENTITIES) that tells who asks share a
    /// call only if the field is named here, or is known not to matter.
    pub fn fingerprint(self, fingerprint: FingerprintBuilder) -> Self {
        self.with(|settings| settings.fingerprint = fingerprint)
    }

    /// Shares only what `share_if` agrees to, of what may be shared.
    ///
    /// ```
    /// use tower_weir::coalesce::CoalesceLayer;
    ///
    /// let layer = CoalesceLayer::new().share_if(|head, response| {
    ///     !head.uri.path().starts_with("/me") && !response.headers().contains_key("x-request-id")
    /// });
    /// ```
    pub fn share_if(
        self,
        share_if: impl Fn(&Head<'_>, &Response<()>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.share_if = Some(Arc::new(share_if)))
    }

    /// Holds so many bytes of a body at most, for those who come late or read slowly; 1 MiB by default.
    ///
    /// A body that says it is larger is for whoever asked. One that turns out larger goes on to those who are reading it, at
    /// the pace of the slowest, who is left behind after 30 seconds in which nothing was read; whoever comes then calls anew,
    /// and requests for it do not wait for each other [for a while](Self::pass_for).
    ///
    /// Each call under way may hold so much for a client that reads slowly, where the service would have waited for the client:
    /// a limit to the concurrency outside bounds the sum.
    pub fn max_body_bytes(self, bytes: u64) -> Self {
        self.with(|settings| settings.max_body_bytes = bytes)
    }

    /// Lets requests for what turned out not to be for all go to the service side by side for so long, without waiting for each
    /// other; 10 seconds by default.
    pub fn pass_for(self, time: Duration) -> Self {
        self.with(|settings| settings.pass_for = time)
    }

    /// Lets a request wait so long for a call that another has made, before it makes one of its own; 30 seconds by default.
    ///
    /// Nor does anybody join a response any more whose call began before that.
    pub fn max_wait(self, time: Duration) -> Self {
        self.with(|settings| settings.max_wait = time)
    }

    /// Reads time from `clock`; the system's otherwise.
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|settings| settings.clock = clock)
    }

    /// Reads what the layer does while it is at work.
    ///
    /// Take it from the layer as it is given to a service: one that is configured further afterwards counts anew.
    pub fn handle(&self) -> Handle {
        Handle::new(&self.desk)
    }
}

impl Default for CoalesceLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for CoalesceLayer {
    type Service = Coalesce<S>;

    fn layer(&self, inner: S) -> Coalesce<S> {
        Coalesce::new(inner, Arc::clone(&self.desk))
    }
}

impl fmt::Debug for CoalesceLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoalesceLayer")
            .field("name", &self.settings.name)
            .field("fingerprint", &self.settings.fingerprint)
            .field("max_body_bytes", &self.settings.max_body_bytes)
            .field("pass_for", &self.settings.pass_for)
            .field("max_wait", &self.settings.max_wait)
            .finish_non_exhaustive()
    }
}
