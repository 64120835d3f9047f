use schemars::JsonSchema;

use super::{
    cache::{Cache, Coalesce},
    circuit_breaker::CircuitBreaker,
    concurrency::Concurrency,
    kinds::{
        Bytes, Count, FieldName, Method, Network, Nodes, PathPattern, Text, Time, Truth, Watch,
    },
    rate_limit::RateLimit,
    switch::Switch,
    words::{Preset, ProxyField},
};

/// What tower-weir does for the requests of a service.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "tower-weir")]
pub(super) struct File {
    /// Values to begin with, which the rest of the file changes.
    preset: Option<Preset>,
    /// How often the file is looked at for changes, which hold at once; false for never.
    #[schemars(extend("default" = "250ms"))]
    watch: Option<Watch>,
    /// What holds for all requests, unless their route says otherwise.
    defaults: Option<Defaults>,
    /// What holds for some requests, each route a table `[[route]]`. Of several that a request fits, the most specific holds.
    route: Option<Vec<Route>>,
    /// Who is believed when it says on whose behalf it asks, for the key `forwarded`.
    trusted_proxies: Option<TrustedProxies>,
    /// How much is kept in memory, for all routes together.
    stores: Option<Stores>,
    /// The Redis or Valkey over which several processes share limits and responses.
    redis: Option<Redis>,
}

/// What holds for all requests, unless their route says otherwise. Routes that do not mention a section share its limits.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Defaults {
    /// Measures how long requests take, by route.
    profile: Option<Switch<Profile>>,
    /// Limits how many requests may come in a time.
    rate_limit: Option<Switch<RateLimit>>,
    /// Keeps responses for whoever asks for the same.
    cache: Option<Switch<Cache>>,
    /// Lets requests for the same share one call.
    coalesce: Option<Switch<Coalesce>>,
    /// Limits how many requests are under way at once.
    concurrency: Option<Switch<Concurrency>>,
    /// Keeps requests from a service that fails.
    circuit_breaker: Option<Switch<CircuitBreaker>>,
}

/// What holds for some requests: the defaults, changed key by key. Limits and breakers of the sections that it mentions are its
/// own; to switch one off, write `false`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Route {
    /// Which paths: `{id}` stands for one segment, `{*rest}` for all that follow.
    path: PathPattern,
    /// Which methods; all without this. GET stands for HEAD too.
    #[schemars(length(min = 1))]
    methods: Option<Vec<Method>>,
    /// What metrics and environment variables call it, but not `default`; its methods and its path otherwise.
    name: Option<Text>,
    /// Measures how long requests take, by route.
    profile: Option<Switch<Profile>>,
    /// Limits how many requests may come in a time.
    rate_limit: Option<Switch<RateLimit>>,
    /// Keeps responses for whoever asks for the same.
    cache: Option<Switch<Cache>>,
    /// Lets requests for the same share one call.
    coalesce: Option<Switch<Coalesce>>,
    /// Limits how many requests are under way at once.
    concurrency: Option<Switch<Concurrency>>,
    /// Keeps requests from a service that fails.
    circuit_breaker: Option<Switch<CircuitBreaker>>,
}

/// Measures how long requests take, by route, method and status.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Profile {
    /// Whether responses say in `Server-Timing` how long they took. Clients see it.
    #[schemars(extend("default" = false))]
    server_timing: Option<Truth>,
    /// Header fields of requests by which slow ones are called, so that they can be found in logs and traces.
    #[schemars(extend("default" = ["traceparent", "x-request-id"]))]
    exemplar_ids: Option<Vec<FieldName>>,
}

/// Who is believed when it says on whose behalf it asks, for the key `forwarded`. Anybody else could pretend to be anyone.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct TrustedProxies {
    /// The networks, or single addresses, of the proxies in front.
    cidrs: Vec<Network>,
    /// The header field that they write.
    #[schemars(extend("default" = "x-forwarded-for"))]
    field: Option<ProxyField>,
}

/// How much is kept in memory, for all routes together.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Stores {
    /// How large all cached responses may be together.
    #[schemars(extend("default" = "64MiB"))]
    cache: Option<Bytes>,
    /// For how many keys of rate limits there is room.
    #[schemars(extend("default" = 65_536))]
    rate_limit_keys: Option<Count>,
}

/// The Redis or Valkey over which several processes share limits and responses. It takes the crate's feature `redis`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Redis {
    /// A server, or the nodes of a cluster. Without a password: write all of the URL into the variable `WEIR_REDIS_URL` then.
    url: Option<Nodes>,
    /// What its keys begin with: to share one server with others.
    #[schemars(extend("default" = "weir"))]
    prefix: Option<Text>,
    /// How long an answer may take. What takes longer counts as an outage.
    #[schemars(extend("default" = "5ms"))]
    timeout: Option<Time>,
    /// How long a connection may take to be there.
    #[schemars(extend("default" = "1s"))]
    connect_timeout: Option<Time>,
    /// Whether cached responses are kept there too.
    #[schemars(extend("default" = false))]
    cache: Option<Truth>,
}
