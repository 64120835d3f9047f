use schemars::JsonSchema;

use super::{
    kinds::{Calls, Count, Key, Probes, Share, Time, Truth},
    words::OnMissingKey,
};

/// Keeps requests from a service that fails, so that it can recover, and tries it with a few now and then. They are answered by
/// 503, or `UNAVAILABLE` to gRPC, at once.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct CircuitBreaker {
    /// The calls that it goes by: those of the last so many seconds, or the last so many.
    #[schemars(extend("default" = "10s"))]
    window: Option<Calls>,
    /// How many calls there must be in the window, so that one that fails after a quiet time does not count for all. All
    /// of a window that has fewer, unless it is said.
    #[schemars(extend("default" = 20))]
    minimum: Option<Count>,
    /// It opens when this share of the calls fails.
    #[schemars(extend("default" = 0.5))]
    failure_share: Option<Share>,
    /// Calls that take so long are slow. Without this, or with `"0s"`, none is.
    slow_from: Option<Time>,
    /// It opens when this share of the calls is slow.
    #[schemars(extend("default" = 0.8))]
    slow_share: Option<Share>,
    /// How long it stays open the first time. That doubles each time, and begins anew when it has stayed closed for a while.
    #[schemars(extend("default" = "5s"))]
    open_for: Option<Time>,
    /// How long it stays open at most. `open_for` if that is longer, unless it is said.
    #[schemars(extend("default" = "60s"))]
    open_at_most: Option<Time>,
    /// How many probes must succeed for it to close. All if there are fewer, unless it is said.
    #[schemars(extend("default" = 4))]
    required_probes: Option<Probes>,
    /// How many probes it tries the service with.
    #[schemars(extend("default" = 5))]
    probes: Option<Probes>,
    /// Gives each key a circuit of its own: each tenant, say. `global` for one circuit for all.
    #[schemars(extend("default" = "global"))]
    key: Option<Key>,
    /// What becomes of a request that carries no key.
    #[schemars(extend("default" = "share"))]
    on_missing_key: Option<OnMissingKey>,
    /// Only counts what it would reject, and lets it pass: to try a breaker out.
    #[schemars(extend("default" = false))]
    shadow: Option<Truth>,
}
