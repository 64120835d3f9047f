use schemars::JsonSchema;

use super::{
    adaptive::Adaptive,
    kinds::{Count, Jitter, Key, Network, Policies, Time, Truth},
    switch::Switch,
    words::{Charge, LimitFields, OnMissingKey, OnOutage},
};

/// Limits how many requests may come in a time: all together, or those of each key. What is too much is answered by 429, or
/// `RESOURCE_EXHAUSTED` to gRPC, and told when to come back.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct RateLimit {
    /// Who requests are counted for: `global` (all together), `peer_ip`, `forwarded` (the client that a trusted proxy names),
    /// `header:NAME`, a name that the program has given to a key of its own, or a list of two to four of these.
    #[schemars(extend("default" = "global"))]
    key: Option<Key>,
    /// What becomes of a request that carries no key.
    #[schemars(extend("default" = "share"))]
    on_missing_key: Option<OnMissingKey>,
    /// The quotas, at least one; a request passes if all let it. A table gives them names, which clients and metrics see.
    policies: Option<Policies>,
    /// Lets the rates of all policies fall while the service suffers, and rise again afterwards.
    #[schemars(extend("default" = false))]
    adaptive: Option<Switch<Adaptive>>,
    /// Which requests are charged, by what becomes of them.
    #[schemars(extend("default" = "all"))]
    charge: Option<Charge>,
    /// The header fields that tell clients about the limit.
    #[schemars(extend("default" = "standard"))]
    headers: Option<LimitFields>,
    /// Networks, or single addresses, whose requests pass uncounted: monitors and health checks, say. With `[trusted_proxies]` it is
    /// the client behind them that is meant, otherwise the peer.
    #[schemars(extend("default" = []))]
    exempt: Option<Vec<Network>>,
    /// Networks, or single addresses, whose requests are turned away. Clients behind proxies are told as with `exempt`.
    #[schemars(extend("default" = []))]
    deny: Option<Vec<Network>>,
    /// Lengthens the retry delays that clients are told by a random part of up to this share, so that they do not all come back
    /// at once. From 0 to 10.
    #[schemars(extend("default" = 0.0))]
    retry_jitter: Option<Jitter>,
    /// Only counts what it would reject, and lets it pass: to try a limit out.
    #[schemars(extend("default" = false))]
    shadow: Option<Truth>,
    /// How long a request may wait for its turn instead of being rejected; `"0s"` if none may. Not together with `shared`.
    #[schemars(extend("default" = "0s"))]
    max_wait: Option<Time>,
    /// How many requests may wait at a time, each of which is held in memory.
    #[schemars(extend("default" = 64))]
    max_queue: Option<Count>,
    /// Counts the requests of all processes together, over Redis.
    #[schemars(extend("default" = false))]
    shared: Option<Truth>,
    /// What becomes of requests while Redis does not answer.
    #[schemars(extend("default" = "local"))]
    on_outage: Option<OnOutage>,
    /// Lets each process lease some of a hot key's quota, so that most of its requests pass without asking Redis.
    #[schemars(extend("default" = false))]
    leases: Option<Truth>,
}
