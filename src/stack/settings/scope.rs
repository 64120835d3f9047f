use super::{Cache, CircuitBreaker, Coalesce, Concurrency, Profile, RateLimit};

/// What is done for the requests of a route, or of none: a section each, absent where it is switched off.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::stack) struct Scope {
    pub(in crate::stack) profile: Option<Profile>,
    pub(in crate::stack) rate_limit: Option<RateLimit>,
    pub(in crate::stack) cache: Option<Cache>,
    pub(in crate::stack) coalesce: Option<Coalesce>,
    pub(in crate::stack) concurrency: Option<Concurrency>,
    pub(in crate::stack) circuit_breaker: Option<CircuitBreaker>,
}

/// The sections of a scope, in the order in which a request meets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::stack) enum Section {
    Profile,
    RateLimit,
    Cache,
    Coalesce,
    Concurrency,
    CircuitBreaker,
}

impl Section {
    pub(in crate::stack) const ALL: [Self; 6] = [
        Self::Profile,
        Self::RateLimit,
        Self::Cache,
        Self::Coalesce,
        Self::Concurrency,
        Self::CircuitBreaker,
    ];

    /// Its key in the file.
    pub(in crate::stack) const fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::RateLimit => "rate_limit",
            Self::Cache => "cache",
            Self::Coalesce => "coalesce",
            Self::Concurrency => "concurrency",
            Self::CircuitBreaker => "circuit_breaker",
        }
    }
}
