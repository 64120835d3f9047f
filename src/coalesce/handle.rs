use std::{fmt, sync::Arc};

use super::{CoalesceStats, desk::Desk};

/// Reads a running [`CoalesceLayer`](super::CoalesceLayer). Clones are handles of the same layer.
///
/// ```
/// use tower_weir::coalesce::CoalesceLayer;
///
/// let layer = CoalesceLayer::new();
/// let handle = layer.handle();
/// // while requests are served:
/// let stats = handle.stats();
/// println!("{} of {} requests cost the service nothing", stats.shared, stats.requests());
/// ```
#[derive(Clone)]
pub struct Handle(Arc<Desk>);

impl Handle {
    pub(super) fn new(desk: &Arc<Desk>) -> Self {
        Self(Arc::clone(desk))
    }

    /// What the layer has done so far.
    pub fn stats(&self) -> CoalesceStats {
        self.0.stats()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.stats()).finish()
    }
}
