use schemars::JsonSchema;

use super::{
    kinds::{Bound, Count, Key, Limit, Places, Time, Truth},
    words::{HoldUntil, OnMissingKey},
};

/// Limits how many requests are under way at once. What is too much waits for a while, and is answered by 503 then, or
/// `UNAVAILABLE` to gRPC.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Concurrency {
    /// How many may be under way at once: a number, or how that is learnt from latencies. `adaptive` (or `verified_gradient`) is
    /// right for most; `gradient2`, `vegas` and `aimd` are for those who know them.
    #[schemars(extend("default" = "adaptive"))]
    limit: Option<Limit>,
    /// The least that an adaptive limit falls to: 2 with `adaptive`, 20 with `gradient2`, else 1.
    min: Option<Bound>,
    /// Where an adaptive limit begins: 4 with `adaptive`, 10 with `aimd`, else 20.
    initial: Option<Bound>,
    /// The most that an adaptive limit grows to: 100000 with `adaptive`, 200 with `gradient2`, else 1000.
    max: Option<Bound>,
    /// How many requests may wait at a time; 0 for none. Without this four times as many as may be under way, and 8.
    max_queue: Option<Places>,
    /// How long a request may wait; `"0s"` if none may.
    #[schemars(extend("default" = "100ms"))]
    max_wait: Option<Time>,
    /// Limits each key by itself: each tenant, say. `global` for one limit for all.
    #[schemars(extend("default" = "global"))]
    key: Option<Key>,
    /// What becomes of a request that carries no key.
    #[schemars(extend("default" = "share"))]
    on_missing_key: Option<OnMissingKey>,
    /// How many keys have a limit of their own, at most.
    #[schemars(extend("default" = 10_000))]
    max_keys: Option<Count>,
    /// Until when a request counts as under way.
    #[schemars(extend("default" = "body_end"))]
    hold_until: Option<HoldUntil>,
    /// When clients that were refused are told to come back.
    #[schemars(extend("default" = "1s"))]
    retry_after: Option<Time>,
    /// Only counts what it would refuse, and lets it pass: to try a limit out.
    #[schemars(extend("default" = false))]
    shadow: Option<Truth>,
}
