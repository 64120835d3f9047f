use std::{fmt, time::Duration};

use ::redis::RedisError;

/// What a call is for: the label `use` of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::redis) enum Use {
    Limit,
    Cache,
    Flight,
    Write,
    Purge,
    Upkeep,
}

impl Use {
    pub(super) const ALL: [Self; 6] =
        [Self::Limit, Self::Cache, Self::Flight, Self::Write, Self::Purge, Self::Upkeep];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Cache => "cache",
            Self::Flight => "flight",
            Self::Write => "write",
            Self::Purge => "purge",
            Self::Upkeep => "upkeep",
        }
    }
}

/// How long a call may take that no client waits for.
pub(in crate::redis) const UNHURRIED: Duration = Duration::from_millis(250);

/// Why a call has no answer.
#[derive(Debug)]
pub(in crate::redis) enum Failure {
    /// It took too long; what was asked may be done.
    TimedOut,
    /// The server is left alone for now, and was not asked.
    Skipped,
    /// The server, or the way to it, failed.
    Failed(RedisError),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("Redis did not answer in time"),
            Self::Skipped => f.write_str("Redis is left alone because it did not answer"),
            Self::Failed(error) => write!(f, "Redis failed: {error}"),
        }
    }
}

impl std::error::Error for Failure {}
