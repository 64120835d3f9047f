use std::time::Duration;

/// `redis`
#[derive(Clone, PartialEq, Eq)]
pub(in crate::stack) struct Redis {
    /// One for a server, several for the nodes of a cluster. With passwords, so never shown.
    pub(in crate::stack) urls: Vec<String>,
    /// What keys begin with.
    pub(in crate::stack) prefix: Option<String>,
    pub(in crate::stack) timeout: Option<Duration>,
    pub(in crate::stack) connect_timeout: Option<Duration>,
    /// Whether cached responses are kept there too.
    pub(in crate::stack) cache: bool,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
