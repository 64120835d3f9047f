use std::{fmt, num::NonZeroU32};

/// What becomes of requests while the shared store does not answer.
///
/// ```
/// use std::num::NonZeroU32;
/// use tower_weir::rate_limit::{Fallback, Share};
///
/// let safe = Fallback::default(); // each process goes on with its share of the quota
/// let strict = Fallback::FailClosed;
/// let of_four = Fallback::Local { share: Share::Of(NonZeroU32::new(4).unwrap()) };
/// assert_eq!(safe, Fallback::Local { share: Share::Counted });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fallback {
    /// They pass, and count for nothing.
    FailOpen,
    /// They are rejected: 503 Service Unavailable, gRPC `UNAVAILABLE`.
    FailClosed,
    /// This process enforces a part of each quota by itself: as many cells in as much time, divided by the processes that share
    /// the store. At first nothing is owed: what this process knows of debts is what it has seen.
    Local {
        /// By how many it divides.
        share: Share,
    },
}

/// By how many processes a quota is divided that each of them enforces by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Share {
    /// As many as the store has counted when it last answered, and one if it never did.
    #[default]
    Counted,
    /// So many.
    Of(NonZeroU32),
}

impl Default for Fallback {
    fn default() -> Self {
        Self::Local { share: Share::Counted }
    }
}

impl Fallback {
    /// The label `fallback` of the metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::FailOpen => "open",
            Self::FailClosed => "closed",
            Self::Local { .. } => "local",
        }
    }
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FailOpen => "requests pass",
            Self::FailClosed => "requests are rejected",
            Self::Local { .. } => "this process enforces its share of the quota by itself",
        })
    }
}
