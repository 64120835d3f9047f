use schemars::JsonSchema;

use super::{
    kinds::{Beta, Bytes, Count, FieldName, Key, Text, Time, Truth},
    words::{Authorization, ClientDirectives, SetCookie},
};

/// Keeps responses and gives them to whoever asks for the same, by the rules of RFC 9111: what a response says of itself counts.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Cache {
    /// How long a response is fresh that does not say so itself. Without this, or with `"0s"`, such responses are not stored.
    ttl: Option<Time>,
    /// How long a stale response may still be given while a fresh one is fetched in the background.
    #[schemars(extend("default" = "0s"))]
    stale_while_revalidate: Option<Time>,
    /// How long a stale response may be given while the service answers with errors.
    #[schemars(extend("default" = "0s"))]
    stale_if_error: Option<Time>,
    /// Header fields of requests that tell them apart, whatever responses say in `Vary`.
    #[schemars(extend("default" = []))]
    vary: Option<Vec<FieldName>>,
    /// Header fields by which clients prove who they are, and which keep their requests apart unless they are named here. Only
    /// for fields that change nothing about the response.
    #[schemars(extend("default" = []))]
    disregard: Option<Vec<FieldName>>,
    /// What of a query tells requests apart.
    #[schemars(extend("default" = "as_is"))]
    query: Option<Query>,
    /// Keeps the responses of each key apart from those of others: of each tenant, say. `global` for none.
    #[schemars(extend("default" = "global"))]
    key: Option<Key>,
    /// Whether a response that says no more than when it was last modified is fresh for a tenth of its age then.
    #[schemars(extend("default" = false))]
    heuristic: Option<Truth>,
    /// What becomes of responses that set a cookie.
    #[schemars(extend("default" = "refuse"))]
    set_cookie: Option<SetCookie>,
    /// What becomes of responses to requests with `Authorization`.
    #[schemars(extend("default" = "if_declared_shareable"))]
    authorization: Option<Authorization>,
    /// What the `Cache-Control` of a client counts for.
    #[schemars(extend("default" = "ignore"))]
    client_directives: Option<ClientDirectives>,
    /// Bodies that are larger are passed on and not stored.
    #[schemars(extend("default" = "1MiB"))]
    max_object_bytes: Option<Bytes>,
    /// How many variants of one resource are kept, by `Vary`; those that came last.
    #[schemars(extend("default" = 16))]
    max_variants: Option<Count>,
    /// For how long requests go to the service side by side, without waiting for each other, for what turned out not to be
    /// storable.
    #[schemars(extend("default" = "10s"))]
    pass_for: Option<Time>,
    /// How long a request waits for the call of another for the same, before it makes one of its own.
    #[schemars(extend("default" = "30s"))]
    max_wait: Option<Time>,
    /// Refreshes responses before they are stale, the likelier the nearer that is and the longer the service took: 1 is usual,
    /// more is earlier, 0 is never.
    #[schemars(extend("default" = 0.0))]
    early_refresh: Option<Beta>,
    /// Whether responses say in `Cache-Status` what the cache did (RFC 9211).
    #[schemars(extend("default" = true))]
    cache_status: Option<Truth>,
    /// Keeps responses compressed where that makes them smaller. It takes the crate's feature `compression`.
    #[schemars(extend("default" = false))]
    compress: Option<Truth>,
}

/// Lets requests for the same share one call to the service while it is under way. Nothing is kept afterwards. What the `cache` of the
/// same route tells apart by `key` and `vary` shares no calls.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Coalesce {
    /// Header fields of requests that tell them apart.
    #[schemars(extend("default" = []))]
    vary: Option<Vec<FieldName>>,
    /// Header fields by which clients prove who they are, and which keep their requests apart unless they are named here. Only
    /// for fields that change nothing about the response.
    #[schemars(extend("default" = []))]
    disregard: Option<Vec<FieldName>>,
    /// What of a query tells requests apart.
    #[schemars(extend("default" = "as_is"))]
    query: Option<Query>,
    /// How much of a body is held for those who come late or read slowly. One that is larger is for whoever asked first.
    #[schemars(extend("default" = "1MiB"))]
    max_body_bytes: Option<Bytes>,
    /// For how long requests go to the service side by side, without waiting for each other, for what turned out not to be for
    /// all.
    #[schemars(extend("default" = "10s"))]
    pass_for: Option<Time>,
    /// How long a request waits for the call of another, before it makes one of its own.
    #[schemars(extend("default" = "30s"))]
    max_wait: Option<Time>,
}

/// What of a query tells requests apart.
#[derive(JsonSchema)]
#[schemars(inline, untagged)]
pub(super) enum Query {
    Word(QueryWord),
    Only(Only),
    Without(Without),
}

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "snake_case")]
pub(super) enum QueryWord {
    /// All of it, byte by byte.
    AsIs,
    /// All of it, whatever the order of its parameters.
    Sorted,
    /// Nothing of it.
    Ignored,
}

#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub(super) struct Only {
    /// The parameters that tell requests apart; all others are disregarded.
    only: Vec<Text>,
}

#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub(super) struct Without {
    /// The parameters that are disregarded, such as `utm_source`.
    without: Vec<Text>,
}
