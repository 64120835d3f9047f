use std::fmt;

use http::Uri;

use crate::error::BoxError;

/// What came of the requests that a cache was [warmed](crate::cache::Handle::warm) with.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct WarmReport {
    /// How many there were.
    pub requests: u64,
    /// How many were in the cache already.
    pub hits: u64,
    /// Whose response is now stored.
    pub stored: u64,
    /// How many were answered, and neither are stored nor were. All of them if the cache does not say
    /// [what it did](crate::cache::CacheLayer::cache_status).
    pub passed: u64,
    /// Those that failed, in the order in which they did.
    pub failures: Vec<WarmFailure>,
}

/// A request that failed: the call, its body, or by the status of its response.
#[derive(Debug)]
#[non_exhaustive]
pub struct WarmFailure {
    /// What was asked for.
    pub uri: Uri,
    /// Why there is nothing.
    pub error: BoxError,
}

/// How far the warming of a cache is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WarmProgress {
    /// How many requests are done, also those that failed.
    pub done: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How many there are in all, if the iterator knows it.
    pub total: Option<u64>,
}

impl fmt::Display for WarmReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, hits, stored, passed, failures } = self;
        let failed = failures.len();
        write!(
            f,
            "{requests} requests: {stored} stored, {hits} there already, {passed} not stored, {failed} failed"
        )
    }
}

impl fmt::Display for WarmFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.uri, self.error)
    }
}

impl std::error::Error for WarmFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.error)
    }
}
