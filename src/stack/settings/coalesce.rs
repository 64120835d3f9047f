use std::time::Duration;

use http::HeaderName;

use super::Query;

/// `coalesce`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Coalesce {
    /// Header fields that tell requests apart.
    pub(in crate::stack) vary: Vec<HeaderName>,
    /// Header fields that keep requests apart unless they are named here: those by which clients prove who they are.
    pub(in crate::stack) disregard: Vec<HeaderName>,
    pub(in crate::stack) query: Query,
    pub(in crate::stack) max_body_bytes: u64,
    /// For how long requests go alone whose answer could not be shared.
    pub(in crate::stack) pass_for: Duration,
    /// How long a request waits for the call of another.
    pub(in crate::stack) max_wait: Duration,
}

impl Default for Coalesce {
    fn default() -> Self {
        Self {
            vary: Vec::new(),
            disregard: Vec::new(),
            query: Query::default(),
            max_body_bytes: 1 << 20,
            pass_for: Duration::from_secs(10),
            max_wait: Duration::from_secs(30),
        }
    }
}
