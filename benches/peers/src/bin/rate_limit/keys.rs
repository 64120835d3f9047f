//! How many keys there are.

/// The few that fit into a core's caches.
pub(crate) const FEW: usize = 1_000;

/// More than fit into any cache.
pub(crate) const MANY: usize = 1_000_000;
