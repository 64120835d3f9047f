//! The words that keys take.

use schemars::JsonSchema;

macro_rules! words {
    ($($name:ident { $($(#[$doc:meta])+ $word:ident),+ $(,)? })+) => {$(
        #[derive(JsonSchema)]
        #[schemars(inline, rename_all = "snake_case")]
        pub(super) enum $name { $($(#[$doc])+ $word),+ }
    )+};
}

words! {
    Preset {
        /// For a service on the internet.
        Production,
        /// For a desk: everything is measured, nothing stands in the way.
        Development,
    }
    OnMissingKey {
        /// All requests without a key share one.
        Share,
        /// They are rejected: 400 Bad Request, gRPC `INVALID_ARGUMENT`.
        Reject,
        /// They pass, and count for no key.
        Skip,
    }
    Charge {
        /// Every request.
        All,
        /// Only what is answered by an error of the client's or the service's: for logins, against guessing.
        Failures,
        /// Only what is answered without an error.
        Successes,
    }
    LimitFields {
        /// `RateLimit-Policy` and `RateLimit`.
        Standard,
        /// `X-RateLimit-Limit`, `-Remaining` and `-Reset`.
        Legacy,
        /// The standard and the legacy ones.
        Both,
        /// None but `Retry-After`.
        None,
    }
    OnOutage {
        /// Each process enforces its part of the limit.
        Local,
        /// Requests pass.
        Open,
        /// Requests are rejected.
        Closed,
    }
    SetCookie {
        /// They are not stored: a cookie is mostly for one user.
        Refuse,
        /// They are stored, and everyone gets the cookie.
        Share,
    }
    Authorization {
        /// They are stored if they say that they may be shared.
        IfDeclaredShareable,
        /// They are stored as if anyone had asked: what was meant for one user is given to all.
        SharePrivateDataWithEveryone,
    }
    ClientDirectives {
        /// Only `no-store` and `only-if-cached` count, so that no client can send its requests past the cache.
        Ignore,
        /// All count, such as `no-cache` and `max-age`.
        Honour,
    }
    HoldUntil {
        /// Until the head of the response is there.
        Headers,
        /// Until the body of the response has been sent.
        BodyEnd,
    }
}

/// Where proxies say on whose behalf they ask.
#[derive(JsonSchema)]
#[schemars(inline)]
pub(super) enum ProxyField {
    /// The field that most proxies write.
    #[schemars(rename = "x-forwarded-for")]
    XForwardedFor,
    /// The field of RFC 7239.
    #[schemars(rename = "forwarded")]
    Forwarded,
}
